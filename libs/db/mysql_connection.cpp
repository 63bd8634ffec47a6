// A connection through MySQL Connector/C++: binding, reading, and its exceptions turned into
// status.
#include <absl/strings/str_cat.h>
#include <cppconn/statement.h>
#include <mysql_driver.h>

#include <algorithm>
#include <array>

#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/db/rows_text.h"
#include "libs/db/session.h"

namespace ctc::db {
namespace {

constexpr std::string_view kDuplicateKeyName = "key";
constexpr std::string_view kDataErrorName = "data_error";
// Statement texts are constants of the program; this bound is for a mistake.
constexpr size_t kMaxPrepared = 1000;
// A server that went away is noticed within this by those who use their connection all the time.
constexpr absl::Duration kIdle = absl::Milliseconds(100);

sql::Driver& Driver() {
  static sql::Driver* const driver = sql::mysql::get_driver_instance();
  return *driver;
}

bool IsLost(int code) {
  switch (code) {
    case 1040:  // too many connections
    case 1047:  // cluster node not ready
    case 1053:  // server shutdown in progress
    case 1927:  // connection was killed
    case 2002:
    case 2003:
    case 2006:
    case 2013:
    case 2055:
    case 4031:  // disconnected for inactivity
      return true;
    default:
      return false;
  }
}

// "Duplicate entry '...' for key 'table.name'" -> "name". The entry itself never leaves this
// function.
std::string KeyName(std::string_view message) {
  constexpr std::string_view kMark = "for key '";
  const size_t at = message.rfind(kMark);
  if (at == std::string_view::npos) return "";
  std::string_view name = message.substr(at + kMark.size());
  name = name.substr(0, name.find('\''));
  const size_t dot = name.rfind('.');
  return std::string(dot == std::string_view::npos ? name : name.substr(dot + 1));
}

absl::Status DuplicateError(std::string_view message) {
  base::ErrorDetail extra;
  extra.metadata[std::string(kDuplicateKeyName)] = KeyName(message);
  return base::MakeError(base::kAlreadyExists, "there is one with these values already",
                         std::move(extra));
}

// Of values, not of the statement: what another row may not meet. The last two are MySQL's and
// MariaDB's CHECK.
bool IsOfValues(int code) {
  constexpr std::array<int, 12> kCodes = {1048, 1264, 1265, 1292, 1300, 1366,
                                          1406, 1525, 1690, 3140, 3819, 4025};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

absl::Status StatementError(int code) {
  base::ErrorDetail extra;
  if (IsOfValues(code)) extra.metadata[std::string(kDataErrorName)] = absl::StrCat(code);
  return base::MakeError(base::kInternal, absl::StrCat("database error ", code), std::move(extra));
}

absl::Status Away(int code) {
  return base::MakeError(base::kUnavailable,
                         absl::StrCat("the database is not available (error ", code, ")"));
}

struct Binder {
  sql::PreparedStatement& statement;
  DateTimeText& times;
  unsigned int index;

  void operator()(Null) const { statement.setNull(index, 0); }
  void operator()(int64_t value) const { statement.setInt64(index, value); }
  void operator()(double value) const { statement.setDouble(index, value); }
  void operator()(const std::string& value) const { statement.setString(index, value); }
  void operator()(absl::Time value) const {
    const std::string_view text = times.Format(value);
    if (text.empty()) {
      statement.setNull(index, 0);
    } else {
      statement.setString(index, sql::SQLString(text.data(), text.size()));
    }
  }
};

void Bind(sql::PreparedStatement& statement, const Params& params) {
  DateTimeText times;
  for (size_t i = 0; i < params.size(); ++i) {
    std::visit(Binder{statement, times, static_cast<unsigned int>(i + 1)}, params[i]);
  }
}

Rows ReadAll(sql::ResultSet& result) {
  const unsigned int columns = result.getMetaData()->getColumnCount();
  Rows rows;
  rows.reserve(result.rowsCount());
  while (result.next()) {
    std::vector<std::optional<std::string>> row(columns);
    for (unsigned int i = 0; i < columns; ++i) {
      if (!result.isNull(i + 1)) row[i] = result.getString(i + 1).asStdString();
    }
    rows.emplace_back(std::move(row));
  }
  return rows;
}

sql::ConnectOptionsMap Options(const Endpoint& endpoint, const Config& config) {
  sql::ConnectOptionsMap options;
  const auto seconds = [](absl::Duration d) {
    return static_cast<int>(std::max<int64_t>(1, absl::ToInt64Seconds(d)));
  };
  // The limit on the wire is behind the server's own, which answers better.
  const int io_seconds = seconds(config.statement_timeout) + 5;
  options["hostName"] = sql::SQLString(
      endpoint.socket.empty() ? absl::StrCat("tcp://", endpoint.host, ":", endpoint.port)
                              : absl::StrCat("unix://", endpoint.socket));
  options["userName"] = sql::SQLString(endpoint.user);
  options["password"] = sql::SQLString(std::string(config.password.Reveal()));
  options["schema"] = sql::SQLString(endpoint.database);
  options["OPT_CONNECT_TIMEOUT"] = seconds(config.connect_timeout);
  options["OPT_READ_TIMEOUT"] = io_seconds;
  options["OPT_WRITE_TIMEOUT"] = io_seconds;
  options["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  options["OPT_RECONNECT"] = false;
  options["CLIENT_FOUND_ROWS"] = true;
  options["CLIENT_MULTI_STATEMENTS"] = config.many_at_once;
  return options;
}

}  // namespace

std::string DuplicateKeyOf(const absl::Status& status) {
  if (!base::IsError(status, base::kAlreadyExists)) return "";
  const base::ErrorDetail detail = base::DetailOf(status);
  const auto it = detail.metadata.find(std::string(kDuplicateKeyName));
  return it == detail.metadata.end() ? "" : it->second;
}

bool IsDataError(const absl::Status& status) {
  return base::IsError(status, base::kValidationFailed) ||
         (base::IsError(status, base::kInternal) &&
          base::DetailOf(status).metadata.contains(std::string(kDataErrorName)));
}

ThreadScope::ThreadScope() { Driver().threadInit(); }
ThreadScope::~ThreadScope() { Driver().threadEnd(); }

absl::StatusOr<std::unique_ptr<MysqlConnection>> MysqlConnection::Open(const Endpoint& endpoint,
                                                                       const Config& config) {
  try {
    sql::ConnectOptionsMap options = Options(endpoint, config);
    std::unique_ptr<sql::Connection> connection(Driver().connect(options));
    std::unique_ptr<MysqlConnection> opened(new MysqlConnection(std::move(connection)));
    opened->repeatable_ = config.repeatable;
    CTC_RETURN_IF_ERROR(opened->SetUp(config));
    return opened;
  } catch (const sql::SQLException& e) {
    return Away(e.getErrorCode());
  }
}

MysqlConnection::~MysqlConnection() {
  // The connector reports what it cannot close; there is nothing left to do about it.
  try {
    prepared_.clear();
    connection_.reset();
  } catch (const sql::SQLException&) {
  }
}

absl::Status MysqlConnection::SetUp(const Config& config) {
  try {
    const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
    const std::unique_ptr<sql::ResultSet> result(statement->executeQuery("SELECT VERSION()"));
    result->next();
    const bool maria = result->getString(1).asStdString().find("MariaDB") != std::string::npos;
    const int64_t millis = absl::ToInt64Milliseconds(config.statement_timeout);
    // The two servers limit statements by variables of different names and units.
    const std::string limit = maria ? absl::StrCat("max_statement_time=", millis / 1000.0)
                                    : absl::StrCat("max_execution_time=", millis);
    statement->execute("SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci");
    statement->execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    statement->execute(absl::StrCat(
        "SET SESSION time_zone='+00:00', sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
        "innodb_lock_wait_timeout=4, autocommit=0, ",
        limit));
    return absl::OkStatus();
  } catch (const sql::SQLException& e) {
    return ErrorOf(e);
  }
}

sql::PreparedStatement& MysqlConnection::Prepare(const std::string& sql) {
  Prepared& prepared = prepared_[sql];
  if (prepared) return *prepared;
  if (prepared_.size() > kMaxPrepared) prepared_.clear();
  Prepared& place = prepared_[sql];
  place.reset(connection_->prepareStatement(sql));
  return *place;
}

absl::Status MysqlConnection::ErrorOf(const sql::SQLException& e) {
  const int code = e.getErrorCode();
  if (IsLost(code)) {
    lost_ = true;
    return Away(code);
  }
  switch (code) {
    case 1062:
      return DuplicateError(e.what());
    case 1205:
    case 1213:
      deadlocked_ = true;
      return RowsHeld();
    case 1969:  // MariaDB's statement limit
    case 3024:  // MySQL's
      return base::MakeError(base::kDeadlineExceeded, "the database took too long");
    case 1267:  // compared with a column of ASCII only: somebody's filter, and no fault of ours
    case 3988:  // MySQL's, of a bound value
      return base::MakeError(base::kValidationFailed,
                             "A value has characters that what it is compared with never has");
    case 0:  // the connector's own error, as a wrong number of parameters
      return base::MakeError(base::kInternal, absl::StrCat("database client: ", e.what()));
    default:
      return StatementError(code);
  }
}

absl::StatusOr<Rows> MysqlConnection::Query(std::string_view sql, const Params& params) {
  ++statements_;
  const std::string text(sql);
  try {
    if (params.empty()) {
      const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      const std::unique_ptr<sql::ResultSet> result(statement->executeQuery(text));
      return ReadAll(*result);
    }
    sql::PreparedStatement& statement = Prepare(text);
    Bind(statement, params);
    const std::unique_ptr<sql::ResultSet> result(statement.executeQuery());
    return ReadAll(*result);
  } catch (const sql::SQLException& e) {
    prepared_.erase(text);
    return ErrorOf(e);
  }
}

absl::StatusOr<int64_t> MysqlConnection::Execute(std::string_view sql, const Params& params) {
  ++statements_;
  const std::string text(sql);
  try {
    if (params.empty()) return ExecuteText(text);
    sql::PreparedStatement& statement = Prepare(text);
    Bind(statement, params);
    return statement.executeUpdate();
  } catch (const sql::SQLException& e) {
    prepared_.erase(text);
    return ErrorOf(e);
  }
}

int64_t MysqlConnection::ExecuteText(const std::string& text) {
  const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
  return statement->executeUpdate(text);
}

// Throws at the answer of the one that failed, which is the last.
void MysqlConnection::ExecuteSeveral(const std::string& text, size_t count,
                                     const std::function<void()>& each) {
  const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
  statement->execute(text);
  each();
  for (size_t i = 1; i < count; ++i) {
    statement->getMoreResults();
    each();
  }
}

absl::StatusOr<int64_t> MysqlConnection::ExecuteRows(std::string_view head, int width,
                                                     const Params& params, std::string_view tail) {
  const size_t columns = static_cast<size_t>(width);
  if (width <= 0 || params.size() % columns != 0) {
    return base::MakeError(base::kInternal, "rows and width do not fit");
  }
  RowsText rows(head, tail);
  for (size_t i = 0; i < params.size(); ++i) {
    if (i % columns == 0) rows.BeginRow();
    rows.Add(params[i]);
    if (i % columns == columns - 1) rows.EndRow();
  }
  int64_t changed = 0;
  for (const RowsStatement& statement : std::move(rows).Finish()) {
    ++statements_;
    try {
      changed += ExecuteText(statement.text());
    } catch (const sql::SQLException& e) {
      return ErrorOf(e);
    }
  }
  return changed;
}

absl::Status MysqlConnection::ExecuteAll(const std::vector<RowsStatement>& statements,
                                         Ending ending, const StatementDone& progress) {
  if (statements.empty() && ending == Ending::kStay) return absl::OkStatus();
  // Whether the server is still there shows at the first statement. It goes alone where that is in
  // doubt: with a commit in the same packet nobody could tell whether to send it again.
  bool alone = statements_ == 0 && was_idle_ && !repeatable_;
  size_t done = 0;
  const auto each = [&] {
    if (++done <= statements.size() && progress) progress(done);
  };
  try {
    std::string text;
    size_t count = 0;
    const auto send = [&] {
      statements_ += static_cast<int>(count);
      ExecuteSeveral(std::exchange(text, {}), std::exchange(count, 0), each);
    };
    for (const RowsStatement& statement : statements) {
      const bool full = text.size() + statement.text().size() > RowsText::kMaxBytes;
      if (count > 0 && (full || std::exchange(alone, false))) send();
      absl::StrAppend(&text, statement.text(), ";");
      ++count;
    }
    if (ending == Ending::kCommit) {
      text += "COMMIT";
      ++count;
    }
    send();
    committed_ = ending == Ending::kCommit;
    return absl::OkStatus();
  } catch (const sql::SQLException& e) {
    return ErrorOf(e);
  }
}

void MysqlConnection::BeginUnit() {
  const absl::Duration now = base::SystemClock().Monotonic();
  was_idle_ = now - std::exchange(begun_at_, now) > kIdle;
  statements_ = 0;
  deadlocked_ = false;
  committed_ = false;
}

absl::Status MysqlConnection::Commit() {
  try {
    // The connector's own commit() drops the server's error: a commit that was lost would seem
    // done.
    const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
    statement->execute("COMMIT");
    return absl::OkStatus();
  } catch (const sql::SQLException& e) {
    return ErrorOf(e);
  }
}

void MysqlConnection::Rollback() {
  try {
    const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
    statement->execute("ROLLBACK");
  } catch (const sql::SQLException&) {
    // Without a rollback its state is unknown: never use it again.
    lost_ = true;
  }
}

}  // namespace ctc::db
