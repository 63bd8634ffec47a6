// Callers whose sound runs through us: what they hear, press and say at each step.
#include <algorithm>
#include <catch2/catch.hpp>

#include "libs/providers/sip/native/anchored_story_for_test.h"

namespace ctc::providers::sip::native {
namespace {

using Kind = Input::Kind;
using Keys = AnchoredLeg::Keys;
using routing::v1::FlowStep;

FlowStep StepOf(int number, const std::string& text = "") {
  FlowStep step;
  step.set_number(number);
  if (!text.empty()) step.add_prompts()->set_text(text);
  return step;
}
FlowStep Menu(int number) {
  FlowStep step = StepOf(number, "welcome");
  step.mutable_gather()->set_max_digits(2);
  step.mutable_gather()->set_finish_on_key("#");
  step.mutable_gather()->set_timeout_seconds(5);
  return step;
}
FlowStep DialStep(int number, bool record = false) {
  FlowStep step = StepOf(number);
  step.mutable_dial()->set_agent_id("ann");
  step.mutable_dial()->set_record(record);
  return step;
}

struct Caller : Tale {
  explicit Caller(const std::string& offer = Sound(), bool speaks = true) : Tale(offer, speaks) {
    CHECK(Asked() == V{"ask STARTED 0"});
  }
  void Gets(const FlowStep& step) { Take(TakeStep(call, step)); }
  void Press(char key) { Take(KeyPressed(call, "customer", key, Keys::kInSound)); }
  void Timer() { Take(FlowTimer(call, call.flow->timer)); }
  void PlayEnds() { Take(Played(call, call.flow->play)); }
};

TEST_CASE("a caller is answered when there is something to hear", "[sip][anchored][caller]") {
  Caller c;
  c.Gets(Menu(1));
  CHECK(c.Asked() == V{"respond customer 1000 200", "timer 180"});
  CHECK(c.Ordered() == V{"connect customer 10.0.0.9", "play 1 welcome"});
  c.PlayEnds();
  CHECK(c.Asked() == V{"timer 5"});
  c.Press('4');
  CHECK(c.Asked() == V{"timer 5"});
  c.Press('2');
  CHECK(c.Asked() == V{"ask DIGITS 142"});
  CHECK(c.Told().empty());
}

TEST_CASE("keys end a prompt and a gather", "[sip][anchored][caller]") {
  Caller c;
  c.Gets(Menu(1));
  c.Forget();
  SECTION("a key interrupts the prompt") {
    c.Press('7');
    CHECK(c.Ordered() == V{"stop 1"});
    CHECK(c.Asked() == V{"timer 5"});
    // The end of the one that was stopped says nothing.
    c.Take(Played(c.call, 1));
    CHECK(c.Asked().empty());
    c.Press('#');
    CHECK(c.Asked() == V{"ask DIGITS 17"});
  }
  SECTION("keys typed ahead belong to the next menu, which is not heard then") {
    c.Press('1');
    c.Press('#');
    c.Forget();
    for (const char key : {'4', '2', '9'}) c.Press(key);
    CHECK(c.Asked().empty());
    c.Gets(Menu(2));
    CHECK(c.Asked() == V{"ask DIGITS 242"});
    CHECK(c.Ordered().empty());
    FlowStep wait = StepOf(3);
    wait.mutable_wait()->set_seconds(20);
    c.Gets(wait);
    c.Timer();
    c.Forget();
    c.Gets(Menu(4));
    CHECK(c.Asked() == V{"timer 180"});
  }
  SECTION("none in time") {
    c.PlayEnds();
    c.Asked();
    c.Timer();
    CHECK(c.Asked() == V{"ask NO_INPUT 1"});
  }
  SECTION("a timer of before") {
    c.Take(FlowTimer(c.call, c.call.flow->timer - 1));
    CHECK(c.Asked().empty());
  }
  SECTION("a prompt whose end is not told") {
    c.Timer();
    CHECK(c.Ordered() == V{"stop 1"});
    CHECK(c.Asked() == V{"timer 5"});
  }
}

TEST_CASE("what cannot be said is skipped", "[sip][anchored][caller]") {
  Caller c(Sound(), false);
  FlowStep step = StepOf(1, "welcome");
  step.add_prompts()->set_audio_url("http://x/a.wav");
  c.Gets(step);
  CHECK(c.Ordered() == V{"connect customer 10.0.0.9", "play 1 http://x/a.wav"});
  c.PlayEnds();
  CHECK(c.Asked().back() == "ask DONE 1");
}

TEST_CASE("an agent is rung before the caller is answered", "[sip][anchored][caller]") {
  Caller c(Sound(), false);
  c.Gets(StepOf(1, "welcome"));
  CHECK(c.Asked() == V{"ask DONE 1"});  // nothing to hear
  c.Gets(DialStep(2, true));
  CHECK(c.Asked() == V{"dial ann"});
  c.Rings("agent", session::v1::Leg::AGENT);
  c.Hears(Kind::kRinging, "agent", 180);
  CHECK(c.Asked() == V{"invite agent 2000", "respond customer 180"});
  c.Answers("agent");
  CHECK(c.Asked() == V{"ack agent", "respond customer 1000 200"});
  CHECK(c.Told() == V{"CALL_RINGING AGENT", "CALL_ANSWERED AGENT", "RECORDING_STARTED CUSTOMER"});
  CHECK(c.Ordered() ==
        V{"connect agent 10.0.0.9", "connect customer 10.0.0.9", "record in-1-m-1.wav"});
  // The step that is told twice changes nothing.
  c.Gets(DialStep(2));
  CHECK(c.Asked().empty());
  SECTION("the caller hangs up") {
    c.Hears(Kind::kEnded, "customer");
    CHECK(c.Asked() == V{"bye agent"});
    CHECK(c.Told() == V{"CALL_ENDED CUSTOMER"});
  }
  SECTION("the agent hangs up: the flow goes on") {
    c.Hears(Kind::kEnded, "agent");
    CHECK(c.Asked() == V{"ask DIAL_ENDED 2"});
    CHECK(c.Ordered() == V{"close agent", "end recording"});
    FlowStep end = StepOf(3);
    end.mutable_hang_up()->set_reason(session::v1::NORMAL);
    c.Gets(end);
    CHECK(c.Asked() == V{"bye customer"});
    CHECK(c.Told() == V{"CALL_ENDED AGENT", "CALL_ENDED CUSTOMER"});
  }
  c.Take(RecordingDone(c.call, "in-1-m-1.wav", absl::Seconds(2)));
  CHECK(c.call.over());
}

TEST_CASE("a caller without an offer answers ours", "[sip][anchored][caller]") {
  Caller c("");
  c.Gets(Menu(1));
  CHECK(c.Asked() == V{"respond customer 1000 200", "timer 180"});
  CHECK(c.Ordered() == V{"play 1 welcome"});
  SECTION("in its ACK") {
    c.Hears(Kind::kAcknowledged, "customer", 200, Sound());
    CHECK(c.Ordered() == V{"connect customer 10.0.0.9"});
  }
  SECTION("with nothing for us") {
    c.Hears(Kind::kAcknowledged, "customer", 200, NoSound());
    CHECK(c.Asked() == V{"bye customer 488"});
  }
}

TEST_CASE("a caller whose session is refreshed is answered", "[sip][anchored][caller]") {
  Tale t(Sound(), true);
  FlowStep step;
  step.set_number(1);
  step.add_prompts()->set_text("Welcome");
  t.Take(TakeStep(t.call, step));
  t.Forget();
  t.Answers("customer");  // the stack asked for an offer, having made none before
  CHECK(t.Asked() == V{"ack customer 1000"});
  t.Answers("customer", "");
  CHECK(t.Asked() == V{"ack customer"});
}

TEST_CASE("a caller's offer without sound for us is refused", "[sip][anchored][caller]") {
  CHECK(absl::IsInvalidArgument(
      NewAnchoredInbound("in-1", ConfigForTest(), NoSound(), {"1.1.1.1", 1000}).status()));
  AnchoredConfig config;
  config.guard = http::AddressGuard::PublicAnd("").value();
  const auto guarded = std::make_shared<const AnchoredConfig>(config);
  CHECK(absl::IsInvalidArgument(
      NewAnchoredInbound("in-1", guarded, Sound("sendrecv", "127.0.0.1"), {"1.1.1.1", 1000})
          .status()));
}

TEST_CASE("an agent who does not take the call leaves the caller to the flow",
          "[sip][anchored][caller]") {
  const auto [status, asks] = GENERATE(table<int, const char*>({{486, "ask DIAL_BUSY 1"},
                                                                {603, "ask DIAL_REJECTED 1"},
                                                                {480, "ask DIAL_NO_ANSWER 1"},
                                                                {500, "ask DIAL_FAILED 1"}}));
  Caller c;
  c.Gets(DialStep(1));
  c.Rings("agent", session::v1::Leg::AGENT);
  c.Forget();
  c.Hears(Kind::kRejected, "agent", status);
  CHECK(c.Asked() == V{asks});
  c.Gets(DialStep(2));
  c.Rings("agent", session::v1::Leg::AGENT);
  c.Forget();
  SECTION("the next one takes it") {
    c.Answers("agent");
    CHECK(c.Asked() == V{"ack agent", "respond customer 1000 200"});
    CHECK(c.last().provider_leg_id() == "in-1-agent-2");
  }
  SECTION("the next one cannot be heard") {
    c.Answers("agent", NoSound());
    CHECK(c.Asked() == V{"ack agent", "bye agent 488", "ask DIAL_FAILED 2"});
  }
}

TEST_CASE("a party that cannot be called at all", "[sip][anchored][caller]") {
  Caller c;
  c.Gets(DialStep(1));
  c.Forget();
  c.Take(DialFailed(c.call));
  CHECK(c.Asked() == V{"ask DIAL_FAILED 1"});
}

TEST_CASE("a caller whom nobody takes is told why", "[sip][anchored][caller]") {
  const auto [reason, status] =
      GENERATE(table<session::v1::EndReason, int>({{session::v1::AGENT_NO_ANSWER, 480},
                                                   {session::v1::AGENT_REJECTED, 603},
                                                   {session::v1::INVALID_NUMBER, 404},
                                                   {session::v1::PROVIDER_ERROR, 503}}));
  Caller c;
  FlowStep end = StepOf(1);
  end.mutable_hang_up()->set_reason(reason);
  SECTION("by the answer") {
    c.Gets(end);
    CHECK(c.Asked() == V{"respond customer " + std::to_string(status)});
    CHECK(c.last().cause() == "sip:" + std::to_string(status));
  }
  SECTION("by a word") {
    end.add_prompts()->set_text("sorry");
    c.Gets(end);
    c.PlayEnds();
    CHECK(c.Asked() == V{"respond customer 1000 200", "timer 180", "bye customer"});
    CHECK(c.last().cause().empty());
  }
  CHECK(c.Told() == V{"CALL_ENDED CUSTOMER"});
  CHECK(c.last().reason() == reason);
  CHECK(c.call.over());
}

TEST_CASE("a caller waits with music", "[sip][anchored][caller]") {
  Caller c;
  FlowStep step = StepOf(1);
  step.mutable_wait()->set_seconds(20);
  SECTION("of ours") {
    c.Gets(step);
    CHECK(c.Asked() == V{"respond customer 1000 200", "timer 20"});
    CHECK(c.call.scene.tones.at("customer") == media::Tone::kHoldMusic);
    c.Timer();
    CHECK(c.Asked() == V{"ask DONE 1"});
  }
  SECTION("of the queue's, then ours when that ends") {
    step.mutable_wait()->set_music_url("http://x/m.wav");
    c.Gets(step);
    CHECK(c.Ordered() == V{"connect customer 10.0.0.9", "play 1 http://x/m.wav"});
    CHECK(c.call.scene.tones.empty());
    c.PlayEnds();
    CHECK(c.call.scene.tones.at("customer") == media::Tone::kHoldMusic);
    c.Timer();
    CHECK(c.Ordered().empty());
  }
  SECTION("of the queue's, for as long as the step lasts") {
    step.mutable_wait()->set_music_url("http://x/m.wav");
    c.Gets(step);
    c.Forget();
    c.Timer();
    CHECK(c.Ordered() == V{"stop 1"});
    CHECK(c.Asked() == V{"ask DONE 1"});
  }
}

TEST_CASE("a caller's recordings have the session's name", "[sip][anchored][caller][recording]") {
  Caller c;
  c.call.session = "s1";
  FlowStep step = StepOf(1);
  step.mutable_voicemail()->set_max_seconds(30);
  c.Gets(step);
  c.Take(RecordingDone(c.call, "s1-message-m-1.wav", absl::ZeroDuration()));
  c.Gets(DialStep(2, true));
  c.Rings("agent", session::v1::Leg::AGENT);
  c.Answers("agent");
  const V ordered = c.Ordered();
  CHECK(std::count(ordered.begin(), ordered.end(), "record s1-message-m-1.wav beep unless empty") ==
        1);
  CHECK(std::count(ordered.begin(), ordered.end(), "record s1-m-2.wav") == 1);
}

TEST_CASE("a caller leaves a message", "[sip][anchored][caller][voicemail]") {
  Caller c;
  FlowStep step = StepOf(1, "leave one");
  step.mutable_voicemail()->set_max_seconds(30);
  step.mutable_voicemail()->set_finish_on_key("#");
  c.Gets(step);
  c.Forget();
  c.PlayEnds();
  CHECK(c.Ordered() == V{"record in-1-message-m-1.wav beep unless empty"});
  CHECK(c.Asked() == V{"timer 40"});
  c.Press('1');
  CHECK(c.Ordered().empty());
  const auto done = [&](absl::Duration length) {
    c.Take(RecordingDone(c.call, "in-1-message-m-1.wav", length));
  };
  SECTION("ended by a key") {
    c.Press('#');
    CHECK(c.Ordered() == V{"end recording"});
    done(absl::Seconds(4));
    CHECK(c.Asked() == V{"ask VOICEMAIL_LEFT 1"});
  }
  SECTION("by its length") {
    done(absl::Seconds(30));
    CHECK(c.Asked() == V{"ask VOICEMAIL_LEFT 1"});
  }
  SECTION("by a timer when nothing else does") {
    c.Timer();
    CHECK(c.Ordered() == V{"end recording"});
  }
  SECTION("that could not be kept") {
    done(absl::Seconds(-1));
    CHECK(c.Asked() == V{"ask DONE 1"});
  }
  SECTION("by hanging up: the flow is told of the message, then of the end") {
    c.Hears(Kind::kEnded, "customer");
    CHECK(c.Ordered() == V{"close customer", "end recording"});
    CHECK(c.Asked().empty());
    CHECK(c.Told().empty());
    done(absl::Seconds(4));
    CHECK(c.Asked() == V{"ask VOICEMAIL_LEFT 1"});
    c.Gets(StepOf(2));
    CHECK(c.Asked() == V{"ask CALLER_GONE 1"});
    c.Gets(StepOf(3));
    CHECK(c.Told() == V{"CALL_ENDED CUSTOMER"});
    CHECK(c.call.over());
  }
}

TEST_CASE("the flow knows that a caller left before the session does", "[sip][anchored][caller]") {
  const bool answers = GENERATE(true, false);
  Caller c;
  SECTION("while a step was asked for") {
    c.Hears(Kind::kEnded, "customer");
    CHECK(c.Told().empty());
    CHECK(c.Asked().empty());
    c.Gets(Menu(1));
    CHECK(c.Asked() == V{"ask CALLER_GONE 0"});
  }
  SECTION("in a menu") {
    c.Gets(Menu(1));
    c.Forget();
    c.Hears(Kind::kEnded, "customer");
    CHECK(c.Asked() == V{"ask CALLER_GONE 1"});
  }
  SECTION("while an agent rings") {
    c.Gets(DialStep(1));
    c.Rings("agent", session::v1::Leg::AGENT);
    c.Forget();
    c.Hears(Kind::kEnded, "customer");
    CHECK(c.Asked() == V{"cancel agent", "ask CALLER_GONE 1"});
    c.Hears(Kind::kRejected, "agent", 487);
    c.Told();
  }
  CHECK(c.Told().empty());
  CHECK_FALSE(c.call.over());
  if (answers) {
    c.Gets(StepOf(2));
  } else {
    c.Take(FlowFailed(c.call));
  }
  CHECK(c.Told() == V{"CALL_ENDED CUSTOMER"});
  CHECK(c.last().reason() == session::v1::CALLER_ABANDONED);
  CHECK(c.call.over());
}

TEST_CASE("a caller whose flow cannot be asked is not left on a dead line",
          "[sip][anchored][caller]") {
  Caller c;
  SECTION("before the answer") {
    c.Take(FlowFailed(c.call));
    CHECK(c.Asked() == V{"respond customer 503"});
  }
  SECTION("in a menu") {
    c.Gets(Menu(1));
    c.PlayEnds();
    c.Timer();
    c.Forget();
    c.Take(FlowFailed(c.call));
    CHECK(c.Asked() == V{"bye customer"});
  }
  CHECK(c.Told() == V{"CALL_ENDED CUSTOMER"});
  CHECK(c.last().reason() == session::v1::PROVIDER_ERROR);
  CHECK(c.call.over());
}

TEST_CASE("a caller's call is handed over as any other", "[sip][anchored][caller][transfer]") {
  Caller c;
  c.Gets(DialStep(1));
  c.Rings("agent", session::v1::Leg::AGENT);
  c.Answers("agent");
  c.Take(Hold(c.call).value());
  c.Rings("consult-1", session::v1::Leg::CONSULT);
  c.Take(DropParty(c.call, "agent").value());
  c.Forget();
  c.Hears(Kind::kRejected, "consult-1", 486);
  CHECK(c.Asked().empty());  // the agent is rung again
  c.Rings("agent-2", session::v1::Leg::AGENT);
  c.Answers("agent-2");
  c.Take(Resume(c.call).value());
  CHECK(c.Told() == V{"CALL_BUSY CONSULT", "CALL_ANSWERED AGENT"});
  c.Press('3');
  CHECK(c.Told() == V{"DTMF_RECEIVED CUSTOMER"});
  c.Asked();
  c.Hears(Kind::kEnded, "agent-2");
  CHECK(c.Asked() == V{"ask DIAL_ENDED 1"});
}

}  // namespace
}  // namespace ctc::providers::sip::native
