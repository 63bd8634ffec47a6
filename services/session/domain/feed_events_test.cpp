// What the feed says of each step.
#include "services/session/domain/feed_events.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/session/domain/canonical_order.h"
#include "services/session/domain/facts_for_test.h"
#include "services/session/domain/fold.h"
#include "services/session/domain/transitions.h"

namespace ctc::session::domain {
namespace {

using F = v1::CallFact;
using S = v1::Session;

std::vector<v1::CallEvent> Step(const CallStart& start, const Facts& known, const Fact& fact) {
  Facts next = known;
  next.push_back(fact);
  return DiffEvents(Fold(start, known), Fold(start, next), fact, IsLate(known, fact));
}

std::vector<std::string> Types(const std::vector<v1::CallEvent>& events) {
  std::vector<std::string> types;
  for (const auto& event : events) types.push_back(event.type());
  return types;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("each step has its event", "[session][feed]") {
  const Facts answered = {AFact(F::CALL_ANSWERED, 5)};
  CHECK(Types(Step(CustomerOnly(), {}, AFact(F::CALL_INITIATED, 1))) == Names{"session.dialled"});
  CHECK(Types(Step(CustomerOnly(), {}, AFact(F::CALL_RINGING, 1))) == Names{"session.ringing"});
  CHECK(Types(Step(CustomerOnly(), {}, answered[0])) == Names{"session.connected"});
  CHECK(Types(Step(CustomerOnly(), answered, AFact(F::CALL_HELD, 9))) == Names{"session.held"});
  CHECK(Types(Step(CustomerOnly(), {answered[0], AFact(F::CALL_HELD, 9)},
                   AFact(F::CALL_RESUMED, 12))) == Names{"session.resumed"});
  CHECK(Types(Step(CustomerOnly(), answered, AFact(F::CALL_MUTED, 9))) == Names{"session.muted"});
  CHECK(Types(Step(CustomerOnly(), answered, AFact(F::RECORDING_STARTED, 9))) ==
        Names{"recording.started"});
  Fact failed = AFact(F::RECORDING_FAILED, 9);
  failed.set_message("the disk is full");
  const auto events = Step(CustomerOnly(), answered, failed);
  REQUIRE(Types(events) == Names{"recording.failed"});
  CHECK(events[0].detail() == "the disk is full");
}

TEST_CASE("an ending tells status, reason and talk seconds", "[session][feed]") {
  const auto events = Step(CustomerOnly(), {AFact(F::CALL_ANSWERED, 5)}, AFact(F::CALL_ENDED, 65));
  REQUIRE(Types(events) == Names{"session.ended"});
  CHECK(events[0].old_status() == S::CONNECTED);
  CHECK(events[0].new_status() == S::COMPLETED);
  CHECK(events[0].end_reason() == v1::NORMAL);
  CHECK(events[0].duration_delta_seconds() == 60);
}

TEST_CASE("a leg's step comes before the session's", "[session][feed]") {
  const auto events = Step(AgentFirst(), {}, Of(v1::Leg::AGENT, AFact(F::CALL_RINGING, 1)));
  REQUIRE(Types(events) == Names{"leg.ringing", "session.ringing"});
  CHECK(events[0].party() == v1::Leg::AGENT);
  CHECK(events[0].old_status() == events[0].new_status());
}

TEST_CASE("a correction tells old and new", "[session][feed]") {
  Fact answered = AFact(F::CALL_ANSWERED, 5);
  *answered.mutable_received_time() = base::ToProto(At(100));
  const auto events = Step(CustomerOnly(), {AFact(F::CALL_NO_ANSWER, 25)}, answered);
  REQUIRE(Types(events) == Names{"session.corrected"});
  CHECK(events[0].old_status() == S::NO_ANSWER);
  CHECK(events[0].new_status() == S::COMPLETED);
  CHECK(events[0].duration_delta_seconds() == 20);
  CHECK(events[0].late());
}

TEST_CASE("a late fact is on the timeline and changes no status", "[session][feed]") {
  const auto events = Step(CustomerOnly(), {AFact(F::CALL_ANSWERED, 5), AFact(F::CALL_ENDED, 9)},
                           AFact(F::CALL_RINGING, 2));
  REQUIRE(Types(events) == Names{"session.ringing"});
  CHECK(events[0].late());
  CHECK(events[0].old_status() == S::COMPLETED);
  CHECK(events[0].new_status() == S::COMPLETED);
}

TEST_CASE("an answer told after the end connects nobody", "[session][feed]") {
  const Facts over = {AFact(F::CALL_ANSWERED, 5), AFact(F::CALL_ENDED, 9)};
  const auto events = Step(CustomerOnly(), over, AFact(F::CALL_ANSWERED, 6));
  REQUIRE(Types(events) == Names{"session.fact"});
  CHECK(events[0].fact_kind() == F::CALL_ANSWERED);
  CHECK(events[0].new_status() == S::COMPLETED);
}

TEST_CASE("digits never enter the feed", "[session][feed]") {
  Fact keys = AFact(F::DTMF_RECEIVED, 9);
  keys.set_digits("4929");
  for (const auto& event : Step(CustomerOnly(), {AFact(F::CALL_ANSWERED, 5)}, keys)) {
    CHECK(event.ShortDebugString().find("4929") == std::string::npos);
  }
}

TEST_CASE("a client may claim what the table allows and nothing else", "[session][transitions]") {
  CHECK(*ClaimedKind(S::INITIATED, S::CONNECTED) == F::CALL_ANSWERED);
  CHECK(*ClaimedKind(S::ON_HOLD, S::CONNECTED) == F::CALL_RESUMED);
  CHECK(*ClaimedKind(S::CONNECTED, S::COMPLETED) == F::CALL_ENDED);
  CHECK(*ClaimedKind(S::CONNECTED, S::CONNECTED) == F::KIND_UNSPECIFIED);
  const auto refused = ClaimedKind(S::RINGING, S::COMPLETED);
  CHECK(base::IsError(refused.status(), base::kIllegalTransition));
  CHECK(base::DetailOf(refused.status()).metadata.at("legal") ==
        "CONNECTED,FAILED,BUSY,NO_ANSWER,CANCELLED,VOICEMAIL");
  CHECK(base::IsError(ClaimedKind(S::RINGING, S::STATUS_UNSPECIFIED).status(),
                      base::kValidationFailed));
}

TEST_CASE("no claim leaves an ending", "[session][transitions]") {
  const auto from = GENERATE(S::COMPLETED, S::FAILED, S::BUSY, S::NO_ANSWER, S::CANCELLED,
                             S::TRANSFERRED, S::VOICEMAIL);
  CHECK(LegalClaims(from).empty());
  const auto refused = ClaimedKind(from, S::RINGING);
  CHECK(base::DetailOf(refused.status()).metadata.at("legal").empty());
}

TEST_CASE("each legal claim leads where it says", "[session][transitions]") {
  const std::vector<std::pair<Status, Facts>> starts = {
      {S::INITIATED, {}},
      {S::RINGING, {AFact(F::CALL_RINGING, 1)}},
      {S::CONNECTED, {AFact(F::CALL_ANSWERED, 2)}},
      {S::ON_HOLD, {AFact(F::CALL_ANSWERED, 2), AFact(F::CALL_HELD, 3)}}};
  for (const auto& [from, facts] : starts) {
    REQUIRE(Fold(CustomerOnly(), facts).status == from);
    for (Status to : LegalClaims(from)) {
      Facts next = facts;
      next.push_back(By(v1::CLIENT, Untimed(AFact(*ClaimedKind(from, to), 30))));
      INFO(S::Status_Name(from) << " to " << S::Status_Name(to));
      CHECK(Fold(CustomerOnly(), next).status == to);
    }
  }
}

}  // namespace ctc::session::domain
