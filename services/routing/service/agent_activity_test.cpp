// What agents do, as clients and the feed tell it, over a real database.
#include <absl/strings/str_cat.h>

#include <fstream>
#include <iterator>

#include "libs/db/sql_script.h"
#include "libs/observability/metrics.h"
#include "services/routing/service/activity_follower.h"
#include "services/routing/service/routing_world_for_test.h"
#include "services/routing/store/presence_store.h"

namespace ctc::routing {
namespace {

using testing::HasError;
using testing::NamesField;

session::v1::CallEvent Event(int64_t seq, const std::string& type,
                             session::v1::Session::Status before,
                             session::v1::Session::Status after, int64_t at) {
  session::v1::CallEvent event;
  event.set_seq(seq);
  event.set_tenant_id("t1");
  event.set_type(type);
  event.set_old_status(before);
  event.set_new_status(after);
  event.set_agent_id("ann");
  event.set_session_id("sess_1");
  event.set_id("01890000-0000-7000-8000-000000000001");
  event.mutable_recorded_at()->set_seconds(at);
  return event;
}

int LeftOut() {
  const std::string text = observability::ExposeMetrics();
  const std::string name = "\nctc_routing_events_left_out_total ";
  return std::stoi(text.substr(text.find(name) + name.size()));
}

// One event, applied by itself.
absl::Status Tell(RoutingWorld& f, ActivityFollower& follower,
                  const session::v1::CallEvent& event) {
  events::FeedConsumer::Batch batch;
  *batch.Add() = event;
  return f.io.Run(follower.Apply(batch, event.seq()));
}

}  // namespace

TEST_CASE_METHOD(RoutingWorld, "activity is logged with the time since the line before") {
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  clock.Advance(absl::Seconds(90));
  const auto line = Log(As(), v1::AgentActivity::ON_BREAK);
  REQUIRE(line.ok());
  CHECK(line->success());
  CHECK(line->activity().duration_seconds() == 90);
  CHECK_FALSE(line->activity().is_available());
  CHECK(Presence(As())->presence().state() == "BREAK");
  CHECK_THAT(Presence(As("t2")).status(), HasError(base::kNotFound));
  CHECK(NamesField(Log(As(), v1::AgentActivity::TYPE_UNSPECIFIED).status(), "activity_type"));
}

TEST_CASE_METHOD(RoutingWorld, "an agent's token sees that agent only") {
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  rpc::Context bob = As();
  bob.principal.role = rpc::Role::kAgent;
  bob.principal.agent_id = "bob";
  CHECK_THAT(Log(bob, v1::AgentActivity::LOGOUT).status(), HasError(base::kNotFound));
  CHECK_THAT(Presence(bob).status(), HasError(base::kNotFound));
  const v1::ListAgentActivityRequest all;
  CHECK(io.Run(service.ListAgentActivity(bob, all))->total() == 0);
  CHECK(io.Run(service.ListAgentActivity(As(), all))->total() == 1);
}

TEST_CASE_METHOD(RoutingWorld, "calls of a registered agent become activity exactly once") {
  using session::v1::Session;
  REQUIRE(AddAgent("ann").ok());
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  CHECK(*io.Run(follower.LoadPosition()) == -1);
  REQUIRE(io.Run(follower.Apply({}, 10)).ok());  // begins at the newest event
  const std::vector<session::v1::CallEvent> told = {
      Event(11, "session.ringing", Session::INITIATED, Session::RINGING, 1000),
      Event(12, "session.connected", Session::RINGING, Session::CONNECTED, 1005),
      Event(13, "session.ended", Session::CONNECTED, Session::COMPLETED, 1065)};
  const events::FeedConsumer::Batch batch(told.begin(), told.end());
  ActivityFollower elsewhere(database, directory, clock, base::SystemRandom());
  CHECK(*io.Run(elsewhere.LoadPosition()) == 10);
  REQUIRE(io.Run(follower.Apply(batch, 13)).ok());
  REQUIRE(io.Run(elsewhere.Apply(batch, 13)).ok());  // another process got it too
  ActivityFollower after_crash(database, directory, clock, base::SystemRandom());
  CHECK(*io.Run(after_crash.LoadPosition()) == 13);
  const v1::ListAgentActivityRequest all;
  const auto lines = io.Run(service.ListAgentActivity(As(), all));
  REQUIRE(lines->total() == 2);
  CHECK(lines->activities(0).activity_type() == v1::AgentActivity::IDLE);
  CHECK(lines->activities(0).duration_seconds() == 60);
  CHECK(lines->activities(1).session_id() == "sess_1");
  // Never logged in: there, as its call shows, but no queue's.
  CHECK(Presence(As())->presence().state() == "AVAILABLE");
  CHECK_FALSE(Presence(As())->presence().is_available());
  CHECK_FALSE(lines->activities(0).is_available());
}

TEST_CASE_METHOD(RoutingWorld, "a call is one by either id of its session") {
  using session::v1::Session;
  REQUIRE(AddAgent("ann").ok());
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  const int64_t now = absl::ToUnixSeconds(clock.Now());
  const auto begun = Event(1, "session.connected", Session::RINGING, Session::CONNECTED, now);
  REQUIRE(Tell(*this, follower, begun).ok());
  REQUIRE(Log(As(), v1::AgentActivity::ON_CALL, begun.id()).ok());
  REQUIRE(Presence(As())->presence().session_ids_size() == 1);
  CHECK(Presence(As())->presence().session_ids(0) == "sess_1");
  const auto ended = Event(2, "session.ended", Session::CONNECTED, Session::COMPLETED, now);
  REQUIRE(Tell(*this, follower, ended).ok());
  CHECK(Presence(As())->presence().state() == "AVAILABLE");
}

TEST_CASE_METHOD(RoutingWorld, "a break taken during a call holds after it") {
  using session::v1::Session;
  REQUIRE(AddAgent("ann").ok());
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  events::FeedConsumer::Batch batch;
  *batch.Add() = Event(1, "session.connected", Session::RINGING, Session::CONNECTED,
                       absl::ToUnixSeconds(clock.Now()));
  REQUIRE(io.Run(follower.Apply(batch, 1)).ok());
  REQUIRE(Log(As(), v1::AgentActivity::ON_BREAK).ok());
  const auto during = Presence(As());
  CHECK(during->presence().state() == "ON_CALL");
  CHECK(during->presence().session_ids_size() == 1);
  batch.Clear();
  *batch.Add() = Event(2, "session.ended", Session::CONNECTED, Session::COMPLETED,
                       absl::ToUnixSeconds(clock.Now()));
  REQUIRE(io.Run(follower.Apply(batch, 2)).ok());
  CHECK(Presence(As())->presence().state() == "BREAK");
}

TEST_CASE_METHOD(RoutingWorld, "who spoke before migration 023 stands where it said last") {
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  clock.Advance(absl::Seconds(1));
  REQUIRE(Log(As(), v1::AgentActivity::ON_BREAK).ok());
  std::ifstream file(testing::MigrationsDirectory() + "/023_agent_presence.sql");
  const std::string script((std::istreambuf_iterator<char>(file)), {});
  const auto statements = db::SplitStatements(script);
  REQUIRE(statements.ok());
  const absl::Status status = database.RunBlocking([&](db::Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(c.Execute("DELETE FROM agent_presence", {}).status());
    return c.Execute(statements->back(), {}).status();
  });
  REQUIRE(status.ok());
  const auto presence = Presence(As());
  REQUIRE(presence.ok());
  CHECK(presence->presence().state() == "BREAK");
  CHECK(presence->presence().since().seconds() == absl::ToUnixSeconds(clock.Now()));
  CHECK_FALSE(presence->presence().is_available());
}

TEST_CASE_METHOD(RoutingWorld, "calls of an agent who is not registered leave no line") {
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  events::FeedConsumer::Batch batch;
  *batch.Add() = Event(1, "session.connected", session::v1::Session::RINGING,
                       session::v1::Session::CONNECTED, 1000);
  REQUIRE(io.Run(follower.Apply(batch, 1)).ok());
  const v1::ListAgentActivityRequest all;
  CHECK(io.Run(service.ListAgentActivity(As(), all))->total() == 0);
}

TEST_CASE_METHOD(RoutingWorld, "whatever an agent's client tells, the feed can be followed") {
  using session::v1::Session;
  REQUIRE(AddAgent("ann").ok());
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  SECTION("call after call, each under the longest id") {
    for (int i = 0; i < 700; ++i) {
      const std::string number = std::to_string(i);
      const std::string session = number + std::string(40 - number.size(), '"');
      REQUIRE(Log(As(), v1::AgentActivity::ON_CALL, session).ok());
    }
    CHECK(Presence(As())->presence().session_ids_size() == kMaxClaims);
  }
  SECTION("or told a release that kept them all") {
    const absl::Status filled = database.RunBlocking([&](db::Connection& c) -> absl::Status {
      const std::string since = std::to_string(absl::ToUnixMillis(clock.Now()));
      std::string calls = "[";
      const auto add = [&](size_t length) {
        calls += R"({"by_client":true,"id":")" + std::to_string(calls.size()) +
                 std::string(length, 'x') + R"(","since_ms":)" + since + R"(,"talks":true})";
      };
      for (int i = 0; i < 600; ++i) {
        add(30);
        calls += ",";
      }
      add(65'400 - calls.size());  // the column holds 65,535 bytes
      return c
          .Execute(
              "INSERT INTO agent_presence (tenant_id, agent_id, state, since, updated_at,"
              " live_sessions_json) VALUES ('t1', 'ann', 'ON_CALL', ?, ?, ?)",
              {clock.Now(), clock.Now(), calls + "]"})
          .status();
    });
    INFO(filled.ToString());
    REQUIRE(filled.ok());
    CHECK(Presence(As())->presence().session_ids_size() == 601);
  }
  const int64_t now = absl::ToUnixSeconds(clock.Now());
  const absl::Status told = Tell(
      *this, follower, Event(1, "session.connected", Session::RINGING, Session::CONNECTED, now));
  INFO(told.ToString());
  CHECK(told.ok());
  CHECK(Presence(As())->presence().session_ids_size() == kMaxClaims + 1);
}

TEST_CASE_METHOD(RoutingWorld,
                 "a claim of more than a day ago is gone when the agent speaks again") {
  REQUIRE(AddAgent("ann").ok());
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  REQUIRE(Log(As(), v1::AgentActivity::ON_CALL, "s1").ok());
  clock.Advance(absl::Hours(25));
  REQUIRE(Log(As(), v1::AgentActivity::ON_CALL, "s2").ok());
  std::string kept;
  const absl::Status status = database.RunBlocking([&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const auto rows, c.Query("SELECT live_sessions_json FROM agent_presence"));
    kept = rows.at(0).Text(0);
    return absl::OkStatus();
  });
  REQUIRE(status.ok());
  CHECK(kept.find("s1") == std::string::npos);
  CHECK(kept.find("s2") != std::string::npos);
}

TEST_CASE_METHOD(RoutingWorld,
                 "a call that ends while its agent is not registered is over for it") {
  using session::v1::Session;
  REQUIRE(AddAgent("ann").ok());
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  const int64_t now = absl::ToUnixSeconds(clock.Now());
  const auto begun = Event(1, "session.connected", Session::RINGING, Session::CONNECTED, now);
  REQUIRE(Tell(*this, follower, begun).ok());
  CHECK(Presence(As())->presence().state() == "ON_CALL");
  REQUIRE(RemoveAgent("ann").ok());
  const int lines = Lines();
  auto other = Event(2, "session.ended", Session::CONNECTED, Session::COMPLETED, now);
  other.set_session_id("sess_2");
  other.set_id("01890000-0000-7000-8000-000000000002");
  REQUIRE(Tell(*this, follower, other).ok());
  CHECK(Presence(As())->presence().state() == "ON_CALL");
  const auto ended = Event(3, "session.ended", Session::CONNECTED, Session::COMPLETED, now);
  REQUIRE(Tell(*this, follower, ended).ok());
  CHECK(Lines() == lines);
  REQUIRE(AddAgent("ann").ok());
  CHECK(Presence(As())->presence().state() == "AVAILABLE");
  CHECK(Presence(As())->presence().is_available());
}

TEST_CASE_METHOD(RoutingWorld,
                 "a call ends also by a process that takes its agent for unregistered") {
  using session::v1::Session;
  Directory elsewhere(database, clock);
  const auto unknown =
      io.Run(elsewhere.Agent(base::TenantId("t1"), "ann", clock.Now() + absl::Seconds(20)));
  REQUIRE(unknown.ok());
  REQUIRE_FALSE(unknown->has_value());
  REQUIRE(AddAgent("ann").ok());
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  ActivityFollower other(database, elsewhere, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(io.Run(other.LoadPosition()).ok());
  const int64_t now = absl::ToUnixSeconds(clock.Now());
  const auto begun = Event(1, "session.connected", Session::RINGING, Session::CONNECTED, now);
  REQUIRE(Tell(*this, follower, begun).ok());
  REQUIRE(Tell(*this, other, begun).ok());
  CHECK(Presence(As())->presence().state() == "ON_CALL");
  // With the news of somebody it knows the other process moves the cursor past the end, which then
  // counts for nobody else.
  REQUIRE(AddAgent("bob").ok());
  const auto ended = Event(2, "session.ended", Session::CONNECTED, Session::COMPLETED, now);
  auto placed = Event(3, "session.initiated", Session::STATUS_UNSPECIFIED, Session::INITIATED, now);
  placed.set_agent_id("bob");
  events::FeedConsumer::Batch batch;
  *batch.Add() = ended;
  *batch.Add() = placed;
  REQUIRE(io.Run(other.Apply(batch, 3)).ok());
  REQUIRE(Tell(*this, follower, ended).ok());
  CHECK(Presence(As())->presence().state() == "AVAILABLE");
}

TEST_CASE_METHOD(RoutingWorld,
                 "ends of calls of agents who are unknown here do not move the cursor") {
  using session::v1::Session;
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(io.Run(follower.Apply({}, 10)).ok());
  REQUIRE(Tell(*this, follower,
               Event(11, "session.ended", Session::CONNECTED, Session::COMPLETED, 1000))
              .ok());
  ActivityFollower after_crash(database, directory, clock, base::SystemRandom());
  CHECK(*io.Run(after_crash.LoadPosition()) == 10);
}

TEST_CASE_METHOD(RoutingWorld, "an event that can never be written does not stop those behind it") {
  using session::v1::Session;
  REQUIRE(AddAgent("ann").ok());
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  const int lines = Lines();
  const int64_t now = absl::ToUnixSeconds(clock.Now());
  events::FeedConsumer::Batch batch;
  for (const int64_t seq : {1, 2, 3}) {
    auto& event = *batch.Add();
    event = Event(seq, "session.connected", Session::RINGING, Session::CONNECTED, now);
    event.set_session_id(absl::StrCat("sess_", seq));
    event.set_id(absl::StrCat("01890000-0000-7000-8000-00000000000", seq));
  }
  batch[1].set_session_id("sess_" + std::string(100, '2'));
  const int left_out = LeftOut();
  SECTION("at once") { REQUIRE(io.Run(follower.Apply(batch, 3)).ok()); }
  SECTION("when the database is away behind it, and is counted once") {
    REQUIRE(GetAgent("ann").ok());  // known from here on
    database.away_after = database.runs + 1;
    CHECK(absl::IsUnavailable(io.Run(follower.Apply(batch, 3))));
    database.away_after = std::numeric_limits<int>::max();
    CHECK(Lines() == lines);
    REQUIRE(io.Run(follower.Apply(batch, 3)).ok());
  }
  CHECK(LeftOut() == left_out + 1);
  CHECK(Lines() == lines + 2);
  CHECK(Presence(As())->presence().session_ids_size() == 2);
  ActivityFollower after_crash(database, directory, clock, base::SystemRandom());
  CHECK(*io.Run(after_crash.LoadPosition()) == 3);
}

TEST_CASE_METHOD(RoutingWorld, "ends of calls of agents who are not registered cost one look") {
  using session::v1::Session;
  ActivityFollower follower(database, directory, clock, base::SystemRandom());
  REQUIRE(io.Run(follower.LoadPosition()).ok());
  const auto ends = [&](int64_t first) {
    events::FeedConsumer::Batch batch;
    for (int i = 0; i < 50; ++i) {
      auto& event = *batch.Add();
      event = Event(first + i, "session.ended", Session::CONNECTED, Session::COMPLETED, 1000);
      event.set_agent_id(absl::StrCat("agent-", i));
    }
    return batch;
  };
  REQUIRE(io.Run(follower.Apply(ends(1), 50)).ok());  // who is registered is known from here on
  int before = database.statements;
  REQUIRE(io.Run(follower.Apply(ends(51), 100)).ok());
  CHECK(database.statements - before == 1);
  // Beside the news of somebody who is, too: cursor, the others, her row and line, and the cursor.
  REQUIRE(AddAgent("ann").ok());
  auto batch = ends(101);
  *batch.Add() = Event(151, "session.connected", Session::RINGING, Session::CONNECTED, 1000);
  REQUIRE(io.Run(follower.Apply(batch, 151)).ok());
  batch = ends(152);
  *batch.Add() = Event(202, "session.ended", Session::CONNECTED, Session::COMPLETED, 1000);
  before = database.statements;
  REQUIRE(io.Run(follower.Apply(batch, 202)).ok());
  CHECK(database.statements - before < 10);
  CHECK(Presence(As())->presence().state() == "AVAILABLE");
}

TEST_CASE_METHOD(RoutingWorld, "where many agents of several tenants stand is found together") {
  std::vector<AgentOfTenant> asked;
  for (int i = 0; i < 70; ++i) {
    asked.emplace_back(base::TenantId(i % 2 == 0 ? "t1" : "t2"), absl::StrCat("agent-", i));
  }
  asked.emplace_back(base::TenantId("t1"), "ann");
  asked.emplace_back(base::TenantId("t2"), "ann");
  REQUIRE(Log(As(), v1::AgentActivity::LOGIN).ok());
  std::map<AgentOfTenant, Standing> found;
  const absl::Status status = database.RunBlocking([&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(found, StandingsOf(c, asked));
    return absl::OkStatus();
  });
  REQUIRE(status.ok());
  REQUIRE(found.size() == 1);
  CHECK(found.begin()->first == AgentOfTenant(base::TenantId("t1"), "ann"));
  CHECK(found.begin()->second.chosen == "AVAILABLE");
}

}  // namespace ctc::routing
