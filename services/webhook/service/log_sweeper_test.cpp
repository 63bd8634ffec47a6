// What is deleted of the webhook log, and what is not, against a real MariaDB.
#include "services/webhook/service/log_sweeper.h"

#include <catch2/catch.hpp>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"
#include "services/webhook/store/log_retention.h"
#include "services/webhook/store/webhook_log.h"

namespace ctc::webhook {
namespace {

using testing::IsOk;

constexpr absl::Duration kDay = absl::Hours(24);

struct Log {
  LogEntry Line(absl::Duration age, std::string_view state, const std::string& tenant = "acme") {
    const absl::Time now = clock.Now();
    clock.Set(now - age);
    LogEntry entry;
    entry.id = ids.Uuid();
    clock.Set(now);
    entry.tenant = tenant;
    entry.provider_type = "TWILIO";
    entry.state = state;
    entry.received_at = now - age;
    if (state == kReceived) entry.next_attempt_at = now;
    return entry;
  }
  void Write(const std::vector<LogEntry>& lines) {
    for (size_t i = 0; i < lines.size(); i += store::kMostAtOnce) {
      std::vector<const LogEntry*> pointers;
      for (size_t k = i; k < std::min(lines.size(), i + store::kMostAtOnce); ++k) {
        pointers.push_back(&lines[k]);
      }
      REQUIRE_THAT(worker->Run([&](db::Connection& c) { return store::Insert(c, pointers); }),
                   IsOk());
    }
  }
  db::Rows Read(std::string_view sql) {
    db::Rows rows;
    REQUIRE_THAT(database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(rows, c.Query(sql));
      return absl::OkStatus();
    }),
                 IsOk());
    return rows;
  }
  int64_t Count() { return Read("SELECT COUNT(*) FROM click_to_call_webhook_log")[0].Int(0); }

  testing::IoThreads io;  // outlives the database, whose threads resume on it
  // Leads the real clock, so that no deadline made from it ever passes; whole milliseconds.
  testing::FakeClock clock{
      absl::FromUnixMillis(absl::ToUnixMillis(base::SystemClock().Now() + absl::Hours(1)))};
  base::IdGenerator ids{clock, base::SystemRandom()};
  std::unique_ptr<db::Database> database = testing::MariaDb::Shared().OpenFresh(2);
  std::unique_ptr<db::Worker> worker = database->MakeRepeatableWorker();
  host::Background background{io.executor()};
  LogSweeper sweeper{*database, clock, background, 90 * kDay};
};

TEST_CASE("what came before the retention goes, unless it is still to be applied", "[sweeper]") {
  Log log;
  const absl::Duration old = 90 * kDay + absl::Milliseconds(1);
  log.Write({log.Line(old, kApplied), log.Line(old, kDuplicate, "other"), log.Line(old, kRefused),
             log.Line(old, kParked), log.Line(old, kReceived), log.Line(900 * kDay, kApplied, "")});
  const std::vector<LogEntry> young = {log.Line(90 * kDay, kApplied), log.Line(kDay, kRefused)};
  log.Write(young);
  const auto swept = log.io.Run(log.sweeper.Sweep());
  REQUIRE_THAT(swept.status(), IsOk());
  CHECK(*swept == 5);
  const db::Rows left = log.Read("SELECT id, state FROM click_to_call_webhook_log ORDER BY id");
  REQUIRE(left.size() == 3);
  CHECK(left[0].Text(1) == kReceived);
  CHECK(left[1].Text(0) == young[0].id);
  CHECK(left[2].Text(0) == young[1].id);
}

TEST_CASE("many old lines go by bounded turns, the oldest first", "[sweeper]") {
  Log log;
  std::vector<LogEntry> lines;
  for (int i = 0; i < store::kDeletedAtOnce + 20; ++i) {
    lines.push_back(log.Line(100 * kDay - absl::Seconds(i), kApplied));
  }
  log.Write(lines);
  SECTION("one turn") {
    int64_t deleted = 0;
    REQUIRE_THAT(log.database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(deleted, store::DeleteOld(c, log.clock.Now() - 90 * kDay));
      return absl::OkStatus();
    }),
                 IsOk());
    CHECK(deleted == store::kDeletedAtOnce);
    CHECK(log.Read("SELECT MIN(id) FROM click_to_call_webhook_log")[0].Text(0) ==
          lines[store::kDeletedAtOnce].id);
  }
  SECTION("as many as it takes") {
    CHECK(*log.io.Run(log.sweeper.Sweep()) == store::kDeletedAtOnce + 20);
    CHECK(log.Count() == 0);
  }
  SECTION("and none behind the stop") {
    log.io.Run(log.background.Stop());
    CHECK(*log.io.Run(log.sweeper.Sweep()) == store::kDeletedAtOnce);
  }
}

TEST_CASE("a tenant's few lines in one state are found without its many others", "[store]") {
  Log log;
  std::vector<LogEntry> lines;
  for (int i = 0; i < 500; ++i) lines.push_back(log.Line(absl::Seconds(i), kApplied));
  for (int i = 0; i < 3; ++i) lines.push_back(log.Line(absl::Seconds(i), kParked));
  for (int i = 0; i < 500; ++i) lines.push_back(log.Line(absl::Seconds(i), kParked, "other"));
  log.Write(lines);
  log.Read("ANALYZE TABLE click_to_call_webhook_log");
  const auto read_rows = [](db::Connection& c) -> absl::StatusOr<int64_t> {
    CTC_ASSIGN_OR_RETURN(const db::Rows rows, c.Query("SHOW SESSION STATUS LIKE 'Handler_read%'"));
    int64_t read = 0;
    for (const db::Row& row : rows) read += std::stoll(row.Text(1));
    return read;
  };
  int64_t cost = 0;
  store::Page page;
  REQUIRE_THAT(log.database->RunBlocking([&](db::Connection& c) -> absl::Status {
    const base::TenantId tenant("acme");
    store::Filter filter;
    filter.state = kParked;
    CTC_ASSIGN_OR_RETURN(const int64_t idle, read_rows(c));
    CTC_ASSIGN_OR_RETURN(const int64_t before, read_rows(c));
    const db::ListPage first(store::kLogOrders, tenant);
    CTC_ASSIGN_OR_RETURN(page, store::List(c, tenant, filter, first));
    CTC_ASSIGN_OR_RETURN(const int64_t after, read_rows(c));
    cost = after - before - (before - idle);  // the looks themselves read
    return absl::OkStatus();
  }),
               IsOk());
  CHECK(page.total == 3);
  CHECK(page.entries.size() == 3);
  CHECK(cost < 50);
}

}  // namespace
}  // namespace ctc::webhook
