// One MySQL session: the only files that know MySQL Connector/C++. Private to this library.
#pragma once

#include <cppconn/connection.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/db/database.h"
#include "libs/db/endpoint.h"

namespace ctc::db {

// An open connection and the statements prepared on it. Belongs to one thread.
class MysqlConnection final : public Connection {
 public:
  static absl::StatusOr<std::unique_ptr<MysqlConnection>> Open(const Endpoint& endpoint,
                                                               const Config& config);
  ~MysqlConnection() override;

  absl::StatusOr<Rows> Query(std::string_view sql, const Params& params) override;
  absl::StatusOr<int64_t> Execute(std::string_view sql, const Params& params) override;
  absl::StatusOr<int64_t> ExecuteRows(std::string_view head, int width, const Params& params,
                                      std::string_view tail) override;
  using Connection::ExecuteAll;
  absl::Status ExecuteAll(const std::vector<RowsStatement>& statements, Ending ending,
                          const StatementDone& progress) override;

  // A transaction begins by itself with the first statement after these.
  void BeginUnit();
  absl::Status Commit();
  void Rollback();

  bool lost() const { return lost_; }
  // The server ended the unit's transaction, or a wait for a lock in it timed out.
  bool deadlocked() const { return deadlocked_; }
  bool committed() const { return committed_; }   // the unit did so itself
  int statements() const { return statements_; }  // of this unit

 private:
  using Prepared = std::unique_ptr<sql::PreparedStatement>;

  explicit MysqlConnection(std::unique_ptr<sql::Connection> connection)
      : connection_(std::move(connection)) {}
  absl::Status SetUp(const Config& config);
  sql::PreparedStatement& Prepare(const std::string& sql);
  absl::Status ErrorOf(const sql::SQLException& e);
  int64_t ExecuteText(const std::string& text);
  void ExecuteSeveral(const std::string& text, size_t count, const std::function<void()>& each);

  std::unordered_map<std::string, Prepared> prepared_;
  std::unique_ptr<sql::Connection> connection_;
  bool lost_ = false;
  bool deadlocked_ = false;
  bool committed_ = false;
  int statements_ = 0;
  bool repeatable_ = false;
  absl::Duration begun_at_ = -absl::InfiniteDuration();  // the newest unit
  bool was_idle_ = true;                                 // before it
};

// What a transaction ends with that a deadlock or a wait for rows undid.
absl::Status RowsHeld();

// A connection that opens when used and again after it broke, and runs units of work. Belongs to
// one thread at a time.
class Session final : public Worker {
 public:
  Session(Endpoint endpoint, Config config)
      : endpoint_(std::move(endpoint)), config_(std::move(config)) {}
  // Retries a unit that met a deadlock, at most 3 times. A connection that broke before the first
  // statement of the unit (the server restarted while it was idle) is opened again once; that of a
  // repeatable unit wherever it broke.
  absl::Status Run(const Work& work) override;

 private:
  absl::Status RunOnce(const Work& work, bool& retry);
  absl::Status Connect();

  const Endpoint endpoint_;
  const Config config_;
  std::unique_ptr<MysqlConnection> connection_;
  absl::Duration no_connect_before_ = -absl::InfiniteDuration();
};

// Connector/C++ wants this around each thread that uses it.
class ThreadScope {
 public:
  ThreadScope();
  ~ThreadScope();
};

}  // namespace ctc::db
