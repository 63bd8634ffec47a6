// The table of watchdogs, and facts made fit to be kept.
#include "services/session/domain/watchdog_policy.h"

#include <catch2/catch.hpp>

#include "services/session/domain/clean_fact.h"
#include "services/session/domain/facts_for_test.h"
#include "services/session/domain/fold.h"

namespace ctc::session::domain {
namespace {

using S = v1::Session;

Watched In(Status status, S::Submission submission = S::ACCEPTED) {
  Watched watched;
  watched.status = status;
  watched.submission = submission;
  watched.created_at = At(0);
  watched.last_heard = At(0);
  if (IsJoined(status)) watched.joined_at = At(0);
  return watched;
}

absl::Time Due(const Watched& watched) { return PlanWatch(watched, {}, At(0)).due; }

}  // namespace

TEST_CASE("each state has its patience", "[session][watchdog]") {
  CHECK(Due(In(S::INITIATED, S::SENT)) == At(30));
  CHECK(Due(In(S::INITIATED, S::UNKNOWN_OUTCOME)) == At(0));
  CHECK(Due(In(S::INITIATED, S::ACCEPTED)) == At(45));
  CHECK(Due(In(S::RINGING)) == At(90));
  CHECK(Due(In(S::CONNECTED)) == At(900));
  CHECK(Due(In(S::ON_HOLD)) == At(900));
}

TEST_CASE("a waiting caller is asked after, and stays as long as it is there",
          "[session][watchdog]") {
  Watched caller = In(GENERATE(S::INITIATED, S::RINGING));
  caller.direction = S::INBOUND;
  CHECK(Due(caller) == At(45));
  const auto after = [&](int seconds, Found found) {
    const WatchdogPlan plan = PlanWatch(caller, {}, At(seconds));
    CHECK_FALSE(plan.hang_up);
    return Conclude(caller, plan, found, At(seconds));
  };
  CHECK_FALSE(after(3600, Found::kLive));
  CHECK_FALSE(after(899, Found::kUnreachable));
  CHECK_FALSE(after(899, Found::kCannotAsk));
  CHECK(after(900, Found::kCannotAsk)->reason() == v1::LOST);
  CHECK(after(46, Found::kNotFound)->reason() == v1::LOST);
  CHECK_FALSE(after(46, Found::kEnded));
  const SessionState lost = Fold(Inbound(), {*after(46, Found::kNotFound)});
  CHECK(lost.status == S::FAILED);
  CHECK(PlanWatch(caller, {}, At(4 * 3600 + 60)).hang_up);
}

TEST_CASE("the longest duration is hung up even while events come", "[session][watchdog]") {
  Watched talking = In(S::CONNECTED);
  talking.last_heard = At(4 * 3600 + 50);
  const WatchdogPlan plan = PlanWatch(talking, {}, At(4 * 3600 + 60));
  CHECK(plan.due == At(4 * 3600 + 60));
  CHECK(plan.hang_up);
}

TEST_CASE("no state lives for ever when nobody can be asked", "[session][watchdog]") {
  const auto status = GENERATE(S::INITIATED, S::RINGING, S::CONNECTED, S::ON_HOLD);
  const auto submission = GENERATE(S::SENT, S::ACCEPTED, S::UNKNOWN_OUTCOME);
  const auto found = GENERATE(Found::kUnreachable, Found::kCannotAsk, Found::kNotFound);
  const Watched watched = In(status, submission);
  const absl::Time late = At(24 * 3600);
  const WatchdogPlan plan = PlanWatch(watched, {}, late);
  const auto ending = Conclude(watched, plan, found, late);
  REQUIRE(ending.has_value());
  CHECK(ending->source() == v1::TIMEOUT);
  CHECK_FALSE(IsLive(Fold(CustomerOnly(), {*ending}).status));
}

TEST_CASE("a call that was lost has a code, and the provider's words where they were odd",
          "[session][watchdog]") {
  Watched watched = In(S::INITIATED, S::UNKNOWN_OUTCOME);
  const auto lost = [&](Found found) {
    const WatchdogPlan plan = PlanWatch(watched, {}, At(3600));
    return Fold(AgentFirst(), {*Conclude(watched, plan, found, At(3600))});
  };
  CHECK(lost(Found::kNotFound).error_code == "SUBMISSION_UNKNOWN");
  watched.answer = "HTTP 500 after the request was sent";
  CHECK(lost(Found::kCannotAsk).error_message.ends_with(watched.answer));
  watched.submission = S::ACCEPTED;
  CHECK(lost(Found::kNotFound).error_code == "PROVIDER_ERROR");
  CHECK(lost(Found::kNotFound).end_reason == v1::LOST);
}

TEST_CASE("a live call is not ended before its limit", "[session][watchdog]") {
  const Watched watched = In(S::CONNECTED);
  const WatchdogPlan plan = PlanWatch(watched, {}, At(1000));
  CHECK_FALSE(Conclude(watched, plan, Found::kLive, At(1000)).has_value());
  CHECK(NextLook(plan, At(1000)) > At(1000));
}

TEST_CASE("a call just sent is not given up because the provider does not show it yet",
          "[session][watchdog]") {
  const Watched watched = In(S::INITIATED, S::SENT);
  const WatchdogPlan plan = PlanWatch(watched, {}, At(31));
  CHECK_FALSE(Conclude(watched, plan, Found::kNotFound, At(31)).has_value());
}

TEST_CASE("texts are cut at a character and lose control characters", "[session][facts]") {
  CHECK(CleanText("ab\ncd", 10) == "abcd");
  CHECK(CleanText("\xC3\xA4\xC3\xB6", 3) == "\xC3\xA4");
  CHECK(CleanText("a\xFFz\xC3", 10) == "az");
}

TEST_CASE("what cannot be is dropped from a fact", "[session][facts]") {
  Fact fact = AFact(v1::CallFact::CALL_ENDED, 10);
  fact.set_kind(static_cast<v1::CallFact::Kind>(99));
  fact.set_party(static_cast<v1::Leg::Party>(99));
  fact.set_reason(static_cast<v1::EndReason>(99));
  fact.set_source(v1::KNOWN_BY_UNSPECIFIED);
  fact.set_duration_seconds(-5);
  fact.set_digits("4929");
  fact.mutable_provider_time()->set_seconds(1);
  const Fact clean = CleanFact(fact, At(20));
  CHECK(clean.kind() == v1::CallFact::KIND_UNSPECIFIED);
  CHECK(clean.party() == v1::Leg::PARTY_UNSPECIFIED);
  CHECK(clean.reason() == v1::END_REASON_UNSPECIFIED);
  CHECK(clean.source() == v1::WEBHOOK);
  CHECK_FALSE(clean.has_duration_seconds());
  CHECK_FALSE(clean.has_provider_time());
  CHECK(clean.digits().empty());
}

}  // namespace ctc::session::domain
