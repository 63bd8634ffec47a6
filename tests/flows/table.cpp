// Menus: keys, their absence, digits, opening hours.
#include "tests/flows/table.h"

namespace ctc::flows {
namespace {

using routing::FlowWorld;
using routing::Option;
using Kind = routing::v1::IvrMenuOption;
using Lines = std::vector<std::string>;

const std::string kAsks = "is asked for up to 1 keys within 5 s";
const std::string kBye = "hears Good-bye.";
const std::string kEnd = "is hung up on: NORMAL";

void SetHours(FlowWorld& world, const std::string& more = "") {
  routing::Menu& menu = world.book.menus.at(routing::Id("main"));
  *menu.row.mutable_business_hours() = routing::Json(
      R"({"time_zone": "UTC", "hours": [{"days": [7], "start": "00:00", "end": "24:00"}])" + more +
      "}");
  auto read = routing::ReadMenu(menu.row);
  REQUIRE(read.ok());
  menu = *std::move(read);
}

std::string LongText() {
  std::string text = "word";
  for (int i = 0; i < 349; ++i) text += " word";
  return text;
}

// Two keys: 1 says something and comes back, 2 ends.
void AddTwoKeys(FlowWorld& world) {
  AddRoot(world, {Option("1", Kind::PLAY_MESSAGE, R"({"text": "we sell tea"})"),
                  Option("2", Kind::HANG_UP, R"({"text": "thank you"})")});
}

void AddDigits(FlowWorld& world, const std::string& more) {
  AddRoot(world, {Option("1", Kind::COLLECT_DTMF,
                         R"({"name": "account", "text": "your account", "max_digits": 6,)"
                         R"("timeout_seconds": 7,)" +
                             more + R"("then": {"action": "HANG_UP", "text": "thank you"}})")});
}

// What a caller of AddDigits goes through before its digits are asked for.
Lines AfterOne(Lines more, const std::string& finish = "#") {
  Lines lines = {"hears this is main", kAsks, "presses 1", "hears your account",
                 "is asked for up to 6 keys within 7 s, ended by " + finish};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

std::vector<Row> KeyRows() {
  return {
      {"a key does what it stands for, then the menu is back",
       AddTwoKeys,
       {"1", "2"},
       {"hears this is main", kAsks, "presses 1", "hears we sell tea this is main", kAsks,
        "presses 2", "hears thank you", kEnd}},
      {"sounds are played",
       [](FlowWorld& world) {
         AddRoot(world,
                 {Option("1", Kind::HANG_UP, R"({"audio_url": "https://x.example/bye.wav"})")})
             .set_prompt_audio_url("https://x.example/main.wav?a=1&b=2");
       },
       {"1"},
       {"hears https://x.example/main.wav?a=1&b=2", kAsks, "presses 1",
        "hears https://x.example/bye.wav", kEnd}},
      {"a text is said as it is written",
       [](FlowWorld& world) {
         AddRoot(world, {Option("1", Kind::HANG_UP,
                                R"({"text": "Grüße & <50%> \"quoted\" + 'more'; {text}"})")});
       },
       {"1"},
       {"hears this is main", kAsks, "presses 1", "hears Grüße & <50%> \"quoted\" + 'more'; {text}",
        kEnd}},
      {"a long text is said whole",
       [](FlowWorld& world) {
         AddRoot(world, {Option("1", Kind::HANG_UP, R"({"text": ")" + LongText() + R"("})")});
       },
       {"1"},
       {"hears this is main", kAsks, "presses 1", "hears " + LongText(), kEnd}},
      {"a caller who presses nothing is asked three times",
       AddTwoKeys,
       {"timeout", "timeout", "timeout"},
       {"hears this is main", kAsks, "presses nothing", "hears this is main", kAsks,
        "presses nothing", "hears this is main", kAsks, "presses nothing", kBye, kEnd}},
      {"a time-out may be an option",
       [](FlowWorld& world) {
         AddRoot(world, {Option("1", Kind::HANG_UP),
                         Option("t", Kind::HANG_UP, R"({"text": "call again"})")})
             .set_max_retries(0);
       },
       {"timeout"},
       {"hears this is main", kAsks, "presses nothing", "hears call again", kEnd}},
      {"a wrong key is asked again",
       AddTwoKeys,
       {"9", "2"},
       {"hears this is main", kAsks, "presses 9", "hears this is main", kAsks, "presses 2",
        "hears thank you", kEnd}},
      {"a wrong key may be an option",
       [](FlowWorld& world) {
         AddRoot(world, {Option("1", Kind::HANG_UP),
                         Option("i", Kind::PLAY_MESSAGE, R"({"text": "no such key"})")});
       },
       {"9", "1"},
       {"hears this is main", kAsks, "presses 9", "hears no such key this is main", kAsks,
        "presses 1", kBye, kEnd}},
      {"hash and star are keys like others",
       [](FlowWorld& world) {
         AddRoot(world, {Option("*", Kind::REPEAT),
                         Option("#", Kind::HANG_UP, R"({"text": "thank you"})")});
       },
       {"*", "#"},
       {"hears this is main", kAsks, "presses *", "hears this is main", kAsks, "presses #",
        "hears thank you", kEnd}},
      {"a key cuts the question short",
       AddTwoKeys,
       {"!2"},
       {"hears this is main", "cuts it short", kAsks, "presses 2", "hears thank you", kEnd}},
      {"a key does not cut an announcement short",
       AddTwoKeys,
       {"1", "!5", "2"},
       {"hears this is main", kAsks, "presses 1", "hears we sell tea", "presses 5 in vain",
        "hears this is main", kAsks, "presses 2", "hears thank you", kEnd}},
      {"a sub-menu asks in its own way",
       [](FlowWorld& world) {
         AddRoot(world, {Option("1", Kind::SUB_MENU, "{}", "sub")});
         auto& sub = world.AddMenu("sub", {Option("1", Kind::HANG_UP, R"({"text": "done"})")});
         sub.set_timeout_seconds(9);
         sub.set_max_retries(1);
       },
       {"1", "timeout", "1"},
       {"hears this is main", kAsks, "presses 1", "hears this is sub",
        "is asked for up to 1 keys within 9 s", "presses nothing", "hears this is sub",
        "is asked for up to 1 keys within 9 s", "presses 1", "hears done", kEnd}},
      {"menus that lead in a circle are left",
       [](FlowWorld& world) {
         AddRoot(world, {Option("1", Kind::SUB_MENU, "{}", "round")});
         world.AddMenu("round", {Option("t", Kind::SUB_MENU, "{}", "about")}).clear_prompt_text();
         world.AddMenu("about", {Option("t", Kind::SUB_MENU, "{}", "round")}).set_prompt_text("");
       },
       {"1"},
       {"hears this is main", kAsks, "presses 1", "hears We cannot continue this call. Good-bye.",
        kEnd}},
      {"a patient menu",
       [](FlowWorld& world) {
         AddRoot(world, {Option("1", Kind::HANG_UP)}).set_timeout_seconds(20);
       },
       {"1"},
       {"hears this is main", "is asked for up to 1 keys within 20 s", "presses 1", kBye, kEnd},
       {{Wire::kNcco,
         {"Vonage waits for keys at most 10 s",
          {"hears this is main", "is asked for up to 1 keys within 10 s", "presses 1", kBye,
           kEnd}}}}},
      {"a caller who leaves in the menu",
       AddTwoKeys,
       {"leaves"},
       {"hears this is main", kAsks, "leaves"}},
  };
}

std::vector<Row> DigitRows() {
  return {
      {"digits ended by their key",
       [](FlowWorld& world) { AddDigits(world, ""); },
       {"1", "1234#"},
       AfterOne({"presses 1234#", "hears thank you", kEnd, "account is 1234"})},
      {"digits ended by another key",
       [](FlowWorld& world) { AddDigits(world, R"("finish_on_key": "*",)"); },
       {"1", "1234*"},
       AfterOne({"presses 1234*", "hears thank you", kEnd, "account is 1234"}, "*")},
      {"as many digits as there may be",
       [](FlowWorld& world) { AddDigits(world, ""); },
       {"1", "123456"},
       AfterOne({"presses 123456", "hears thank you", kEnd, "account is 123456"})},
      {"digits and then silence",
       [](FlowWorld& world) { AddDigits(world, ""); },
       {"1", "123"},
       AfterOne({"presses 123", "hears thank you", kEnd, "account is 123"})},
      {"too few digits are asked for again, then given up",
       [](FlowWorld& world) { AddDigits(world, R"("min_digits": 4, "max_retries": 1,)"); },
       {"1", "12#", "timeout"},
       AfterOne({"presses 12#", "hears your account",
                 "is asked for up to 6 keys within 7 s, ended by #", "presses nothing", kBye,
                 kEnd})},
      {"the ending key alone is no digits",
       [](FlowWorld& world) { AddDigits(world, ""); },
       {"1", "#", "77#"},
       AfterOne({"presses #", "hears your account",
                 "is asked for up to 6 keys within 7 s, ended by #", "presses 77#",
                 "hears thank you", kEnd, "account is 77"})},
      {"a caller who leaves among the digits",
       [](FlowWorld& world) { AddDigits(world, ""); },
       {"1", "leaves"},
       AfterOne({"leaves"})},
  };
}

std::vector<Row> HourRows() {
  return {
      {"closed, with words for it",
       [](FlowWorld& world) {
         AddTwoKeys(world);
         SetHours(world, R"(, "closed_text": "come on Sunday")");
       },
       {},
       {"hears come on Sunday", kEnd}},
      {"closed, without words for it",
       [](FlowWorld& world) {
         AddTwoKeys(world);
         SetHours(world);
       },
       {},
       {"hears We are closed at the moment. Good-bye.", kEnd}},
      {"closed, with a message to leave",
       [](FlowWorld& world) {
         AddRoot(world, {Option("1", Kind::HANG_UP),
                         Option("c", Kind::VOICEMAIL, R"({"text": "speak now"})")});
         SetHours(world);
       },
       {"message"},
       {"hears speak now", "may speak for 120 s, ended by #", "leaves a message", kEnd},
       {{Wire::kJambonz,
         {"no verb of jambonz gives a recording: 501, and it gives the call up",
          {"is refused: voicemail", "is hung up on", "(never: message)"}}}}},
  };
}

}  // namespace

routing::v1::IvrMenu& AddRoot(FlowWorld& world, std::vector<Kind> options) {
  routing::v1::IvrMenu& menu = world.AddMenu("main", std::move(options));
  menu.set_phone_number(world.call.to_phone);
  return menu;
}

std::vector<Row> MenuRows() {
  std::vector<Row> rows = KeyRows();
  for (std::vector<Row> more : {DigitRows(), HourRows()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

const std::vector<Row>& Table() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> all = MenuRows();
    const std::vector<Row> calls = CallRows();
    all.insert(all.end(), calls.begin(), calls.end());
    return all;
  }();
  return rows;
}

}  // namespace ctc::flows
