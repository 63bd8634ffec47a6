// A pool of MySQL connections, each on its own thread, behind coroutines. Statement text is
// constant and values are bound; statements are prepared once for each connection and kept. Only
// what writes many rows is written as literals (rows_text.h).
#pragma once

#include <absl/time/time.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "libs/base/asio.h"
#include "libs/base/secret.h"
#include "libs/base/status.h"
#include "libs/db/rows_text.h"
#include "libs/db/value.h"

namespace ctc::db {

struct Config {
  // "mysql://user@host:3306/name" or "mysql://user@/name?socket=/path"; the password apart.
  std::string url;
  base::Secret password;
  int connections = 8;
  int queue_limit = 1024;  // work that may wait; more is refused with kOverloaded
  absl::Duration connect_timeout = absl::Seconds(3);
  absl::Duration statement_timeout = absl::Seconds(15);
  bool repeatable = false;    // see MakeRepeatableWorker
  bool many_at_once = false;  // see Connection::ExecuteAll
};

// Called with a number of statements that are done.
using StatementDone = std::function<void(size_t done)>;

// Whether several statements end the transaction, too.
enum class Ending { kStay, kCommit };

// An open connection, inside a worker thread. Not thread-safe; lives only inside Run.
// Errors: ALREADY_EXISTS (1062), ABORTED (1205, 1213), UNAVAILABLE (lost), DEADLINE_EXCEEDED (over
// statement_timeout), INTERNAL; never a value in a message.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual absl::StatusOr<Rows> Query(std::string_view sql, const Params& params = {}) = 0;
  // Number of rows changed (matched rows for an UPDATE: FOUND_ROWS is on).
  virtual absl::StatusOr<int64_t> Execute(std::string_view sql, const Params& params = {}) = 0;
  // INSERT ... VALUES of any number of rows, one statement for up to 64 of them. `head` ends before
  // VALUES, `tail` follows the last row (as " ON DUPLICATE KEY UPDATE ..."). `width` parameters a
  // row, rows after rows.
  virtual absl::StatusOr<int64_t> ExecuteRows(std::string_view head, int width,
                                              const Params& params, std::string_view tail = "") = 0;
  // All of them in one round trip, or one for each 8 MiB; none after one that failed. With kCommit
  // the transaction is committed behind the last: the unit has nothing more to do then, and an
  // UNAVAILABLE may mean that it was. `progress`, if given, hears how many are done as the server
  // tells of each. Only on a connection of MakeWorker or MakeRepeatableWorker.
  virtual absl::Status ExecuteAll(const std::vector<RowsStatement>& statements, Ending ending,
                                  const StatementDone& progress) = 0;
  absl::Status ExecuteAll(const std::vector<RowsStatement>& statements, Ending ending) {
    return ExecuteAll(statements, ending, nullptr);
  }
};

// Name of the unique index behind an ALREADY_EXISTS of this library, as "uq_dial_guard"; "" for any
// other status. (MySQL's own name is PRIMARY for the primary key.)
std::string DuplicateKeyOf(const absl::Status& status);

// An error of values that their columns will never take: too long, out of range, NULL, no time
// (INTERNAL), or with characters the column has not (VALIDATION_FAILED). To try again is in vain.
bool IsDataError(const absl::Status& status);

// A unit of work in one transaction. It may run again as a whole (after a deadlock; see Worker), so
// it must not touch anything but the connection and its own result.
using Work = std::function<absl::Status(Connection&)>;

// The io_context (and whatever else runs the callers) must outlive this object: its threads finish
// what is queued before they end. The same holds for a BatchWriter.
class Database {
 public:
  // Opens nothing yet: connections are made when used and again after they broke, so a database
  // that is away at the start or dies later costs errors, never a restart. INVALID_ARGUMENT: bad
  // url.
  static absl::StatusOr<std::unique_ptr<Database>> Open(Config config);
  virtual ~Database() = default;

  // Runs `work` in a transaction on a worker thread, commits, and resumes on the caller's executor.
  // Retries the whole work at most 3 times after a deadlock. `work` must outlive the task; the
  // allowed shape is: co_await database.Run(deadline, [&](Connection& c) -> absl::Status { ... });
  // Errors: work's own; kOverloaded when the queue is full; DEADLINE_EXCEEDED when `deadline`
  // passes before it begins; UNAVAILABLE when the database is away (a commit whose outcome is
  // unknown too).
  virtual Task<absl::Status> Run(absl::Time deadline, Work work) = 0;

  // The same on the calling thread with its own connection: for start-up, migrations and tools.
  virtual absl::Status RunBlocking(const Work& work) = 0;

  // A dedicated connection for a batch writer's own thread; takes ExecuteAll.
  virtual std::unique_ptr<class Worker> MakeWorker() = 0;
  // The same for units that may be committed twice without harm: one whose connection breaks in it
  // runs again as a whole, so that a server's restart is not seen by those who come first after it.
  virtual std::unique_ptr<class Worker> MakeRepeatableWorker() = 0;
  // One whose statements may take as long as they need: for migrations.
  virtual std::unique_ptr<class Worker> MakePatientWorker() { return MakeWorker(); }

  // True when the last attempt to use the database succeeded; for /readyz.
  virtual Task<absl::Status> Ping(absl::Time deadline) = 0;
  virtual size_t queue_depth() const = 0;
};

// A connection that belongs to one thread.
class Worker {
 public:
  virtual ~Worker() = default;
  // Begins, runs, commits; retries after a deadlock, and after a lost connection if repeatable.
  // (One that turns out dead at the first statement, as after a server's restart, is opened again.)
  virtual absl::Status Run(const Work& work) = 0;
};

}  // namespace ctc::db
