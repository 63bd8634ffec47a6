// Lines written together, against a real MariaDB.
#include "services/webhook/store/webhook_log.h"

#include <absl/strings/str_cat.h>

#include <catch2/catch.hpp>

#include "ctc/webhook/v1/webhook_service.pb.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/status_matchers.h"

namespace ctc::webhook::store {
namespace {

using testing::IsOk;

struct Log {
  // So large that a batch of them is more than one statement takes.
  static LogEntry Line(size_t number) {
    LogEntry entry;
    entry.id = absl::StrCat("line-", number);
    entry.tenant = "acme";
    entry.provider_type = "TWILIO";
    entry.payload = std::string(100'000, '\\');
    entry.facts = std::string(5'000, '\0');
    entry.received_at = absl::FromUnixMillis(1'764'757'800'123);
    return entry;
  }
  absl::Status Write(const std::vector<LogEntry>& lines) {
    std::vector<const LogEntry*> pointers;
    for (const LogEntry& line : lines) pointers.push_back(&line);
    return worker->Run([&](db::Connection& c) { return Insert(c, pointers); });
  }
  int64_t Count() {
    int64_t count = -1;
    REQUIRE_THAT(database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                           c.Query("SELECT COUNT(*) FROM click_to_call_webhook_log"));
      count = rows[0].Int(0);
      return absl::OkStatus();
    }),
                 IsOk());
    return count;
  }

  std::unique_ptr<db::Database> database = testing::MariaDb::Shared().OpenFresh(1);
  std::unique_ptr<db::Worker> worker = database->MakeRepeatableWorker();
};

std::vector<LogEntry> FullBatch() {
  std::vector<LogEntry> lines;
  for (size_t i = 0; i < kMostAtOnce; ++i) lines.push_back(Log::Line(i));
  return lines;
}

TEST_CASE("large lines are written together, and again to no effect", "[store]") {
  Log log;
  const std::vector<LogEntry> lines = FullBatch();
  CHECK_THAT(log.Write(lines), IsOk());
  CHECK(log.Count() == static_cast<int64_t>(kMostAtOnce));
  CHECK_THAT(log.Write(lines), IsOk());
  CHECK(log.Count() == static_cast<int64_t>(kMostAtOnce));
}

TEST_CASE("of large lines with a bad one none is written", "[store]") {
  Log log;
  std::vector<LogEntry> lines = FullBatch();
  lines.back().state = std::string(1000, 'x');  // longer than its column
  CHECK_FALSE(log.Write(lines).ok());
  CHECK(log.Count() == 0);
}

TEST_CASE("a line is read as it was written", "[store]") {
  Log log;
  LogEntry line = Log::Line(1);
  line.payload = R"({"said": "it's"})";
  line.signature_valid = true;
  line.session_id = "sess_1";
  line.attempts = 2;
  REQUIRE_THAT(log.Write({line}), IsOk());
  REQUIRE_THAT(log.database->RunBlocking([&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const LogEntry read, Get(c, base::TenantId("acme"), line.id));
    CHECK(read.payload == line.payload);
    CHECK(read.facts == line.facts);
    CHECK(read.signature_valid);
    CHECK(read.session_id == "sess_1");
    CHECK(read.provider_id.empty());
    CHECK(read.attempts == 2);
    CHECK(read.received_at == line.received_at);
    CHECK(read.processed_at == absl::InfiniteFuture());
    return absl::OkStatus();
  }),
               IsOk());
}

TEST_CASE("a page far behind costs what the first one costs", "[store]") {
  Log log;
  const base::TenantId tenant("acme");
  const auto rows_read = [](db::Connection& c) -> absl::StatusOr<int64_t> {
    CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                         c.Query("SELECT SUM(VARIABLE_VALUE) FROM information_schema.SESSION_STATUS"
                                 " WHERE VARIABLE_NAME LIKE 'HANDLER_READ_%'"));
    return rows[0].Int(0);
  };
  const auto cost = [&](db::Connection& c, const db::ListPage& page) -> absl::StatusOr<int64_t> {
    CTC_ASSIGN_OR_RETURN(const int64_t before, rows_read(c));
    CTC_ASSIGN_OR_RETURN(const Page found, List(c, tenant, Filter(), page));
    CHECK(found.entries.size() == 50);
    CTC_ASSIGN_OR_RETURN(const int64_t after, rows_read(c));
    return after - before;
  };
  REQUIRE_THAT(log.database->RunBlocking([&](db::Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(
        c.Execute("INSERT INTO click_to_call_webhook_log (id, tenant_id, state, received_at)"
                  " SELECT UUID(), 'acme', 'APPLIED', '2026-01-01' + INTERVAL seq DIV 3 SECOND"
                  " FROM seq_1_to_6000")
            .status());
    CTC_RETURN_IF_ERROR(c.Query("ANALYZE TABLE click_to_call_webhook_log").status());
    const db::ListPage first(kLogOrders, tenant);
    const db::ListPage middle(kLogOrders, tenant, 50, 3000);
    CTC_ASSIGN_OR_RETURN(const Page found, List(c, tenant, Filter(), middle));
    v1::ListWebhookLogsRequest request;
    request.set_cursor(found.next_cursor);
    CTC_ASSIGN_OR_RETURN(const auto behind, db::ListPage::Of(kLogOrders, tenant, request));
    CTC_ASSIGN_OR_RETURN(const int64_t usual, cost(c, first));
    CTC_ASSIGN_OR_RETURN(const int64_t behind_cost, cost(c, behind));
    CHECK(behind_cost < usual + 50);
    return absl::OkStatus();
  }),
               IsOk());
}

}  // namespace
}  // namespace ctc::webhook::store
