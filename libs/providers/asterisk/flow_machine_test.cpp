#include "libs/providers/asterisk/flow_machine.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/asterisk/caller_way_for_test.h"

namespace ctc::providers::asterisk {
namespace {

using Phase = Flow::Phase;
using session::v1::CallFact;

TEST_CASE("a caller is answered once, before it first hears something", "[asterisk][flow]") {
  Way way;
  const Effects first = way.Step(Prompted(1));
  CHECK(Kinds(first) == std::vector<Kind>{Kind::kAnswerCaller, Kind::kPlay});
  CHECK(first.actions[1].id == PromptId(kCall, 1, 0));
  CHECK(first.actions[1].text == "sound:ctc/p0");
  CHECK(AskOf(way.PromptEnds(0)).kind() == FlowInput::DONE);
  CHECK(Kinds(way.Step(Prompted(1))) == std::vector<Kind>{Kind::kPlay});
}

TEST_CASE("prompts are played one after another", "[asterisk][flow]") {
  Way way;
  way.Step(Prompted(2));
  const Effects second = way.PromptEnds(0);
  CHECK(second.actions.at(0).id == PromptId(kCall, 1, 1));
  CHECK(way.PromptEnds(0).actions.empty());  // told twice
  const FlowInput done = AskOf(way.PromptEnds(1));
  CHECK(done.kind() == FlowInput::DONE);
  CHECK(done.step_number() == 1);
}

TEST_CASE("a prompt that cannot be heard is passed over", "[asterisk][flow]") {
  Way way;
  FlowStep step = Prompted(1);
  step.mutable_prompts(0)->set_audio_url("file:///etc/passwd");
  step.add_prompts()->set_text("after");
  const Effects effects = way.Step(step);
  CHECK(effects.actions.back().id == PromptId(kCall, 1, 1));
  SECTION("also when Asterisk refuses it") {
    CHECK(AskOf(way.machine.OnRefused(way.flow, way.call, effects.actions.back())).kind() ==
          FlowInput::DONE);
  }
  SECTION("also when its end is never told") {
    const Effects stuck = way.TimerFires();
    CHECK(Kinds(stuck) == std::vector<Kind>{Kind::kStopPlay});
    CHECK(AskOf(stuck).kind() == FlowInput::DONE);
  }
}

TEST_CASE("keys are gathered until the count, the finishing key or silence", "[asterisk][flow]") {
  Way way;
  way.Step(Menu());
  way.PromptEnds(0);
  CHECK(way.flow.phase == Phase::kGathering);
  SECTION("the count") {
    CHECK_FALSE(way.Key("1").ask.has_value());
    CHECK(way.Key("2").timer == absl::Seconds(5));
    const FlowInput input = AskOf(way.Key("3"));
    CHECK(input.kind() == FlowInput::DIGITS);
    CHECK(input.digits() == "123");
    CHECK(input.step_number() == 1);
  }
  SECTION("the finishing key, which is none of the digits") {
    way.Key("7");
    CHECK(AskOf(way.Key("#")).digits() == "7");
  }
  SECTION("the finishing key alone") { CHECK(AskOf(way.Key("#")).kind() == FlowInput::NO_INPUT); }
  SECTION("silence after a key") {
    way.Key("9");
    CHECK(AskOf(way.TimerFires()).digits() == "9");
  }
  SECTION("silence") { CHECK(AskOf(way.TimerFires()).kind() == FlowInput::NO_INPUT); }
}

TEST_CASE("the first key interrupts the prompt of a question only", "[asterisk][flow]") {
  Way way;
  SECTION("a question") {
    way.Step(Menu(2));
    const Effects effects = way.Key("4");
    CHECK(Kinds(effects) == std::vector<Kind>{Kind::kStopPlay});
    CHECK(effects.actions[0].id == PromptId(kCall, 1, 0));
    CHECK(effects.timer == absl::Seconds(5));
    CHECK(way.PromptEnds(0).actions.empty());  // its end, cut short, starts no second one
    CHECK(AskOf(way.Key("#")).digits() == "4");
  }
  SECTION("an announcement") {
    way.Step(Prompted(1));
    CHECK(way.Key("4").actions.empty());
    CHECK(way.flow.phase == Phase::kPrompting);
  }
}

TEST_CASE("a timer that was overtaken does nothing", "[asterisk][flow]") {
  Way way;
  way.Step(Menu(0));
  const int old = way.flow.timer;
  way.Key("1");
  CHECK_FALSE(way.machine.OnTimer(way.flow, way.call, old).ask.has_value());
  CHECK(AskOf(way.TimerFires()).digits() == "1");
  CHECK_FALSE(way.TimerFires().ask.has_value());
}

TEST_CASE("a wait is music for a time", "[asterisk][flow]") {
  Way way;
  FlowStep step;
  step.mutable_wait()->set_seconds(8);
  SECTION("the switch's own") {
    const Effects begin = way.Step(step);
    CHECK(Kinds(begin) == std::vector<Kind>{Kind::kAnswerCaller, Kind::kStartMusic});
    CHECK(begin.timer == absl::Seconds(8));
    const Effects end = way.TimerFires();
    CHECK(Kinds(end) == std::vector<Kind>{Kind::kStopMusic});
    CHECK(AskOf(end).kind() == FlowInput::DONE);
  }
  SECTION("a file, after which the switch's own goes on") {
    step.mutable_wait()->set_music_url("https://x/m.wav");
    CHECK(way.Step(step).actions.back().text == "sound:https://x/m.wav");
    CHECK(Kinds(way.PromptEnds(0)) == std::vector<Kind>{Kind::kStartMusic});
    CHECK(Kinds(way.TimerFires()) == std::vector<Kind>{Kind::kStopPlay, Kind::kStopMusic});
  }
}

TEST_CASE("an agent is rung with music for the caller, and both are joined", "[asterisk][flow]") {
  Way way;
  const Effects dial = way.Step(DialStep());
  CHECK(Kinds(dial) == std::vector<Kind>{Kind::kAnswerCaller, Kind::kStartMusic, Kind::kRingAgent});
  CHECK(dial.actions[2].text == "agent-a");
  CHECK(dial.actions[2].limit == absl::Seconds(20));
  const Effects ringing = way.Say(StateEvent("agent.1", "Ringing"));
  REQUIRE(ringing.facts.size() == 1);
  CHECK(ringing.facts[0].fact.kind() == CallFact::CALL_RINGING);
  CHECK(way.Say(StateEvent("agent.1", "Up")).actions.empty());  // not in the application yet
  const Effects up = way.Say(PartyStartEvent("agent.1", R"("join")"));
  CHECK(Kinds(up) == std::vector<Kind>{Kind::kMakeBridge, Kind::kAddToBridge, Kind::kStopMusic,
                                       Kind::kAddToBridge, Kind::kRecord});
  CHECK(up.actions[3].leg == "customer");
  CHECK(way.flow.phase == Phase::kTalking);
  CHECK(way.Say(PartyStartEvent("agent.1", R"("join")")).facts.empty());
}

TEST_CASE("what became of the agent's phone is told to the flow", "[asterisk][flow]") {
  const auto [cause, state, expected] =
      GENERATE(table<int, const char*, FlowInput::Kind>({{17, "Down", FlowInput::DIAL_BUSY},
                                                         {19, "Ringing", FlowInput::DIAL_NO_ANSWER},
                                                         {21, "Ringing", FlowInput::DIAL_REJECTED},
                                                         {19, "Down", FlowInput::DIAL_FAILED},
                                                         {16, "Ringing", FlowInput::DIAL_NO_ANSWER},
                                                         {38, "Down", FlowInput::DIAL_FAILED}}));
  Way way;
  way.Step(DialStep());
  const Effects end = way.Say(DestroyedEvent("agent.1", cause, state));
  CHECK(Kinds(end) == std::vector<Kind>{Kind::kStopMusic});
  CHECK(AskOf(end).kind() == expected);
  CHECK(end.facts.size() == 1);  // the agent's end is the session's to know
  // The next agent is rung under the same id.
  CHECK(Kinds(way.Step(DialStep())) == std::vector<Kind>{Kind::kStartMusic, Kind::kRingAgent});
  const std::string later = "2026-11-22T17:16:30.000+0000";
  CHECK(way.Say(StateEvent("agent.1", "Ringing")).facts.empty());  // a late word on the first one
  const Effects rings = way.Say(StateEvent("agent.2", "Ringing", later, later));
  REQUIRE(rings.facts.size() == 1);
  CHECK(rings.facts[0].fact.provider_leg_id() == kCall + "-agent.2");
}

TEST_CASE("an agent that the switch cannot ring at all has failed", "[asterisk][flow]") {
  Way way;
  way.Step(DialStep());
  Effects effects = way.legs.FailLeg(way.call, "agent", {base::kProviderError, "Allocation failed"},
                                     absl::UnixEpoch());
  effects.Add(way.machine.OnCall(way.flow, way.call));
  CHECK(AskOf(effects).kind() == FlowInput::DIAL_FAILED);
}

TEST_CASE("after the talk the caller goes on with the flow", "[asterisk][flow]") {
  Way way;
  way.Step(DialStep());
  way.Say(PartyStartEvent("agent.1", R"("join")"));
  SECTION("and the recording ends before the bridge, whose end may hide it") {
    const Effects end = way.Say(DestroyedEvent("agent.1", 16, "Up"));
    REQUIRE(Kinds(end) == std::vector<Kind>{Kind::kStopRecording, Kind::kDestroyBridge});
    CHECK(end.actions[0].id == kCall);
    CHECK(AskOf(end).kind() == FlowInput::DIAL_ENDED);
  }
  SECTION("where nothing is recorded any more") {
    way.Say(RecordingEvent("RecordingFinished"));
    const Effects end = way.Say(DestroyedEvent("agent.1", 16, "Up"));
    CHECK(Kinds(end) == std::vector<Kind>{Kind::kDestroyBridge});
    CHECK(AskOf(end).kind() == FlowInput::DIAL_ENDED);
  }
}

TEST_CASE("a transfer of the call leaves its flow alone", "[asterisk][flow]") {
  Way way;
  way.Step(DialStep());
  way.Say(PartyStartEvent("agent.1", R"("join")"));
  way.call.joined = true;
  way.Say(StateEvent("consult-1", "Ringing"));
  CHECK_FALSE(way.Say(DestroyedEvent("agent.1", 26, "Up")).ask.has_value());
  CHECK_FALSE(way.Say(DestroyedEvent("consult-1", 19, "Ringing")).ask.has_value());
  const std::string later = "2026-11-22T17:16:30.000+0000";
  way.Say(StateEvent("agent", "Ringing", later, later));
  CHECK(AskOf(way.Say(DestroyedEvent("agent", 19, "Ringing", later, 0, later))).kind() ==
        FlowInput::DIAL_ENDED);
}

TEST_CASE("a message is taken after the beep", "[asterisk][flow]") {
  Way way;
  FlowStep step;
  step.mutable_voicemail()->set_max_seconds(60);
  step.mutable_voicemail()->set_finish_on_key("#");
  const Effects begin = way.Step(step);
  CHECK(Kinds(begin) == std::vector<Kind>{Kind::kAnswerCaller, Kind::kTakeMessage});
  CHECK(begin.actions[1].id == MessageName(kCall, 1));
  CHECK(begin.actions[1].limit == absl::Seconds(60));
  const auto finished = AriEvent::Type::kRecordingFinished;
  SECTION("and told with its address and length") {
    const FlowInput left =
        AskOf(way.Media(finished, MessageName(kCall, 1), "RecordingFinished", 7));
    CHECK(left.kind() == FlowInput::VOICEMAIL_LEFT);
    CHECK(left.recording_url() ==
          "http://pbx/ari/recordings/stored/" + MessageName(kCall, 1) + "/file");
    CHECK(left.recording_seconds() == 7);
    CHECK_FALSE(way.Media(finished, MessageName(kCall, 1)).ask.has_value());
  }
  SECTION("and ended by its key") {
    CHECK(way.Key("5").actions.empty());
    CHECK(Kinds(way.Key("#")) == std::vector<Kind>{Kind::kEndMessage});
  }
  SECTION("and its failure is no message") {
    CHECK_FALSE(way.Media(finished, MessageName(kCall, 1), "RecordingFailed").ask.has_value());
    CHECK(AskOf(way.TimerFires()).kind() == FlowInput::DONE);
  }
  SECTION("and one without a whole second is none") {
    const Effects empty = way.Media(finished, MessageName(kCall, 1), "RecordingFinished", 0);
    CHECK(Kinds(empty) == std::vector<Kind>{Kind::kDropMessage});
    CHECK_FALSE(empty.ask.has_value());
    SECTION("of a caller who is there") {
      CHECK(AskOf(way.TimerFires()).kind() == FlowInput::DONE);
    }
    SECTION("of one whose end is told after it") {
      CHECK(AskOf(way.CallerLeaves()).kind() == FlowInput::CALLER_GONE);
    }
  }
  SECTION("and goes on when its end got lost") {
    way.Media(AriEvent::Type::kRecordingStarted, MessageName(kCall, 1), "RecordingStarted");
    CHECK(AskOf(way.TimerFires()).kind() == FlowInput::VOICEMAIL_LEFT);
  }
  SECTION("and a caller who hangs up has left one: that is told before the end") {
    const Effects gone = way.CallerLeaves();
    CHECK(gone.facts.empty());
    CHECK_FALSE(gone.ask.has_value());
    CHECK(AskOf(way.Media(finished, MessageName(kCall, 1), "RecordingFinished", 3)).kind() ==
          FlowInput::VOICEMAIL_LEFT);
    CHECK(AskOf(way.Step(Prompted(1))).kind() == FlowInput::CALLER_GONE);
    const Effects over = way.Step(Prompted(0));
    REQUIRE(over.facts.size() == 1);
    CHECK(over.facts[0].fact.kind() == CallFact::CALL_ENDED);
    CHECK(way.flow.done());
  }
}

TEST_CASE("a message that never began is not told of", "[asterisk][flow]") {
  Way way;
  FlowStep step = Prompted(1);
  step.mutable_voicemail()->set_max_seconds(60);
  way.Step(step);
  const Action take{Kind::kTakeMessage, "customer", MessageName(kCall, 1)};
  const auto refused = [&] { return way.machine.OnRefused(way.flow, way.call, take); };
  const auto begins = [&] {
    way.Media(AriEvent::Type::kRecordingStarted, take.id, "RecordingStarted");
  };
  SECTION("of a caller who is there") {
    way.PromptEnds(0);
    SECTION("refused") {
      CHECK_FALSE(refused().ask.has_value());
      SECTION("and nothing else") {
        const Effects late = way.TimerFires();
        CHECK(late.actions.empty());
        CHECK(AskOf(late).kind() == FlowInput::DONE);
      }
      SECTION("though the switch had begun it, and tells so late") {
        const int timer = way.flow.timer;
        begins();
        CHECK_FALSE(way.machine.OnTimer(way.flow, way.call, timer).ask.has_value());
        CHECK(AskOf(way.TimerFires()).kind() == FlowInput::VOICEMAIL_LEFT);
      }
      SECTION("and the events' connection was away") {
        way.machine.OnReconnect(way.flow, way.call);
        CHECK(AskOf(way.TimerFires()).kind() == FlowInput::DONE);
      }
      SECTION("since he has hung up, which is told later") {
        CHECK(AskOf(way.CallerLeaves()).kind() == FlowInput::CALLER_GONE);
        CHECK(way.Step(Prompted(0)).facts.size() == 1);
        CHECK(way.flow.done());
      }
    }
    SECTION("not heard of") { CHECK(AskOf(way.TimerFires()).kind() == FlowInput::DONE); }
  }
  SECTION("of one who hung up in the greeting") {
    way.PromptEnds(0);
    CHECK_FALSE(way.CallerLeaves().ask.has_value());
    SECTION("refused") { CHECK(AskOf(refused()).kind() == FlowInput::CALLER_GONE); }
    SECTION("not heard of") { CHECK(AskOf(way.TimerFires()).kind() == FlowInput::CALLER_GONE); }
    CHECK(way.Step(Prompted(0)).facts.size() == 1);
    CHECK(way.flow.done());
  }
  SECTION("where a reconnection ended the greeting") {
    way.machine.OnReconnect(way.flow, way.call);
    CHECK(AskOf(way.TimerFires()).kind() == FlowInput::DONE);
  }
  SECTION("but one whose beginning was told is waited for") {
    way.PromptEnds(0);
    begins();
    way.CallerLeaves();
    CHECK_FALSE(refused().ask.has_value());
    CHECK(AskOf(way.TimerFires()).kind() == FlowInput::VOICEMAIL_LEFT);
  }
  SECTION("but one whose beginning may have been missed is") {
    way.PromptEnds(0);
    way.machine.OnReconnect(way.flow, way.call);
    CHECK(AskOf(way.TimerFires()).kind() == FlowInput::VOICEMAIL_LEFT);
  }
  SECTION("but one that an earlier process began is") {
    way.PromptEnds(0);
    way.machine.OnMessageExists(way.flow, way.call, take);
    CHECK(AskOf(way.TimerFires()).kind() == FlowInput::VOICEMAIL_LEFT);
  }
}

TEST_CASE("the flow hangs up with a cause that the caller's phone understands",
          "[asterisk][flow]") {
  FlowStep step;
  step.mutable_hang_up()->set_reason(session::v1::INVALID_NUMBER);
  SECTION("unanswered") {
    Way way;
    const Effects effects = way.Step(step);
    CHECK(Kinds(effects) == std::vector<Kind>{Kind::kHangUp});
    CHECK(effects.actions[0].text == "unallocated");
  }
  SECTION("after the last words") {
    Way way;
    step.add_prompts()->set_text("bye");
    way.Step(step);
    const Effects end = way.PromptEnds(0);
    CHECK(Kinds(end) == std::vector<Kind>{Kind::kHangUp});
    CHECK(end.actions[0].text == "normal");
    const Effects gone = way.CallerLeaves();
    REQUIRE(gone.facts.size() == 1);
    CHECK(gone.facts[0].fact.reason() == session::v1::INVALID_NUMBER);
    CHECK_FALSE(gone.ask.has_value());
    CHECK(way.flow.done());
  }
}

TEST_CASE("a caller who gives up is told to the flow, then to the session", "[asterisk][flow]") {
  Way way;
  const auto check_end = [&](const Effects& effects) {
    CHECK(effects.facts.empty());
    CHECK(AskOf(effects).kind() == FlowInput::CALLER_GONE);
    const Effects over = way.Step(Prompted(1));
    CHECK(over.actions.empty());
    REQUIRE(over.facts.size() == 1);
    CHECK(over.facts[0].fact.reason() == session::v1::CALLER_ABANDONED);
    CHECK(way.flow.done());
  };
  SECTION("in a menu") {
    way.Step(Menu());
    check_end(way.CallerLeaves());
  }
  SECTION("while a phone rings, which then stops") {
    way.Step(DialStep());
    const Effects gone = way.CallerLeaves();
    CHECK(Kinds(gone) == std::vector<Kind>{Kind::kHangUp});
    CHECK(gone.actions[0].leg == "agent");
    check_end(gone);
  }
  SECTION("while the next step is asked for") {
    CHECK_FALSE(way.CallerLeaves().ask.has_value());
    check_end(way.Step(Menu()));
  }
}

TEST_CASE("a caller who hangs up on an agent needs no further step", "[asterisk][flow]") {
  Way way;
  way.Step(DialStep());
  way.Say(PartyStartEvent("agent.1", R"("join")"));
  way.call.joined = true;
  const Effects gone = way.CallerLeaves();
  CHECK_FALSE(gone.ask.has_value());
  REQUIRE(gone.facts.size() == 1);
  CHECK(gone.facts[0].fact.reason() == session::v1::NORMAL);
  CHECK(Kinds(gone) == std::vector<Kind>{Kind::kHangUp});
  CHECK(way.flow.done());
}

TEST_CASE("a caller whom nobody can advise is not left on a dead line", "[asterisk][flow]") {
  Way way;
  SECTION("before the answer") {
    const Effects effects = way.machine.OnAskFailed(way.flow, way.call);
    CHECK(Kinds(effects) == std::vector<Kind>{Kind::kHangUp});
    CHECK(effects.actions[0].text == "congestion");
    CHECK(way.CallerLeaves().facts.at(0).fact.reason() == session::v1::PROVIDER_ERROR);
  }
  SECTION("who has left already") {
    way.CallerLeaves();
    CHECK(way.machine.OnAskFailed(way.flow, way.call).facts.size() == 1);
    CHECK(way.flow.done());
  }
}

TEST_CASE("a prompt whose end may have been missed is not waited for", "[asterisk][flow]") {
  Way way;
  way.Step(Menu());
  const Effects effects = way.machine.OnReconnect(way.flow, way.call);
  CHECK(Kinds(effects) == std::vector<Kind>{Kind::kStopPlay});
  CHECK(way.flow.phase == Phase::kGathering);
  CHECK(way.machine.OnReconnect(way.flow, way.call).actions.empty());
}

TEST_CASE("a phone that rings already is not rung again", "[asterisk][flow]") {
  Way way;
  way.call.agent().requested = true;
  CHECK(Kinds(way.Step(DialStep())) == std::vector<Kind>{Kind::kAnswerCaller, Kind::kStartMusic});
}

}  // namespace
}  // namespace ctc::providers::asterisk
