// The rules of the state machine, one by one.
#include "services/session/domain/fold.h"

#include <catch2/catch.hpp>

#include "libs/base/proto_time.h"
#include "services/session/domain/facts_for_test.h"

namespace ctc::session::domain {
namespace {

using F = v1::CallFact;
using S = v1::Session;

constexpr auto kAgent = v1::Leg::AGENT;
constexpr auto kCustomer = v1::Leg::CUSTOMER;

const v1::Leg& LegOf(const SessionState& state, v1::Leg::Party party) {
  for (const v1::Leg& leg : state.legs) {
    if (leg.party() == party) return leg;
  }
  FAIL("no such leg");
  return state.legs.front();
}

}  // namespace

TEST_CASE("a session without facts is initiated, its agent being dialled", "[session][fold]") {
  const SessionState state = Fold(AgentFirst(), {});
  CHECK(state.status == S::INITIATED);
  CHECK(state.known_by == v1::SUBMISSION);
  REQUIRE(state.legs.size() == 1);
  CHECK(state.legs[0].id() == "agent");
  CHECK(state.legs[0].state() == v1::Leg::DIALLING);
  CHECK(Fold(CustomerOnly(), {}).legs[0].id() == "customer");
}

TEST_CASE("a call runs from ringing over the talk to completed", "[session][fold]") {
  const SessionState state =
      Fold(CustomerOnly(), {AFact(F::CALL_INITIATED, 1), AFact(F::CALL_RINGING, 2),
                            AFact(F::CALL_ANSWERED, 10), AFact(F::CALL_ENDED, 190)});
  CHECK(state.status == S::COMPLETED);
  CHECK(state.end_reason == v1::NORMAL);
  CHECK(state.known_by == v1::WEBHOOK);
  CHECK(state.started_at == At(2));
  CHECK(state.answered_at == At(10));
  CHECK(state.ended_at == At(190));
  CHECK(state.duration_seconds == 180);
  CHECK(state.ring_seconds == 8);
  CHECK(LegOf(state, kCustomer).state() == v1::Leg::ENDED);
}

TEST_CASE("the end before the answer keeps the duration", "[session][fold]") {
  Fact answered = AFact(F::CALL_ANSWERED, 10);
  *answered.mutable_received_time() = base::ToProto(At(300));
  const SessionState state = Fold(CustomerOnly(), {AFact(F::CALL_ENDED, 190), answered});
  CHECK(state.status == S::COMPLETED);
  CHECK(state.duration_seconds == 180);
}

TEST_CASE("an answer later than the end does not make a talk of it", "[session][fold]") {
  const SessionState state =
      Fold(CustomerOnly(),
           {AFact(F::CALL_RINGING, 2), AFact(F::CALL_NO_ANSWER, 30), AFact(F::CALL_ANSWERED, 40)});
  CHECK(state.status == S::NO_ANSWER);
  CHECK_FALSE(state.answered_at.has_value());
  CHECK(state.duration_seconds == 0);
}

TEST_CASE("an overtaken answer with an earlier time proves no-answer wrong", "[session][fold]") {
  Fact answered = AFact(F::CALL_ANSWERED, 20);
  *answered.mutable_received_time() = base::ToProto(At(100));
  const SessionState state = Fold(CustomerOnly(), {AFact(F::CALL_NO_ANSWER, 30), answered});
  CHECK(state.status == S::COMPLETED);
  CHECK(state.end_reason == v1::NORMAL);
  CHECK(state.duration_seconds == 10);
}

TEST_CASE("late ringing never undoes an answer or an end", "[session][fold]") {
  CHECK(Fold(CustomerOnly(), {AFact(F::CALL_ANSWERED, 10), AFact(F::CALL_RINGING, 20)}).status ==
        S::CONNECTED);
  const SessionState ended =
      Fold(CustomerOnly(),
           {AFact(F::CALL_ANSWERED, 10), AFact(F::CALL_ENDED, 20), AFact(F::CALL_RINGING, 30)});
  CHECK(ended.status == S::COMPLETED);
  CHECK(ended.started_at == At(10));
  CHECK(ended.ring_seconds == 0);
}

TEST_CASE("the agent's answer alone is not the conversation", "[session][fold]") {
  const SessionState state = Fold(AgentFirst(), {Of(kAgent, AFact(F::CALL_RINGING, 1)),
                                                 Of(kAgent, AFact(F::CALL_ANSWERED, 5))});
  CHECK(state.status == S::RINGING);
  CHECK(LegOf(state, kAgent).state() == v1::Leg::ANSWERED);
  const SessionState joined = Fold(AgentFirst(), {Of(kAgent, AFact(F::CALL_ANSWERED, 5)),
                                                  Of(kCustomer, AFact(F::CALL_RINGING, 6)),
                                                  Of(kCustomer, AFact(F::CALL_ANSWERED, 12))});
  CHECK(joined.status == S::CONNECTED);
  CHECK(joined.answered_at == At(12));
  CHECK(LegOf(joined, kAgent).answered_at().seconds() == base::ToProto(At(5)).seconds());
}

TEST_CASE("an ending is named after the leg it happened on", "[session][fold]") {
  struct Case {
    v1::Leg::Party party;
    F::Kind kind;
    S::Status status;
    v1::EndReason reason;
  };
  const auto c = GENERATE(Case{kAgent, F::CALL_BUSY, S::BUSY, v1::AGENT_REJECTED},
                          Case{kAgent, F::CALL_REJECTED, S::FAILED, v1::AGENT_REJECTED},
                          Case{kAgent, F::CALL_NO_ANSWER, S::NO_ANSWER, v1::AGENT_NO_ANSWER},
                          Case{kAgent, F::CALL_FAILED, S::FAILED, v1::PROVIDER_ERROR},
                          Case{kCustomer, F::CALL_BUSY, S::BUSY, v1::CUSTOMER_BUSY},
                          Case{kCustomer, F::CALL_REJECTED, S::FAILED, v1::CUSTOMER_REJECTED},
                          Case{kCustomer, F::CALL_NO_ANSWER, S::NO_ANSWER, v1::CUSTOMER_NO_ANSWER},
                          Case{kCustomer, F::CALL_CANCELLED, S::CANCELLED, v1::CANCELLED_BY_AGENT},
                          Case{kCustomer, F::CALL_MACHINE, S::VOICEMAIL, v1::MACHINE},
                          Case{kCustomer, F::CALL_FAILED, S::FAILED, v1::PROVIDER_ERROR});
  CAPTURE(c.party, c.kind);
  const SessionState state = Fold(AgentFirst(), {Of(c.party, AFact(c.kind, 20))});
  CHECK(state.status == c.status);
  CHECK(state.end_reason == c.reason);
}

TEST_CASE("the customer's busy is kept though the agent's leg ends after it", "[session][fold]") {
  const SessionState state = Fold(
      AgentFirst(), {Of(kAgent, AFact(F::CALL_ANSWERED, 5)), Of(kCustomer, AFact(F::CALL_BUSY, 9)),
                     Of(kAgent, AFact(F::CALL_ENDED, 9))});
  CHECK(state.status == S::BUSY);
  CHECK(state.end_reason == v1::CUSTOMER_BUSY);
}

TEST_CASE("an agent who hangs up while the customer rings has cancelled", "[session][fold]") {
  const SessionState state =
      Fold(AgentFirst(),
           {Of(kAgent, AFact(F::CALL_ANSWERED, 5)), Of(kCustomer, AFact(F::CALL_RINGING, 7)),
            Of(kAgent, AFact(F::CALL_ENDED, 9)), Of(kCustomer, AFact(F::CALL_CANCELLED, 10))});
  CHECK(state.status == S::CANCELLED);
  CHECK(state.end_reason == v1::CANCELLED_BY_AGENT);
}

TEST_CASE("over without an answer asks for evidence", "[session][fold]") {
  const Fact ring = AFact(F::CALL_RINGING, 2);
  const Fact cancel = Untimed(By(v1::SUBMISSION, AFact(F::CANCEL_REQUESTED, 8)));
  const Fact over = AFact(F::CALL_ENDED, 40);
  SECTION("it rang: no answer") {
    CHECK(Fold(CustomerOnly(), {ring, over}).status == S::NO_ANSWER);
  }
  SECTION("we asked to cancel: cancelled, also while ringing") {
    CHECK(Fold(CustomerOnly(), {ring, cancel, over}).status == S::CANCELLED);
    CHECK(Fold(CustomerOnly(), {cancel, over}).status == S::CANCELLED);
    CHECK(Fold(CustomerOnly(), {ring, cancel, AFact(F::CALL_NO_ANSWER, 9)}).status == S::CANCELLED);
  }
  SECTION("nothing happened: failed") { CHECK(Fold(CustomerOnly(), {over}).status == S::FAILED); }
  SECTION("talk seconds were counted: completed, the answer being computed back") {
    const SessionState state = Fold(CustomerOnly(), {ring, WithDuration(30, over)});
    CHECK(state.status == S::COMPLETED);
    CHECK(state.duration_seconds == 30);
    CHECK(state.answered_at == At(10));
  }
  SECTION("the seconds of the agent's leg are not talk") {
    const Fact agent_over = Of(kAgent, WithDuration(30, over));
    CHECK(Fold(AgentFirst(), {Of(kAgent, ring), agent_over}).status == S::NO_ANSWER);
  }
}

TEST_CASE("a cancel that lost against the answer is a completed call", "[session][fold]") {
  const SessionState state =
      Fold(CustomerOnly(),
           {AFact(F::CALL_RINGING, 2), Untimed(By(v1::SUBMISSION, AFact(F::CANCEL_REQUESTED, 8))),
            AFact(F::CALL_ANSWERED, 8), AFact(F::CALL_ENDED, 11)});
  CHECK(state.status == S::COMPLETED);
  CHECK(state.duration_seconds == 3);
}

TEST_CASE("after the join only completed and transferred remain", "[session][fold]") {
  const auto kind = GENERATE(F::CALL_BUSY, F::CALL_NO_ANSWER, F::CALL_REJECTED, F::CALL_CANCELLED,
                             F::CALL_FAILED, F::CALL_ENDED);
  const SessionState state = Fold(CustomerOnly(), {AFact(F::CALL_ANSWERED, 10), AFact(kind, 20)});
  CHECK(state.status == S::COMPLETED);
  CHECK(state.end_reason == (kind == F::CALL_FAILED ? v1::PROVIDER_ERROR : v1::NORMAL));
  const SessionState handed =
      Fold(CustomerOnly(), {AFact(F::CALL_ANSWERED, 10), AFact(F::CALL_TRANSFERRED, 20)});
  CHECK(handed.status == S::TRANSFERRED);
  CHECK(handed.end_reason == v1::HANDED_OVER);
}

TEST_CASE("a transfer before the join is no ending", "[session][fold]") {
  CHECK(Fold(CustomerOnly(), {AFact(F::CALL_TRANSFERRED, 20)}).status == S::INITIATED);
}

TEST_CASE("a machine's answer yields to the real end of the call", "[session][fold]") {
  const SessionState state =
      Fold(CustomerOnly(),
           {AFact(F::CALL_ANSWERED, 3), AFact(F::CALL_MACHINE, 5), AFact(F::CALL_ENDED, 60)});
  CHECK(state.status == S::COMPLETED);
  CHECK(state.end_reason == v1::MACHINE);
  CHECK(state.duration_seconds == 57);
}

TEST_CASE("an inferred ending is replaced when the provider speaks", "[session][fold]") {
  Fact lost = Untimed(By(v1::TIMEOUT, AFact(F::CALL_FAILED, 50)));
  lost.set_reason(v1::LOST);
  CHECK(Fold(CustomerOnly(), {lost}).end_reason == v1::LOST);
  const SessionState state = Fold(CustomerOnly(), {lost, AFact(F::CALL_BUSY, 45)});
  CHECK(state.status == S::BUSY);
  CHECK(state.known_by == v1::WEBHOOK);
}

TEST_CASE("the heavier source wins a contradiction of endings", "[session][fold]") {
  const SessionState state =
      Fold(CustomerOnly(), {AFact(F::CALL_NO_ANSWER, 30), By(v1::POLL, AFact(F::CALL_BUSY, 31))});
  CHECK(state.status == S::BUSY);
  CHECK(state.known_by == v1::POLL);
}

TEST_CASE("an unspecific end of a heavy source keeps what a lighter one knew", "[session][fold]") {
  const SessionState state = Fold(
      CustomerOnly(), {By(v1::EVENT_SOCKET, AFact(F::CALL_BUSY, 30)), AFact(F::CALL_ENDED, 31)});
  CHECK(state.status == S::BUSY);
  CHECK(state.known_by == v1::WEBHOOK);
}

TEST_CASE("a client's claim moves a session and yields to the provider", "[session][fold]") {
  const Fact claim = Untimed(By(v1::CLIENT, AFact(F::CALL_ANSWERED, 10)));
  const SessionState claimed = Fold(CustomerOnly(), {claim});
  CHECK(claimed.status == S::CONNECTED);
  CHECK(claimed.known_by == v1::CLIENT);
  SECTION("busy by the provider refutes it") {
    CHECK(Fold(CustomerOnly(), {claim, AFact(F::CALL_BUSY, 20)}).status == S::BUSY);
  }
  SECTION("an end with zero seconds refutes it") {
    CHECK(Fold(CustomerOnly(), {claim, WithDuration(0, AFact(F::CALL_ENDED, 20))}).status ==
          S::FAILED);
  }
  SECTION("an end without further word confirms it") {
    CHECK(Fold(CustomerOnly(), {claim, AFact(F::CALL_ENDED, 20)}).status == S::COMPLETED);
  }
  SECTION("the provider's own answer replaces its time") {
    const SessionState state = Fold(CustomerOnly(), {claim, AFact(F::CALL_ANSWERED, 13)});
    CHECK(state.answered_at == At(13));
    CHECK(state.known_by == v1::WEBHOOK);
  }
}

TEST_CASE("time on hold counts within the talk", "[session][fold]") {
  const Facts talk = {AFact(F::CALL_ANSWERED, 10), AFact(F::CALL_HELD, 20),
                      AFact(F::CALL_RESUMED, 25), AFact(F::CALL_HELD, 30)};
  const SessionState held = Fold(CustomerOnly(), talk);
  CHECK(held.status == S::ON_HOLD);
  CHECK(held.hold_seconds == 5);
  Facts ended = talk;
  ended.push_back(AFact(F::CALL_ENDED, 40));
  const SessionState state = Fold(CustomerOnly(), ended);
  CHECK(state.hold_seconds == 15);
  CHECK(state.duration_seconds == 30);
}

TEST_CASE("mute lasts until unmuted or ended", "[session][fold]") {
  CHECK(Fold(CustomerOnly(), {AFact(F::CALL_ANSWERED, 1), AFact(F::CALL_MUTED, 2)}).is_muted);
  CHECK_FALSE(Fold(CustomerOnly(),
                   {AFact(F::CALL_ANSWERED, 1), AFact(F::CALL_MUTED, 2), AFact(F::CALL_UNMUTED, 3)})
                  .is_muted);
  CHECK_FALSE(Fold(CustomerOnly(),
                   {AFact(F::CALL_ANSWERED, 1), AFact(F::CALL_MUTED, 2), AFact(F::CALL_ENDED, 3)})
                  .is_muted);
}

TEST_CASE("a recording is known from its first sign to its address", "[session][fold]") {
  Fact ready = AFact(F::RECORDING_READY, 60);
  ready.set_recording_url("https://media.example/1.mp3");
  const SessionState state =
      Fold(CustomerOnly(), {ready, AFact(F::RECORDING_STARTED, 10), AFact(F::CALL_ENDED, 50),
                            AFact(F::CALL_ANSWERED, 10)});
  CHECK(state.is_recorded);
  CHECK(state.recording_url == "https://media.example/1.mp3");
  CHECK(state.recording == RecordingState::kStopped);
}

TEST_CASE("a recording that failed runs no more", "[session][fold]") {
  const SessionState state =
      Fold(CustomerOnly(), {AFact(F::RECORDING_FAILED, 20), AFact(F::RECORDING_STARTED, 20),
                            AFact(F::CALL_ANSWERED, 10)});
  CHECK(state.recording == RecordingState::kStopped);
  CHECK(state.status == S::CONNECTED);
}

TEST_CASE("a stepping provider clock gives no negative durations", "[session][fold]") {
  Fact ended = AFact(F::CALL_ENDED, -3590);  // an hour back, in the middle of the call
  *ended.mutable_received_time() = base::ToProto(At(31));
  const SessionState state = Fold(CustomerOnly(), {AFact(F::CALL_ANSWERED, 10), ended});
  CHECK(state.status == S::COMPLETED);
  CHECK(state.duration_seconds == 20);  // by our clock: heard at 11 and 31
  CHECK(*state.ended_at >= *state.answered_at);
}

TEST_CASE("facts without the provider's time are placed by rank", "[session][fold]") {
  Fact answered = Untimed(AFact(F::CALL_ANSWERED, 40));  // heard after the end
  const SessionState state = Fold(CustomerOnly(), {AFact(F::CALL_ENDED, 30), answered});
  CHECK(state.status == S::COMPLETED);
  CHECK(state.duration_seconds == 0);
}

TEST_CASE("the provider's sequence beats its clock within a leg", "[session][fold]") {
  Fact answered = Of(kCustomer, AFact(F::CALL_ANSWERED, 12));
  answered.set_sequence(2);
  Fact ended = Of(kCustomer, AFact(F::CALL_NO_ANSWER, 11));
  ended.set_sequence(3);
  *ended.mutable_received_time() = base::ToProto(At(12));
  CHECK(Fold(CustomerOnly(), {answered, ended}).status == S::COMPLETED);
}

TEST_CASE("the cause stays as the provider gave it", "[session][fold]") {
  Fact busy = AFact(F::CALL_BUSY, 10);
  busy.set_cause("q850:17");
  CHECK(Fold(CustomerOnly(), {busy}).cause == "q850:17");
  Fact later = By(v1::EVENT_SOCKET, AFact(F::CALL_ENDED, 11));
  later.set_cause("sip:486");
  CHECK(Fold(CustomerOnly(), {AFact(F::CALL_BUSY, 10), later}).cause == "sip:486");
}

TEST_CASE("a refused submission tells its code and message", "[session][fold]") {
  Fact refused = Untimed(By(v1::SUBMISSION, AFact(F::CALL_FAILED, 1)));
  refused.set_reason(v1::PROVIDER_UNREACHABLE);
  refused.set_error_code("PROVIDER_UNREACHABLE");
  refused.set_message("connection refused");
  const SessionState state = Fold(CustomerOnly(), {refused});
  CHECK(state.status == S::FAILED);
  CHECK(state.end_reason == v1::PROVIDER_UNREACHABLE);
  CHECK(state.error_code == "PROVIDER_UNREACHABLE");
  CHECK(state.error_message == "connection refused");
}

TEST_CASE("a caller who gives up has abandoned the call", "[session][fold]") {
  CallStart inbound = CustomerOnly();
  inbound.direction = S::INBOUND;
  CHECK(Fold(inbound, {AFact(F::CALL_RINGING, 1), AFact(F::CALL_CANCELLED, 9)}).end_reason ==
        v1::CALLER_ABANDONED);
}

TEST_CASE("a supervisor's leg ends without ending the session", "[session][fold]") {
  CHECK(Fold(CustomerOnly(),
             {AFact(F::CALL_ANSWERED, 1), Of(v1::Leg::SUPERVISOR, AFact(F::CALL_ENDED, 9))})
            .status == S::CONNECTED);
}

}  // namespace ctc::session::domain
