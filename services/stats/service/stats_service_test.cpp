// The answers of the stats service.
#include "services/stats/service/stats_service.h"

#include <absl/strings/str_cat.h>
#include <catch2/catch.hpp>

#include "ctc/session/v1/session.pb.h"
#include "libs/base/error_catalogue.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"
#include "services/stats/service/feed_reader.h"

namespace ctc::stats {
namespace {

namespace sv1 = session::v1;
using testing::HasError;
using testing::IsOk;
using testing::MariaDb;

constexpr int64_t kMorning = 1764755400;  // 2025-12-03T09:50:00Z

// A call from its begin to its end, as the feed tells it.
struct Told {
  std::string tenant = "t";
  std::string agent = "a1";
  std::string provider = "p1";
  sv1::Session::Status end = sv1::Session::COMPLETED;
  int32_t seconds = 0;
  int64_t created = kMorning;
};

struct Fixture {
  Fixture()
      : database(MariaDb::Shared().OpenFresh()),
        ledger(*database, base::SystemClock()),
        service(*database, ledger, base::SystemClock()) {
    REQUIRE_THAT(io.Run(ledger.Load()).status(), IsOk());
  }

  void Tell(const Told& told) {
    events::FeedConsumer::Batch events;
    for (int i = 0; i < 2; ++i) {
      sv1::CallEvent& event = *events.Add();
      event.set_seq(++seq);
      event.set_tenant_id(told.tenant);
      event.set_agent_id(told.agent);
      event.set_provider_id(told.provider);
      event.mutable_session_created_at()->set_seconds(told.created);
    }
    events[0].set_new_status(sv1::Session::INITIATED);
    events[1].set_old_status(sv1::Session::INITIATED);
    events[1].set_new_status(told.end);
    events[1].set_duration_delta_seconds(told.seconds);
    REQUIRE_THAT(io.Run(ledger.Apply(ReadChanges(events), seq)), IsOk());
  }

  v1::GetCallStatsResponse Ask(const v1::GetCallStatsRequest& request,
                               const std::string& tenant = "t") {
    rpc::Context context = rpc::Context::ForService(base::TenantId(tenant), absl::InfiniteFuture());
    auto response = io.Run(service.GetCallStats(std::move(context), request));
    REQUIRE_THAT(response.status(), IsOk());
    return *response;
  }

  testing::IoThreads io{1};  // outlives what resumes on it
  std::unique_ptr<db::Database> database;
  Ledger ledger;
  StatsService service;
  int64_t seq = 0;
};

TEST_CASE_METHOD(Fixture, "the default answer has the seed's figures and no zero in by_status") {
  Tell({.seconds = 100});
  Tell({.seconds = 87});
  Tell({.end = sv1::Session::FAILED});
  const auto answer = Ask({});
  CHECK(answer.total_calls() == 3);
  CHECK(answer.completed_calls() == 2);
  CHECK(answer.failed_calls() == 1);
  CHECK(answer.total_duration() == 187);
  CHECK(answer.average_duration() == 94);
  CHECK(answer.by_status_size() == 2);
  CHECK(answer.by_status().at("COMPLETED") == 2);
  CHECK(answer.by_status().at("FAILED") == 1);
  CHECK(answer.groups_size() == 0);
}

TEST_CASE_METHOD(Fixture, "a tenant without calls gets zeros, whoever else has some") {
  Tell({});
  const auto answer = Ask({}, "other");
  CHECK(answer.total_calls() == 0);
  CHECK(answer.by_status_size() == 0);
  v1::GetCallStatsRequest request;
  request.set_agent_id("a1");
  CHECK(Ask(request, "other").total_calls() == 0);
  request.clear_agent_id();
  request.set_group_by("agent");
  CHECK(Ask(request, "other").groups_size() == 0);
}

TEST_CASE_METHOD(Fixture, "filters and groups see what was told a moment ago") {
  Tell({.agent = "a1", .seconds = 10});
  Tell({.agent = "a2", .provider = "p2", .end = sv1::Session::BUSY});
  v1::GetCallStatsRequest request;
  request.set_agent_id("a2");
  CHECK(Ask(request).by_status().at("BUSY") == 1);
  request.clear_agent_id();
  request.set_provider_id("p1");
  CHECK(Ask(request).total_duration() == 10);
  request.clear_provider_id();
  request.set_group_by("agent");
  const auto answer = Ask(request);
  CHECK(answer.total_calls() == 2);
  REQUIRE(answer.groups_size() == 2);
  CHECK(answer.groups(0).id() == "a1");
  CHECK(answer.groups(0).completed_calls() == 1);
  CHECK(answer.groups(1).id() == "a2");
  CHECK(answer.groups(1).by_status().at("BUSY") == 1);
}

TEST_CASE_METHOD(Fixture, "groups are bounded, and the answer tells how many there are") {
  REQUIRE_THAT(database->RunBlocking([](db::Connection& c) -> absl::Status {
    const absl::Time hour = HourOf(absl::FromUnixSeconds(kMorning));
    db::Params params;
    for (int i = 0; i < 1200; ++i) {
      for (const absl::Time bucket : {hour, hour + absl::Hours(1)}) {
        params.insert(params.end(), {"AGENT", "HOUR", "t", absl::StrCat("a", 1000 + i), bucket,
                                     int64_t{kCompleted}, int64_t{i < 300 ? 1 : 2}, int64_t{15}});
      }
    }
    return c
        .ExecuteRows(
            "INSERT INTO call_stats_rollup (dimension, period, tenant_id, dimension_id,"
            " bucket_start, status, calls, duration_seconds)",
            8, params)
        .status();
  }),
               IsOk());
  v1::GetCallStatsRequest request;
  request.set_group_by("agent");
  request.mutable_from()->set_seconds(kMorning);
  request.mutable_to()->set_seconds(kMorning + 60);
  const auto answer = Ask(request);
  CHECK(answer.groups_total() == 1200);
  REQUIRE(answer.groups_size() == 1000);
  CHECK(answer.groups(0).id() == "a1000");
  CHECK(answer.groups(100).id() == "a1300");  // of those with one call, the first by id
  CHECK(answer.groups(999).id() == "a2199");
  CHECK(answer.groups(999).completed_calls() == 2);
  CHECK(answer.groups(999).total_duration() == 15);
}

TEST_CASE_METHOD(Fixture, "the hours of a tenant are found without its other hours") {
  std::string index;
  REQUIRE_THAT(database->RunBlocking([&](db::Connection& c) -> absl::Status {
    db::Params params;
    for (int i = 0; i < 20; ++i) {
      for (int hour = 0; hour < 500; ++hour) {
        params.insert(params.end(), {"AGENT", "HOUR", "t", absl::StrCat("a", i),
                                     absl::UnixEpoch() + absl::Hours(hour), int64_t{kCompleted},
                                     int64_t{1}, int64_t{1}});
      }
    }
    CTC_RETURN_IF_ERROR(
        c.ExecuteRows("INSERT INTO call_stats_rollup (dimension, period, tenant_id, dimension_id,"
                      " bucket_start, status, calls, duration_seconds)",
                      8, params)
            .status());
    CTC_RETURN_IF_ERROR(c.Query("ANALYZE TABLE call_stats_rollup").status());
    const Segment day{Period::kHour, absl::UnixEpoch(), absl::UnixEpoch() + absl::Hours(10)};
    CTC_ASSIGN_OR_RETURN(
        const db::Rows rows,
        c.Query("EXPLAIN SELECT dimension_id, status, calls, duration_seconds"
                " FROM call_stats_rollup WHERE dimension = 'AGENT' AND period = 'HOUR'"
                " AND tenant_id = 't' AND bucket_start >= ? AND bucket_start < ?",
                {day.from, day.to}));
    index = rows.at(0).Text(5);
    return absl::OkStatus();
  }),
               IsOk());
  CHECK(index == "idx_rollup_time");
}

TEST_CASE_METHOD(Fixture, "a call counts in the hour it was offered") {
  Tell({.created = kMorning});
  Tell({.created = kMorning + 3600});
  Tell({.created = kMorning + 86400});
  v1::GetCallStatsRequest request;
  request.mutable_from()->set_seconds(kMorning);
  request.mutable_to()->set_seconds(kMorning + 60);
  CHECK(Ask(request).total_calls() == 1);
  request.mutable_to()->set_seconds(kMorning + 3600);
  CHECK(Ask(request).total_calls() == 2);
  request.clear_to();
  CHECK(Ask(request).total_calls() == 3);
}

TEST_CASE_METHOD(Fixture, "a series has the intervals with calls, in order") {
  Tell({.seconds = 4, .created = kMorning + 3600});
  Tell({.created = kMorning});
  Tell({.created = kMorning + 86400});
  v1::GetTimeSeriesRequest request;
  request.mutable_from()->set_seconds(kMorning);
  request.mutable_to()->set_seconds(kMorning + 2 * 86400);
  rpc::Context context = rpc::Context::ForService(base::TenantId("t"), absl::InfiniteFuture());
  auto hours = io.Run(service.GetTimeSeries(context, request));
  REQUIRE_THAT(hours.status(), IsOk());
  REQUIRE(hours->points_size() == 3);
  CHECK(hours->total() == 3);
  CHECK(hours->points(0).from().seconds() == kMorning - kMorning % 3600);
  CHECK(hours->points(1).total_duration() == 4);
  request.set_interval("day");
  auto days = io.Run(service.GetTimeSeries(context, request));
  REQUIRE_THAT(days.status(), IsOk());
  REQUIRE(days->points_size() == 2);
  CHECK(days->points(0).total_calls() == 2);
}

TEST_CASE_METHOD(Fixture, "an agent's token is told the agent's own figures and nobody else's") {
  Tell({.agent = "a1"});
  Tell({.agent = "a2"});
  Tell({.agent = ""});
  rpc::Context context = rpc::Context::ForService(base::TenantId("t"), absl::InfiniteFuture());
  context.principal.role = rpc::Role::kAgent;
  context.principal.agent_id = "a1";
  v1::GetCallStatsRequest request;
  CHECK(io.Run(service.GetCallStats(context, request))->total_calls() == 1);
  request.set_agent_id("a2");
  CHECK(io.Run(service.GetCallStats(context, request))->total_calls() == 0);
}

TEST_CASE_METHOD(Fixture, "events that change no figure are not taken") {
  events::FeedConsumer::Batch events;
  sv1::CallEvent& event = *events.Add();
  event.set_seq(1);
  event.set_old_status(sv1::Session::RINGING);
  event.set_new_status(sv1::Session::RINGING);
  CHECK(ReadChanges(events).empty());
}

TEST_CASE("without the database the default answer is still given, others say UNAVAILABLE") {
  MariaDb server;
  testing::IoThreads io(1);
  auto database = server.Open(server.NewSchema());
  Ledger ledger(*database, base::SystemClock());
  StatsService service(*database, ledger, base::SystemClock());
  REQUIRE_THAT(io.Run(ledger.Load()).status(), IsOk());
  server.Kill9();
  rpc::Context context = rpc::Context::ForService(base::TenantId("t"), absl::InfiniteFuture());
  v1::GetCallStatsRequest request;
  CHECK_THAT(io.Run(service.GetCallStats(context, request)).status(), IsOk());
  request.set_agent_id("a");
  CHECK_THAT(io.Run(service.GetCallStats(context, request)).status(), HasError(base::kUnavailable));
}

}  // namespace
}  // namespace ctc::stats
