// A caller in menus.
#include "services/routing/domain/flow.h"

#include "services/routing/domain/flow_world_for_test.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;
using Input = v1::FlowInput;

struct Root : FlowWorld {
  // The menu that answers the called number.
  v1::IvrMenu& AddRoot(std::vector<v1::IvrMenuOption> options) {
    v1::IvrMenu& row = AddMenu("main", std::move(options));
    row.set_phone_number(call.to_phone);
    return row;
  }
};

const char kOffice[] = R"({"time_zone": "Europe/Berlin",
  "hours": [{"days": [1, 2, 3, 4, 5], "start": "08:00", "end": "18:00"}],
  "holidays": ["2026-01-06"], "closed_text": "come back later"})";

void Open(Root& world, const char* hours) {
  Menu& menu = world.book.menus.at(Id("main"));
  *menu.row.mutable_business_hours() = Json(hours);
  auto read = ReadMenu(menu.row);
  INFO(read.status().ToString());
  REQUIRE(read.ok());
  menu = *std::move(read);
}

}  // namespace

TEST_CASE_METHOD(Root, "a caller whose message may not be recorded is told good-bye") {
  AddRoot({Option("1", Kind::VOICEMAIL)});
  Start();
  REQUIRE(Press("1").has_voicemail());
  const v1::FlowStep& step = Answer(Input::MESSAGE_REFUSED);
  CHECK(step.hang_up().reason() == session::v1::AGENT_NO_ANSWER);
  CHECK(step.prompts_size() == 1);
}

TEST_CASE_METHOD(Root, "the menu of the called number is asked for one key") {
  AddRoot({Option("1", Kind::HANG_UP)});
  const v1::FlowStep& step = Start();
  CHECK(step.number() == 1);
  CHECK(Heard() == "this is main");
  CHECK(step.prompts(0).language() == "en-GB");
  CHECK(step.gather().max_digits() == 1);
  CHECK(step.gather().min_digits() == 1);
  CHECK(step.gather().timeout_seconds() == 5);
  CHECK(step.gather().finish_on_key().empty());  // "#" may be a key of the menu
  CHECK(state.menu_id() == Id("main"));
  CHECK(state.path_size() == 1);
}

TEST_CASE_METHOD(Root, "a recorded prompt is played instead of the text") {
  AddRoot({Option("1", Kind::HANG_UP)}).set_prompt_audio_url("https://a.example/p.mp3");
  CHECK(Start().prompts(0).audio_url() == "https://a.example/p.mp3");
  CHECK(state.current().prompts(0).text().empty());
}

TEST_CASE_METHOD(Root, "an inactive menu answers no call") {
  AddRoot({Option("1", Kind::HANG_UP)}).set_is_active(false);
  Start();
  CHECK(IsOver());
  CHECK(state.current().hang_up().reason() == session::v1::AGENT_NO_ANSWER);
}

TEST_CASE_METHOD(Root, "the prompt is repeated as often as the menu says, then good-bye") {
  AddRoot({Option("1", Kind::HANG_UP)});
  Start();
  for (int i = 0; i < 2; ++i) {
    CHECK(Answer(Input::NO_INPUT).has_gather());
    CHECK(Heard() == "this is main");
  }
  CHECK(state.current().number() == 3);
  Answer(Input::NO_INPUT);
  CHECK(IsOver());
  CHECK(Heard() == "Good-bye.");
  CHECK(state.current().prompts(0).language() == "en-GB");
  CHECK(state.current().hang_up().reason() == session::v1::NORMAL);
}

TEST_CASE_METHOD(Root, "option t is taken when the repetitions are used up") {
  AddRoot({Option("1", Kind::HANG_UP), Option("t", Kind::VOICEMAIL)}).set_max_retries(0);
  Start();
  CHECK(Answer(Input::NO_INPUT).has_voicemail());
}

TEST_CASE_METHOD(Root, "option t is taken once, though it leads back to the menu") {
  AddRoot({Option("1", Kind::HANG_UP), Option("t", Kind::PLAY_MESSAGE, R"({"text": "hello?"})")})
      .set_max_retries(0);
  Start();
  Answer(Input::NO_INPUT);
  CHECK(Heard() == "hello?");
  CHECK(Answer(Input::DONE).has_gather());
  Answer(Input::NO_INPUT);
  CHECK(IsOver());
}

TEST_CASE_METHOD(Root, "a wrong key repeats the menu and counts as a repetition") {
  AddRoot({Option("1", Kind::HANG_UP)}).set_max_retries(1);
  Start();
  CHECK(Press("9").has_gather());
  CHECK(state.retries() == 1);
  Press("9");
  CHECK(IsOver());
  CHECK(outcome.explanation.find('9') == std::string::npos);  // it may be part of a secret
}

TEST_CASE_METHOD(Root, "option i is taken at a wrong key") {
  AddRoot({Option("1", Kind::HANG_UP), Option("i", Kind::PLAY_MESSAGE, R"({"text": "wrong"})")});
  Start();
  Press("9");
  CHECK(Heard() == "wrong");
  CHECK_FALSE(IsOver());
  Answer(Input::DONE);
  CHECK(Heard() == "this is main");
}

TEST_CASE_METHOD(Root, "option i does not keep a caller for ever") {
  AddRoot({Option("1", Kind::HANG_UP), Option("i", Kind::REPEAT)});
  Start();
  int wrong = 0;
  while (!IsOver() && wrong < 20) Press("9"), ++wrong;
  CHECK(wrong == 3);
}

TEST_CASE_METHOD(Root, "of several digits the first is the key") {
  AddRoot({Option("#", Kind::VOICEMAIL)});
  Start();
  CHECK(Press("#12").has_voicemail());
}

TEST_CASE_METHOD(Root, "a good key makes the repetitions start anew") {
  AddRoot({Option("1", Kind::REPEAT)});
  Start();
  Answer(Input::NO_INPUT);
  CHECK(state.retries() == 1);
  CHECK(Press("1").has_gather());
  CHECK(state.retries() == 0);
}

TEST_CASE_METHOD(Root, "a sub-menu asks in its own language and hours") {
  AddRoot({Option("2", Kind::SUB_MENU, "{}", "below")});
  AddMenu("below", {Option("1", Kind::HANG_UP)}).set_language("de-DE");
  Start();
  Press("2");
  CHECK(Heard() == "this is below");
  CHECK(state.menu_id() == Id("below"));
  CHECK(state.path_size() == 2);
  Press("1");
  CHECK(Heard() == "Auf Wiederhören.");
}

TEST_CASE_METHOD(Root, "a menu that is gone or not active ends the call politely") {
  AddRoot({Option("2", Kind::SUB_MENU, "{}", "gone"), Option("3", Kind::SUB_MENU, "{}", "off")});
  AddMenu("off", {}).set_is_active(false);
  const std::string key = GENERATE("2", "3");
  Start();
  Press(key);
  CHECK(IsOver());
  CHECK_FALSE(Heard().empty());
}

TEST_CASE_METHOD(Root, "the caller's own menu may vanish during the call") {
  AddRoot({Option("1", Kind::HANG_UP)});
  Start();
  book.menus.clear();
  Press("1");
  CHECK(IsOver());
}

TEST_CASE_METHOD(Root, "a message is played, then the menu is asked again") {
  AddRoot({Option("1", Kind::PLAY_MESSAGE, R"({"audio_url": "https://a.example/m.mp3"})")});
  Start();
  const v1::FlowStep& step = Press("1");
  CHECK(step.then_case() == v1::FlowStep::THEN_NOT_SET);
  CHECK(Heard() == "https://a.example/m.mp3");
  CHECK(Answer(Input::DONE).has_gather());
}

TEST_CASE_METHOD(Root, "a message may be followed by something else") {
  AddRoot({Option("1", Kind::PLAY_MESSAGE,
                  R"({"text": "a", "then": {"action": "PLAY_MESSAGE", "text": "b",
                      "then": {"action": "VOICEMAIL"}}})")});
  Start();
  Press("1");
  Answer(Input::DONE);
  CHECK(Heard() == "b");
  CHECK(Answer(Input::DONE).has_voicemail());
}

TEST_CASE_METHOD(Root, "digits are collected under their name, then the menu is asked again") {
  AddRoot({Option("1", Kind::COLLECT_DTMF,
                  R"({"name": "account", "text": "number?", "min_digits": 4, "max_digits": 8,
                      "timeout_seconds": 9})")});
  Start();
  const v1::FlowStep& step = Press("1");
  CHECK(Heard() == "number?");
  CHECK(step.gather().min_digits() == 4);
  CHECK(step.gather().max_digits() == 8);
  CHECK(step.gather().finish_on_key() == "#");
  CHECK(step.gather().timeout_seconds() == 9);
  CHECK(Press("1234").has_gather());
  CHECK(Heard() == "this is main");
  CHECK(state.collected().at("account") == "1234");
  CHECK(outcome.explanation.find("1234") == std::string::npos);
}

TEST_CASE_METHOD(Root, "too few digits are asked for again, then option t or good-bye") {
  AddRoot({Option("1", Kind::COLLECT_DTMF,
                  R"({"name": "pin", "text": "pin?", "min_digits": 4, "max_digits": 4,
                      "max_retries": 1})")});
  Start();
  Press("1");
  Press("12");
  CHECK(Heard() == "pin?");
  CHECK(state.collected().empty());
  const bool with_timeout = GENERATE(false, true);
  if (with_timeout) {
    AddRoot({Option("1", Kind::COLLECT_DTMF,
                    R"({"name": "pin", "min_digits": 4, "max_digits": 4, "max_retries": 1})"),
             Option("t", Kind::VOICEMAIL)});
  }
  const v1::FlowStep& step = Answer(Input::NO_INPUT);
  CHECK(step.has_voicemail() == with_timeout);
  CHECK(IsOver() != with_timeout);
}

TEST_CASE_METHOD(Root, "what is no digit and what is too much is dropped") {
  AddRoot({Option("1", Kind::COLLECT_DTMF,
                  R"({"name": "n", "max_digits": 3, "finish_on_key": "none",
                      "then": {"action": "HANG_UP"}})")});
  Start();
  CHECK(Press("1").gather().finish_on_key().empty());
  Press("1x2,345");
  CHECK(state.collected().at("n") == "123");
  CHECK(IsOver());
}

TEST_CASE_METHOD(Root, "a message can be left, with our words or the menu's") {
  AddRoot({Option("1", Kind::VOICEMAIL), Option("2", Kind::VOICEMAIL,
                                                R"({"text": "speak", "max_seconds": 30,
                                                    "finish_on_key": "*"})")});
  Start();
  Press("1");
  CHECK(Heard() == "Please leave a message after the tone.");
  CHECK(state.current().voicemail().max_seconds() == 120);
  state.Clear();
  Start();
  const v1::FlowStep& step = Press("2");
  CHECK(Heard() == "speak");
  CHECK(step.voicemail().max_seconds() == 30);
  CHECK(step.voicemail().finish_on_key() == "*");
  Answer(Input::VOICEMAIL_LEFT);
  CHECK(IsOver());
  CHECK(state.current().prompts().empty());
}

TEST_CASE_METHOD(Root, "a hang-up says its own words instead of good-bye") {
  AddRoot({Option("1", Kind::HANG_UP, R"({"text": "so long"})")});
  Start();
  Press("1");
  CHECK(IsOver());
  CHECK(Heard() == "so long");
}

TEST_CASE_METHOD(Root, "a closed menu says so and ends the call") {
  AddRoot({Option("1", Kind::HANG_UP)});
  Open(*this, kOffice);
  // Monday 08:00 UTC is 09:00 in Berlin.
  CHECK(Start().has_gather());
  const int hours = GENERATE(10, 24, -48);  // evening, holiday, Saturday
  state.Clear();
  call.now += absl::Hours(hours);
  Start();
  CHECK(IsOver());
  CHECK(Heard() == "come back later");
}

TEST_CASE_METHOD(Root, "our own words close a menu that has none") {
  AddRoot({Option("1", Kind::HANG_UP)});
  Open(*this,
       R"({"time_zone": "UTC", "hours": [{"days": [7], "start": "00:00", "end": "24:00"}]})");
  Start();
  CHECK(Heard() == "We are closed at the moment. Good-bye.");
}

TEST_CASE_METHOD(Root, "option c is taken when closed, and never leads back into the menu") {
  AddRoot({Option("1", Kind::HANG_UP), Option("c", Kind::PLAY_MESSAGE, R"({"text": "night"})")});
  Open(*this, kOffice);
  call.now += absl::Hours(12);
  Start();
  CHECK(Heard() == "night");
  CHECK_FALSE(IsOver());
  Answer(Input::DONE);
  CHECK(IsOver());
}

TEST_CASE_METHOD(Root, "a menu without keys does what option t says at once") {
  AddRoot({Option("t", Kind::SUB_MENU, "{}", "below")});
  AddMenu("below", {Option("1", Kind::HANG_UP)});
  Start();
  CHECK(Heard() == "this is main | this is below");
  CHECK(state.current().number() == 1);
}

TEST_CASE_METHOD(Root, "a menu with no options says its prompt and good-bye") {
  AddRoot({});
  Start();
  CHECK(IsOver());
  CHECK(Heard() == "this is main | Good-bye.");
}

TEST_CASE_METHOD(Root, "menus that lead in a circle by themselves end the call") {
  AddRoot({Option("t", Kind::SUB_MENU, "{}", "other")});
  AddMenu("other", {Option("t", Kind::SUB_MENU, "{}", "main")});
  Start();
  CHECK(IsOver());
  CHECK(outcome.explanation.find("in a circle") != std::string::npos);
}

TEST_CASE_METHOD(Root, "the same question gets the same step again") {
  AddRoot({Option("1", Kind::SUB_MENU, "{}", "below")});
  AddMenu("below", {Option("1", Kind::VOICEMAIL)});
  Start();
  Input late;
  late.set_kind(Input::DIGITS);
  late.set_digits("1");
  late.set_step_number(1);
  Do(late);
  CHECK_FALSE(outcome.repeated);
  const std::string after = state.SerializeAsString();
  SECTION("an answer that came twice") { Do(late); }
  SECTION("a start that came twice") { Start(); }
  SECTION("an answer to a step there never was") {
    late.set_step_number(7);
    Do(late);
  }
  CHECK(outcome.repeated);
  CHECK(state.SerializeAsString() == after);
}

TEST_CASE_METHOD(Root, "after the end nothing changes any more") {
  AddRoot({Option("1", Kind::HANG_UP)});
  Start();
  Press("1");
  const std::string after = state.SerializeAsString();
  const Input::Kind kind = GENERATE(Input::DIGITS, Input::CALLER_GONE, Input::DONE);
  Answer(kind, "1");
  CHECK(state.SerializeAsString() == after);
}

TEST_CASE_METHOD(Root, "a caller who hangs up ends the flow, whatever step was told") {
  AddRoot({Option("1", Kind::HANG_UP)});
  Start();
  Input gone;
  gone.set_kind(Input::CALLER_GONE);
  Do(gone);
  CHECK(IsOver());
  CHECK(state.current().hang_up().reason() == session::v1::CALLER_ABANDONED);
}

TEST_CASE_METHOD(Root, "a call has at most 200 steps") {
  AddRoot({Option("1", Kind::REPEAT)});
  Start();
  int pressed = 0;
  while (!IsOver() && pressed < 1000) Press("1"), ++pressed;
  CHECK(pressed == kMaxSteps);
  CHECK(state.current().number() == kMaxSteps + 1);
}

TEST_CASE_METHOD(Root, "a caller can begin in a menu without a number") {
  AddMenu("inner", {Option("1", Kind::HANG_UP)});
  state.set_menu_id(Id("inner"));
  CHECK(Start().has_gather());
  state.Clear();
  state.set_menu_id(Id("none"));
  Start();
  CHECK(IsOver());
}

}  // namespace ctc::routing
