#include "libs/providers/asterisk/call_machine.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/asterisk/samples_for_test.h"

namespace ctc::providers::asterisk {
namespace {

using Kind = Action::Kind;
using session::v1::CallFact;
using session::v1::Leg;

// A call driven by the switch's own words.
class Script {
 public:
  explicit Script(MachineConfig config = {}) : machine_(std::move(config)) {
    call.plan.call = kCall;
  }
  Effects Say(const std::string& text) {
    const absl::StatusOr<AriEvent> event = ReadEvent(text);
    REQUIRE(event.ok());
    REQUIRE(event->room == kCall);
    return machine_.Apply(call, *event);
  }
  void AgentAnswers() {
    Say(StateEvent("agent", "Ringing"));
    Say(StateEvent("agent", "Up"));
    Say(StartEvent("agent"));
  }
  void Joined() {
    AgentAnswers();
    Say(StartEvent("customer"));
    Say(EnteredEvent("customer", true));
  }
  const CallMachine& machine() const { return machine_; }
  Call call;

 private:
  CallMachine machine_;
};

std::vector<Kind> Kinds(const Effects& effects) {
  std::vector<Kind> kinds;
  for (const Action& action : effects.actions) kinds.push_back(action.kind);
  return kinds;
}

CallFact OnlyFact(const Effects& effects) {
  REQUIRE(effects.facts.size() == 1);
  CHECK(effects.facts.front().session == kCall);
  return effects.facts.front().fact;
}

TEST_CASE("an agent-first call is driven step by step", "[asterisk][machine]") {
  Script script;
  CHECK(script.Say(DialEvent("agent", "")).facts.empty());
  const CallFact ringing = OnlyFact(script.Say(StateEvent("agent", "Ringing")));
  CHECK(ringing.kind() == CallFact::CALL_RINGING);
  CHECK(ringing.party() == Leg::AGENT);
  CHECK(script.Say(DialEvent("agent", "RINGING")).facts.empty());  // the same, said twice

  const CallFact answered = OnlyFact(script.Say(StateEvent("agent", "Up")));
  CHECK(answered.kind() == CallFact::CALL_ANSWERED);
  CHECK(answered.party() == Leg::AGENT);

  const Effects started = script.Say(StartEvent("agent"));
  CHECK(started.facts.empty());
  CHECK(Kinds(started) == std::vector<Kind>{Kind::kMakeBridge, Kind::kAddToBridge,
                                            Kind::kPlayRingTone, Kind::kDialCustomer});
  CHECK(script.call.plan.to == "+15550100");
  CHECK(script.call.plan.from == "+15550199");

  CHECK(OnlyFact(script.Say(DialEvent("customer", "PROGRESS"))).kind() == CallFact::CALL_RINGING);
  CHECK(script.Say(StateEvent("customer", "Up")).facts.empty());  // not joined yet
  CHECK(Kinds(script.Say(StartEvent("customer"))) ==
        std::vector<Kind>{Kind::kStopRingTone, Kind::kAddToBridge, Kind::kRecord});
  CHECK(script.Say(EnteredEvent("agent", false)).facts.empty());
  const CallFact joined = OnlyFact(script.Say(EnteredEvent("customer", true)));
  CHECK(joined.kind() == CallFact::CALL_ANSWERED);
  CHECK(joined.party() == Leg::CUSTOMER);
  CHECK(script.Say(EnteredEvent("customer", true)).facts.empty());
}

TEST_CASE("the end of one leg ends the other, then the bridge", "[asterisk][machine]") {
  Script script;
  script.Joined();
  const bool told = GENERATE(true, false);
  if (told) script.Say(RecordingEvent("RecordingFinished"));
  const Effects gone = script.Say(DestroyedEvent("customer", 16, "Up"));
  CHECK(OnlyFact(gone).kind() == CallFact::CALL_ENDED);
  CHECK(OnlyFact(gone).reason() == session::v1::NORMAL);
  CHECK(OnlyFact(gone).cause() == "q850:16");
  REQUIRE(Kinds(gone) == std::vector<Kind>{Kind::kHangUp});
  CHECK(gone.actions[0].leg == "agent");
  const Effects over = script.Say(DestroyedEvent("agent", 16, "Up"));
  CHECK(OnlyFact(over).kind() == CallFact::CALL_ENDED);
  std::vector<Kind> closing = {Kind::kDestroyBridge};
  if (!told) closing.push_back(Kind::kFindRecording);
  CHECK(Kinds(over) == closing);
  CHECK(script.call.over());
  CHECK(script.Say(DestroyedEvent("agent", 16, "Up")).facts.empty());
}

TEST_CASE("an unanswered customer's cause tells how the call ended", "[asterisk][machine]") {
  struct Case {
    int cause;
    bool rang;
    CallFact::Kind kind;
    session::v1::EndReason reason;
  };
  const Case c = GENERATE(values<Case>({
      {17, true, CallFact::CALL_BUSY, session::v1::CUSTOMER_BUSY},
      {17, false, CallFact::CALL_BUSY, session::v1::CUSTOMER_BUSY},
      {21, true, CallFact::CALL_REJECTED, session::v1::CUSTOMER_REJECTED},
      {19, true, CallFact::CALL_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER},
      {18, true, CallFact::CALL_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER},
      {18, false, CallFact::CALL_FAILED, session::v1::UNREACHABLE},
      {16, true, CallFact::CALL_CANCELLED, session::v1::CANCELLED_BY_AGENT},
      {1, false, CallFact::CALL_FAILED, session::v1::INVALID_NUMBER},
      {28, false, CallFact::CALL_FAILED, session::v1::INVALID_NUMBER},
      {27, false, CallFact::CALL_FAILED, session::v1::UNREACHABLE},
      {34, false, CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR},
      {38, false, CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR},
      {58, false, CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR},
      {127, true, CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR},
      {0, true, CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR},
  }));
  INFO("cause " << c.cause << (c.rang ? " after" : " without") << " ringing");
  Script script;
  script.AgentAnswers();
  if (c.rang) script.Say(StateEvent("customer", "Ringing"));
  const Effects effects = script.Say(DestroyedEvent("customer", c.cause));
  CHECK(OnlyFact(effects).kind() == c.kind);
  CHECK(OnlyFact(effects).reason() == c.reason);
  CHECK(Kinds(effects) == std::vector<Kind>{Kind::kHangUp});
  // The agent's leg that we then end is an end, not another cause.
  CHECK(OnlyFact(script.Say(DestroyedEvent("agent", 16, "Up"))).kind() == CallFact::CALL_ENDED);
}

TEST_CASE("our own ring limit is a no-answer in version 16 too, which gives no cause",
          "[asterisk][machine]") {
  Script script;
  script.AgentAnswers();
  script.Say(StateEvent("customer", "Ringing", "2026-11-22T17:15:26.000+0000"));
  const CallFact fact = OnlyFact(
      script.Say(DestroyedEvent("customer", 0, "Ringing", "2026-11-22T17:16:11.000+0000")));
  CHECK(fact.kind() == CallFact::CALL_NO_ANSWER);
  CHECK(fact.cause().empty());
}

TEST_CASE("the agent's leg failing is told as the agent's", "[asterisk][machine]") {
  struct Case {
    int cause;
    CallFact::Kind kind;
    session::v1::EndReason reason;
  };
  const Case c = GENERATE(values<Case>({
      {17, CallFact::CALL_BUSY, session::v1::AGENT_REJECTED},
      {21, CallFact::CALL_REJECTED, session::v1::AGENT_REJECTED},
      {19, CallFact::CALL_NO_ANSWER, session::v1::AGENT_NO_ANSWER},
      {16, CallFact::CALL_CANCELLED, session::v1::CANCELLED_BY_AGENT},
      {27, CallFact::CALL_FAILED, session::v1::UNREACHABLE},
  }));
  Script script;
  script.Say(StateEvent("agent", "Ringing"));
  const Effects effects = script.Say(DestroyedEvent("agent", c.cause, "Ringing"));
  CHECK(OnlyFact(effects).kind() == c.kind);
  CHECK(OnlyFact(effects).reason() == c.reason);
  CHECK(OnlyFact(effects).party() == Leg::AGENT);
  CHECK(effects.actions.empty());  // the customer was never dialled
  CHECK(script.call.over());
}

TEST_CASE("an agent who hangs up before the answer cancels the customer", "[asterisk][machine]") {
  Script script;
  script.AgentAnswers();
  script.Say(StateEvent("customer", "Ringing"));
  const Effects effects = script.Say(DestroyedEvent("agent", 16, "Up"));
  CHECK(OnlyFact(effects).kind() == CallFact::CALL_CANCELLED);
  CHECK(OnlyFact(effects).reason() == session::v1::CANCELLED_BY_AGENT);
  REQUIRE(Kinds(effects) == std::vector<Kind>{Kind::kHangUp});
  CHECK(effects.actions[0].leg == "customer");
  CHECK(OnlyFact(script.Say(DestroyedEvent("customer", 16, "Ringing"))).kind() ==
        CallFact::CALL_CANCELLED);
}

TEST_CASE("a customer who answers after the agent left is not left alone", "[asterisk][machine]") {
  Script script;
  script.AgentAnswers();
  script.Say(DestroyedEvent("agent", 16, "Up"));
  const Effects effects = script.Say(StartEvent("customer"));
  CHECK(Kinds(effects) == std::vector<Kind>{Kind::kHangUp});
}

TEST_CASE("an agent whose entry is told after the end dials nobody", "[asterisk][machine]") {
  Script script;
  script.Say(DestroyedEvent("agent", 16, "Up"));
  const Effects effects = script.Say(StartEvent("agent"));
  CHECK(effects.actions.empty());
  CHECK(effects.facts.empty());
}

TEST_CASE("a call without an agent is joined by the customer's answer", "[asterisk][machine]") {
  const std::string plan = R"("+15550100","+15550199","0","0","a7")";
  SECTION("in a bridge of ours") {
    Script script;
    CHECK(Kinds(script.Say(StartEvent("customer", plan))) ==
          std::vector<Kind>{Kind::kMakeBridge, Kind::kAddToBridge});
    CHECK(OnlyFact(script.Say(EnteredEvent("customer", false))).kind() == CallFact::CALL_ANSWERED);
  }
  SECTION("by the dialplan that finds the agent") {
    MachineConfig config;
    config.dialplan_finds_agent = true;
    Script script(config);
    const Effects effects = script.Say(StartEvent("customer", plan));
    CHECK(Kinds(effects) == std::vector<Kind>{Kind::kFindAgent});
    CHECK(OnlyFact(effects).kind() == CallFact::CALL_ANSWERED);
    CHECK(OnlyFact(script.Say(DestroyedEvent("customer", 16, "Up"))).reason() ==
          session::v1::NORMAL);
  }
}

TEST_CASE("an entry with arguments that are not ours does nothing", "[asterisk][machine]") {
  Script script;
  const Effects effects =
      script.Say(StartEvent("agent", R"("+1555@evil,x","+15550199","1","1","a7")"));
  CHECK(effects.actions.empty());
  CHECK(effects.facts.empty());
}

TEST_CASE("a recording's end says where it can be fetched", "[asterisk][machine]") {
  MachineConfig config;
  config.recording_url_prefix = "http://pbx/ari/recordings/stored/";
  Script script(config);
  CHECK(OnlyFact(script.Say(RecordingEvent("RecordingStarted"))).kind() ==
        CallFact::RECORDING_STARTED);
  const Effects done = script.Say(RecordingEvent("RecordingFinished"));
  REQUIRE(done.facts.size() == 2);
  CHECK(done.facts[0].fact.kind() == CallFact::RECORDING_STOPPED);
  CHECK(done.facts[1].fact.recording_url() ==
        "http://pbx/ari/recordings/stored/" + kCall + "-rec/file");
}

TEST_CASE("a recording that failed ends, says why, and is never ready", "[asterisk][machine]") {
  Script script;
  script.Joined();
  script.Say(RecordingEvent("RecordingStarted"));
  std::string event = RecordingEvent("RecordingFailed");
  const bool told_why = GENERATE(false, true);
  if (told_why) event.insert(event.find("\"duration\""), R"("cause":"disk full",)");
  const Effects failed = script.Say(event);
  REQUIRE(failed.facts.size() == 2);
  CHECK(failed.facts[0].fact.kind() == CallFact::RECORDING_STOPPED);
  CHECK(failed.facts[1].fact.kind() == CallFact::RECORDING_FAILED);
  CHECK(failed.facts[1].session == kCall);
  CHECK(failed.facts[1].fact.message() == (told_why
                                               ? "Asterisk could not record the call: disk full"
                                               : "Asterisk could not record the call"));
  CHECK(script.machine().FoundRecording(script.call, kCall).facts.empty());
}

TEST_CASE("each recording of a session is ready once, however often it is told",
          "[asterisk][machine]") {
  Script script;
  script.Joined();
  const auto ready = [](const Effects& effects) {
    REQUIRE(effects.facts.size() == 2);
    CHECK(effects.facts[1].fact.kind() == CallFact::RECORDING_READY);
    return effects.facts[1].fact.event_key();
  };
  const std::string finished = RecordingEvent("RecordingFinished", "2026-11-22T17:15:40.000+0000");
  script.Say(RecordingEvent("RecordingStarted"));
  const std::string first = ready(script.Say(finished));
  CHECK(ready(script.Say(finished)) == first);
  script.Say(RecordingEvent("RecordingStarted"));  // told late
  CHECK(ready(script.Say(finished)) == first);
  CHECK(script.machine().FoundRecording(script.call, kCall).facts.empty());
  script.Say(RecordingEvent("RecordingStarted", "2026-11-22T17:15:50.000+0000"));
  const CallFact second = OnlyFact(script.machine().FoundRecording(script.call, kCall));
  CHECK(second.event_key() != first);
  CHECK(ready(script.Say(RecordingEvent("RecordingFinished", "2026-11-22T17:15:59.000+0000"))) ==
        second.event_key());
  CHECK(script.machine().FoundRecording(script.call, kCall).facts.empty());
}

TEST_CASE("facts of one moment have the same key however they are heard", "[asterisk][machine]") {
  Script first;
  Script second;
  const std::string by_state = OnlyFact(first.Say(StateEvent("agent", "Ringing"))).event_key();
  const std::string by_dial =
      OnlyFact(second.Say(DialEvent("agent", "RINGING", "2026-11-22T17:15:26.002+0000")))
          .event_key();
  CHECK(by_state == by_dial);
}

TEST_CASE("the provider's time and the SIP code are kept", "[asterisk][machine]") {
  Script script;
  const CallFact fact = OnlyFact(
      script.Say(DestroyedEvent("agent", 17, "Down", "2026-11-22T17:15:30.189+0000", 486)));
  CHECK(fact.cause() == "sip:486");
  CHECK(fact.provider_time().seconds() == 1795367730);
  CHECK(fact.provider_time().nanos() == 189'000'000);
}

TEST_CASE("a step that cannot be done fails the call and ends the agent's leg",
          "[asterisk][machine]") {
  Script script;
  script.AgentAnswers();
  const Effects effects =
      script.machine().Fail(script.call, {base::kProviderError, "no trunk"}, absl::UnixEpoch());
  CHECK(OnlyFact(effects).kind() == CallFact::CALL_FAILED);
  CHECK(OnlyFact(effects).reason() == session::v1::PROVIDER_ERROR);
  CHECK(Kinds(effects) == std::vector<Kind>{Kind::kHangUp, Kind::kHangUp});
  CHECK(Kinds(script.Say(DestroyedEvent("agent", 16, "Up"))) ==
        std::vector<Kind>{Kind::kDestroyBridge});
}

TEST_CASE("a leg that vanished while nobody listened is lost before the talk, normal after it",
          "[asterisk][machine]") {
  Script before;
  before.AgentAnswers();
  CHECK(OnlyFact(before.machine().Vanish(before.call, kCustomerLeg)).reason() == session::v1::LOST);
  Script after;
  after.Joined();
  CHECK(OnlyFact(after.machine().Vanish(after.call, kCustomerLeg)).reason() == session::v1::NORMAL);
  CHECK(after.machine().Vanish(after.call, kCustomerLeg).facts.empty());
}

TEST_CASE("digits and the phone's own hold are told", "[asterisk][machine]") {
  Script script;
  script.Joined();
  const auto event = [](const char* type, const char* more) {
    return absl::StrCat(R"({"type":")", type, R"(","timestamp":"2026-11-22T17:15:29.000+0000",)",
                        more, R"("channel":)", ChannelJson("customer", "Up"), "}");
  };
  const CallFact digit =
      OnlyFact(script.Say(event("ChannelDtmfReceived", R"("digit":"1","duration_ms":160,)")));
  CHECK(digit.kind() == CallFact::DTMF_RECEIVED);
  CHECK(digit.digits() == "1");
  CHECK(OnlyFact(script.Say(event("ChannelHold", ""))).kind() == CallFact::CALL_HELD);
  CHECK(OnlyFact(script.Say(event("ChannelUnhold", ""))).kind() == CallFact::CALL_RESUMED);
}

}  // namespace
}  // namespace ctc::providers::asterisk
