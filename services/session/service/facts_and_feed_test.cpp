// Facts in, events out, and the lists in between.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"

namespace ctc::session {
namespace {

using testing::HasError;
using testing::IsOk;
using F = v1::CallFact;
using R = v1::ApplyFactsResponse;
using S = v1::Session;

std::string NewSession(Fixture& f, const std::string& to = "+1234567890") {
  const auto session = f.Initiate(f.Click(to), f.Context());
  REQUIRE_THAT(session.status(), IsOk());
  return session->id();
}

absl::StatusOr<v1::ListSessionsResponse> List(Fixture& f, const v1::ListSessionsRequest& request,
                                              rpc::Context context) {
  return f.process->Run(f.process->service.ListSessions(std::move(context), request));
}

}  // namespace

TEST_CASE("a call's facts lead to its record, each exactly once", "[session][facts]") {
  Fixture f;
  const std::string id = NewSession(f);
  const std::vector<v1::SessionFact> facts = {f.Fact(id, F::CALL_RINGING, 2),
                                              f.Fact(id, F::CALL_ANSWERED, 10),
                                              f.Fact(id, F::CALL_ENDED, 190)};
  const auto applied = f.Apply(facts);
  REQUIRE_THAT(applied.status(), IsOk());
  CHECK(applied->results(0) == R::APPLIED);
  CHECK(applied->results(2) == R::APPLIED);
  const auto before = f.Get(id);
  CHECK(before->status() == S::COMPLETED);
  CHECK(before->duration_seconds() == 180);
  const auto again = f.Apply(facts);
  for (int i = 0; i < 3; ++i) CHECK(again->results(i) == R::DUPLICATE);
  CHECK(f.Get(id)->version() == before->version());
  f.NewProcess();
  CHECK(f.Apply(facts)->results(1) == R::DUPLICATE);
  CHECK(f.Get(id)->SerializeAsString() == before->SerializeAsString());
  CHECK(f.Scalar("SELECT CONCAT(status, ' ', duration_seconds, ' ', end_reason)"
                 " FROM click_to_call_session") == "COMPLETED 180 NORMAL");
}

TEST_CASE("any order of arrival gives the same row", "[session][facts]") {
  Fixture f;
  std::mt19937 random(7);
  std::set<std::string> rows;
  for (int round = 0; round < 12; ++round) {
    const std::string id = NewSession(f, "+100000000" + std::to_string(10 + round));
    std::vector<v1::SessionFact> facts = {
        f.Fact(id, F::CALL_INITIATED, 1), f.Fact(id, F::CALL_RINGING, 2),
        f.Fact(id, F::CALL_ANSWERED, 10), f.Fact(id, F::CALL_ENDED, 70),
        f.Fact(id, F::CALL_ENDED, 70)};
    std::shuffle(facts.begin(), facts.end(), random);
    for (const auto& fact : facts) REQUIRE_THAT(f.Apply({fact}).status(), IsOk());
    const auto s = f.Get(id);
    rows.insert(S::Status_Name(s->status()) + std::to_string(s->duration_seconds()) + " " +
                std::to_string(s->ring_seconds()));
  }
  CHECK(rows == std::set<std::string>{"COMPLETED60 8"});
}

TEST_CASE("a fact finds its session by any of its names", "[session][facts]") {
  Fixture f;
  const std::string id = NewSession(f);
  const std::string session_id = f.Get(id)->session_id();
  auto by_call = f.Fact("", F::CALL_RINGING, 2);
  by_call.set_provider_id("p1");
  by_call.set_provider_call_id("call-" + id);
  auto answered = f.Fact(session_id, F::CALL_ANSWERED, 5);
  answered.mutable_fact()->set_party(v1::Leg::CUSTOMER);
  answered.mutable_fact()->set_provider_leg_id("leg-2");
  if (GENERATE(false, true)) f.NewProcess();
  const auto applied = f.Apply({by_call, answered});
  REQUIRE_THAT(applied.status(), IsOk());
  CHECK(applied->results(0) == R::APPLIED);
  CHECK(applied->results(1) == R::APPLIED);
  f.NewProcess();
  auto by_leg = f.Fact("", F::CALL_ENDED, 9);
  by_leg.set_provider_id("p1");
  by_leg.set_provider_call_id("leg-2");
  CHECK(f.Apply({by_leg})->results(0) == R::APPLIED);
  v1::ResolveSessionRequest resolve;
  resolve.set_session(session_id);
  CHECK(f.process->Run(f.process->service.ResolveSession(f.Context(), resolve))->id() == id);
}

TEST_CASE("facts of nobody's session are told apart from the rest", "[session][facts]") {
  Fixture f;
  const std::string id = NewSession(f);
  auto foreign = f.Fact(id, F::CALL_RINGING, 1);
  foreign.set_tenant_id("t2");
  const auto applied = f.Apply({f.Fact("sess_01ARZ3NDEKTSV4RRFFQ69G5FAV", F::CALL_RINGING, 1),
                                foreign, f.Fact(id, F::CALL_RINGING, 1)});
  REQUIRE_THAT(applied.status(), IsOk());
  CHECK(applied->results(0) == R::UNKNOWN_SESSION);
  CHECK(applied->results(1) == R::UNKNOWN_SESSION);
  CHECK(applied->results(2) == R::APPLIED);
}

TEST_CASE("a fact with oversized texts is kept, cut to its columns", "[session][facts]") {
  Fixture f;
  const std::string id = NewSession(f);
  auto fact = f.Fact(id, F::CALL_FAILED, 3);
  fact.mutable_fact()->set_cause(std::string(500, '\xE9'));
  fact.mutable_fact()->set_message(std::string(5000, 'm'));
  fact.mutable_fact()->set_error_code(std::string(500, 'E'));
  fact.mutable_fact()->set_provider_leg_id(std::string(500, 'l'));
  fact.mutable_fact()->set_party(v1::Leg::CUSTOMER);
  fact.mutable_fact()->mutable_provider_time()->set_seconds(-99999999999);
  CHECK(f.Apply({fact})->results(0) == R::APPLIED);
  CHECK(f.Get(id)->status() == S::FAILED);
}

TEST_CASE("a session takes a thousand facts, and its end after them", "[session][facts]") {
  Fixture f;
  const std::string id = NewSession(f);
  REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_ANSWERED, 1)}).status(), IsOk());
  int told = 1;
  std::set<int> refused;
  for (int round = 0; round < 3; ++round) {
    std::vector<v1::SessionFact> facts;
    for (int i = 0; i < 500; ++i) {
      const F::Kind kind = i % 2 == 0 ? F::CALL_MUTED : F::CALL_UNMUTED;
      facts.push_back(f.Fact(id, kind, 2 + 500 * round + i));
    }
    const auto applied = f.Apply(facts);
    REQUIRE_THAT(applied.status(), IsOk());
    REQUIRE(applied->results_size() == 500);
    for (const int result : applied->results()) {
      ++told;
      if (result == R::DUPLICATE) refused.insert(told);
    }
  }
  CHECK(refused.size() == 501);
  CHECK(*refused.begin() == 1001);
  v1::UpdateSessionStatusRequest claim;
  claim.set_id(id);
  claim.set_status(S::ON_HOLD);
  const auto claimed = f.process->Run(f.process->service.UpdateSessionStatus(f.Context(), claim));
  CHECK_THAT(claimed.status(), HasError(base::kIllegalTransition));
  CHECK(base::DetailOf(claimed.status()).metadata.at("legal") == "COMPLETED,TRANSFERRED");
  CHECK(f.Get(id)->status() == S::CONNECTED);
  CHECK(f.Apply({f.Fact(id, F::CALL_ENDED, 2000)})->results(0) == R::APPLIED);
  CHECK(f.Get(id)->status() == S::COMPLETED);
}

TEST_CASE("the feed has no gaps and wakes who waits", "[session][feed]") {
  Fixture f;
  const std::string id = NewSession(f);
  REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_RINGING, 2), f.Fact(id, F::CALL_ANSWERED, 5)}).status(),
               IsOk());
  const auto events = f.Feed();
  for (size_t i = 0; i < events.size(); ++i) CHECK(events[i].seq() == static_cast<int64_t>(i) + 1);
  v1::ReadFeedRequest request;
  request.set_after_seq(-1);
  CHECK(f.process->Run(f.process->service.ReadFeed(f.Context(), request))->last_seq() ==
        events.back().seq());

  request.set_after_seq(events.back().seq());
  request.set_wait_ms(20000);
  auto waiting =
      asio::co_spawn(asio::make_strand(f.process->threads.context()),
                     f.process->service.ReadFeed(f.Context(), request), asio::use_future);
  REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_ENDED, 9)}).status(), IsOk());
  REQUIRE(waiting.wait_for(std::chrono::seconds(15)) == std::future_status::ready);
  const auto news = waiting.get();
  REQUIRE(news->events_size() == 1);
  CHECK(news->events(0).type() == "session.ended");
  SECTION("a new process reads the same from the table") {
    f.NewProcess();
    const auto all = f.Feed();
    CHECK(all.size() == events.size() + 1);
    CHECK(all[1].SerializeAsString() == events[1].SerializeAsString());
  }
  SECTION("a tenant sees its own events and still moves on") {
    request.set_after_seq(0);
    request.set_wait_ms(0);
    request.set_tenant_id("t2");
    const auto none = f.process->Run(f.process->service.ReadFeed(f.Context(), request));
    CHECK(none->events_size() == 0);
    CHECK(none->last_seq() == news->events(0).seq());
  }
}

TEST_CASE("who waits for the feed is let go at the stop", "[session][feed]") {
  Fixture f;
  NewSession(f);
  v1::ReadFeedRequest request;
  request.set_after_seq(f.Feed().back().seq());
  request.set_wait_ms(20000);
  const auto read = [&] {
    return asio::co_spawn(asio::make_strand(f.process->threads.context()),
                          f.process->service.ReadFeed(f.Context(), request), asio::use_future);
  };
  auto waiting = read();
  REQUIRE(waiting.wait_for(std::chrono::milliseconds(200)) == std::future_status::timeout);
  f.process->service.Stop();
  auto later = read();
  for (auto* page : {&waiting, &later}) {
    REQUIRE(page->wait_for(std::chrono::seconds(15)) == std::future_status::ready);
    const auto empty = page->get();
    REQUIRE_THAT(empty.status(), IsOk());
    CHECK(empty->events_size() == 0);
    CHECK(empty->last_seq() == request.after_seq());
  }
}

TEST_CASE("the timeline of a session is complete and in order", "[session][feed]") {
  Fixture f;
  const std::string id = NewSession(f);
  REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_ENDED, 9), f.Fact(id, F::CALL_RINGING, 2)}).status(),
               IsOk());
  v1::ListSessionEventsRequest request;
  request.set_id(id);
  const auto events = f.process->Run(f.process->service.ListSessionEvents(f.Context(), request));
  REQUIRE_THAT(events.status(), IsOk());
  CHECK(events->total() == 3);
  CHECK(events->events(0).type() == "session.initiated");
  CHECK(events->events(1).type() == "session.ended");
  CHECK(events->events(2).type() == "session.corrected");  // it rang, so it was not answered
  CHECK(events->events(2).late());
}

TEST_CASE("lists filter, count and page", "[session][list]") {
  Fixture f;
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) {
    ids.push_back(NewSession(f, "+100000000" + std::to_string(10 + i)));
    f.clock.Advance(absl::Seconds(10));
  }
  REQUIRE_THAT(f.Apply({f.Fact(ids[2], F::CALL_BUSY, 1)}).status(), IsOk());
  if (GENERATE(false, true)) f.NewProcess();
  v1::ListSessionsRequest request;
  SECTION("newest first, all counted") {
    request.set_limit(3);
    const auto page = List(f, request, f.Context());
    REQUIRE_THAT(page.status(), IsOk());
    CHECK(page->total() == 7);
    REQUIRE(page->sessions_size() == 3);
    CHECK(page->sessions(0).id() == ids[6]);
    CHECK(page->sessions(0).legs_size() == 0);
  }
  SECTION("by cursor to the end") {
    request.set_limit(3);
    std::vector<std::string> seen;
    for (int pages = 0; pages < 5; ++pages) {
      const auto page = List(f, request, f.Context());
      for (const auto& session : page->sessions()) seen.push_back(session.id());
      if (!page->has_next_cursor()) break;
      request.set_cursor(page->next_cursor());
    }
    CHECK(seen == std::vector<std::string>(ids.rbegin(), ids.rend()));
  }
  SECTION("by offset, beyond the end too") {
    request.set_offset(6);
    CHECK(List(f, request, f.Context())->sessions(0).id() == ids[0]);
    request.set_offset(100);
    CHECK(List(f, request, f.Context())->total() == 7);
  }
  SECTION("by status and agent") {
    request.set_status("BUSY");
    request.set_agent_id("agent-uuid");
    const auto page = List(f, request, f.Context());
    REQUIRE(page->total() == 1);
    CHECK(page->sessions(0).id() == ids[2]);
  }
  SECTION("by time") {
    *request.mutable_started_after() = f.Get(ids[5])->created_at();
    CHECK(List(f, request, f.Context())->total() == 2);
    request.clear_started_after();
    *request.mutable_started_before() = f.Get(ids[5])->created_at();
    CHECK(List(f, request, f.Context())->total() == 5);
  }
  SECTION("by text, without wildcards") {
    request.set_q("+10000000");
    CHECK(List(f, request, f.Context())->total() == 7);
    request.set_q("John");
    CHECK(List(f, request, f.Context())->total() == 7);
    request.set_q("%ohn");
    CHECK(List(f, request, f.Context())->total() == 0);
  }
  SECTION("another tenant sees nothing") { CHECK(List(f, request, f.Context("t2"))->total() == 0); }
  SECTION("an agent sees its own") {
    auto agent = f.Context();
    agent.principal.role = rpc::Role::kAgent;
    agent.principal.agent_id = "someone-else";
    CHECK(List(f, request, agent)->total() == 0);
  }
  SECTION("bad values are named") {
    auto bad = request;
    bad.set_limit(0);
    CHECK_THAT(List(f, bad, f.Context()).status(), HasError(base::kValidationFailed));
    bad = request;
    bad.set_status("SLEEPING");
    CHECK_THAT(List(f, bad, f.Context()).status(), HasError(base::kValidationFailed));
    bad = request;
    bad.set_cursor("' OR 1=1 --");
    CHECK_THAT(List(f, bad, f.Context()).status(), HasError(base::kValidationFailed));
  }
}

TEST_CASE("live sessions of an account are listed", "[session][list]") {
  Fixture f;
  auto click = f.Click("+1000000001");
  (*click.mutable_metadata()->mutable_fields())["note"].set_string_value("long");
  const auto placed = f.Initiate(click, f.Context());
  REQUIRE_THAT(placed.status(), IsOk());
  REQUIRE(placed->has_metadata());
  const std::string ended = NewSession(f, "+1000000002");
  REQUIRE_THAT(f.Apply({f.Fact(ended, F::CALL_BUSY, 1)}).status(), IsOk());
  v1::ListLiveSessionsRequest request;
  request.set_provider_id("p1");
  const auto found = f.process->Run(f.process->service.ListLiveSessions(f.Context(), request));
  REQUIRE(found->sessions_size() == 1);
  CHECK(found->sessions(0).id() == placed->id());
  // 10,000 of them go in one answer.
  CHECK_FALSE(found->sessions(0).has_metadata());
}

}  // namespace ctc::session
