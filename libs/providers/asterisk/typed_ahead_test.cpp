#include "libs/providers/asterisk/caller_way_for_test.h"

namespace ctc::providers::asterisk {
namespace {

FlowStep OneKey() {
  FlowStep step = Menu();
  step.mutable_gather()->set_max_digits(1);
  step.mutable_gather()->set_finish_on_key("");
  return step;
}

TEST_CASE("a key pressed while the next step is asked for is the next menu's", "[asterisk][flow]") {
  Way way;
  way.Step(OneKey());
  CHECK(AskOf(way.Key("1")).digits() == "1");
  CHECK_FALSE(way.Key("2").ask.has_value());
  CHECK_FALSE(way.Key("3").ask.has_value());
  const Effects second = way.Step(OneKey());
  CHECK(second.actions.empty());  // not even its prompt
  CHECK(AskOf(second).kind() == FlowInput::DIGITS);
  CHECK(AskOf(second).digits() == "2");
  CHECK(AskOf(second).step_number() == 2);
  CHECK(AskOf(way.Step(OneKey())).digits() == "3");
  // All are used up.
  const Effects fourth = way.Step(OneKey());
  CHECK_FALSE(fourth.ask.has_value());
  CHECK(Kinds(fourth) == std::vector<Kind>{Kind::kPlay});
}

TEST_CASE("keys typed ahead begin a number, and the rest is awaited", "[asterisk][flow]") {
  Way way;
  way.Step(OneKey());
  way.Key("1");
  way.Key("4");
  const Effects begun = way.Step(Menu());
  CHECK_FALSE(begun.ask.has_value());
  CHECK(begun.actions.empty());
  CHECK(begun.timer == absl::Seconds(5));
  way.Key("7");
  CHECK(AskOf(way.Key("#")).digits() == "47");

  way.Key("8");
  way.Key("#");
  way.Key("9");
  CHECK(AskOf(way.Step(Menu())).digits() == "8");  // up to its last key
  CHECK(AskOf(way.Step(OneKey())).digits() == "9");
}

TEST_CASE("a number begun ahead ends by silence too", "[asterisk][flow]") {
  Way way;
  way.Step(OneKey());
  way.Key("1");
  way.Key("4");
  way.Step(Menu());
  CHECK(AskOf(way.TimerFires()).digits() == "4");
}

TEST_CASE("a message between is heard, and the keys are kept", "[asterisk][flow]") {
  Way way;
  way.Step(OneKey());
  way.Key("1");
  way.Key("2");
  CHECK(Kinds(way.Step(Prompted(1))) == std::vector<Kind>{Kind::kPlay});
  CHECK(way.Key("5").actions.empty());  // during it: of no step
  CHECK(AskOf(way.PromptEnds(0)).kind() == FlowInput::DONE);
  CHECK(AskOf(way.Step(OneKey())).digits() == "2");
  CHECK(Kinds(way.Step(OneKey())) == std::vector<Kind>{Kind::kPlay});
}

TEST_CASE("keys typed ahead do not outlive a talk, a wait or a message", "[asterisk][flow]") {
  FlowStep wait;
  wait.mutable_wait()->set_seconds(10);
  FlowStep message;
  message.mutable_voicemail()->set_max_seconds(10);
  for (const FlowStep& step : {DialStep(), wait, message}) {
    Way way;
    way.Step(OneKey());
    way.Key("1");
    way.Key("2");
    way.Step(step);
    CHECK(way.flow.ahead.empty());
  }
}

TEST_CASE("no more keys are kept than one step may collect", "[asterisk][flow]") {
  Way way;
  way.Step(OneKey());
  way.Key("1");
  for (int i = 0; i < 100; ++i) way.Key("2");
  CHECK(way.flow.ahead.size() == 32);
}

TEST_CASE("a caller who types ahead before the first step is answered", "[asterisk][flow]") {
  Way way;
  way.Key("5");
  const Effects first = way.Step(OneKey());
  CHECK(Kinds(first) == std::vector<Kind>{Kind::kAnswerCaller});
  CHECK(AskOf(first).digits() == "5");
}

}  // namespace
}  // namespace ctc::providers::asterisk
