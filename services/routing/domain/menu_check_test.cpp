// What a menu or a queue must be to be written.
#include "services/routing/domain/menu_check.h"

#include "libs/base/error_catalogue.h"
#include "libs/testing/status_matchers.h"
#include "services/routing/domain/flow_world_for_test.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;
using testing::HasError;
using testing::IsOk;
using testing::NamesField;

v1::IvrMenu Good() {
  v1::IvrMenu menu;
  menu.set_id(Id("menu"));
  menu.set_menu_name("Main");
  menu.set_prompt_text("Hi.");
  menu.set_language("en-US");
  menu.set_timeout_seconds(5);
  menu.set_max_retries(3);
  return menu;
}

v1::Queue GoodQueue() {
  v1::Queue queue;
  queue.set_queue_name("q");
  queue.set_strategy(v1::Queue::LONGEST_IDLE);
  queue.set_ring_seconds(20);
  queue.set_overflow("HANG_UP");
  return queue;
}

template <class Change>
bool Refuses(const std::string& field, Change change) {
  v1::IvrMenu menu = Good();
  change(menu);
  return NamesField(CheckMenu(menu), field);
}

template <class Change>
bool RefusesQueue(const std::string& field, Change change) {
  v1::Queue queue = GoodQueue();
  change(queue);
  return NamesField(CheckQueue(queue), field);
}

}  // namespace

TEST_CASE("a menu is refused by the field at fault") {
  v1::IvrMenu menu = Good();
  CHECK_THAT(CheckMenu(menu), IsOk());
  CHECK(Refuses("menu_name", [](auto& m) { m.clear_menu_name(); }));
  CHECK(Refuses("menu_name", [](auto& m) { m.set_menu_name(std::string(256, 'x')); }));
  CHECK(Refuses("menu_name", [](auto& m) { m.set_menu_name("a\nb"); }));
  CHECK(Refuses("prompt_text", [](auto& m) { m.clear_prompt_text(); }));
  CHECK(Refuses("prompt_text", [](auto& m) { m.set_prompt_text(std::string(4001, 'x')); }));
  CHECK(Refuses("prompt_audio_url", [](auto& m) { m.set_prompt_audio_url("javascript:1"); }));
  CHECK(Refuses("timeout_seconds", [](auto& m) { m.set_timeout_seconds(0); }));
  CHECK(Refuses("timeout_seconds", [](auto& m) { m.set_timeout_seconds(61); }));
  CHECK(Refuses("max_retries", [](auto& m) { m.set_max_retries(-1); }));
  CHECK(Refuses("max_retries", [](auto& m) { m.set_max_retries(11); }));
  CHECK(Refuses("phone_number", [](auto& m) { m.set_phone_number("1001"); }));
  CHECK(Refuses("phone_number", [](auto& m) {
    m.set_phone_number("+15550100");
    m.set_parent_menu_id(Id("parent"));
  }));
  CHECK(Refuses("business_hours.time_zone",
                [](auto& m) { *m.mutable_business_hours() = Json(R"({"open": true})"); }));
}

TEST_CASE("a language is a tag of letters and digits") {
  for (const char* tag : {"en", "en-US", "cmn-Hans-CN", "es-419", "arb"}) {
    v1::IvrMenu menu = Good();
    menu.set_language(tag);
    INFO(tag);
    CHECK_THAT(CheckMenu(menu), IsOk());
  }
  for (const char* tag : {"", "e", "english", "en_US", "en-", "-US", "en-U", "12-34", "en US"}) {
    INFO(tag);
    CHECK(Refuses("language", [&](auto& m) { m.set_language(tag); }));
  }
}

TEST_CASE("an option is refused by the field at fault") {
  const auto with = [](const v1::IvrMenuOption& option) {
    return [option](v1::IvrMenu& menu) {
      *menu.add_options() = Option("9", Kind::HANG_UP);
      *menu.add_options() = option;
    };
  };
  for (const char* key : {"", "10", "a", "T", "-", "##"}) {
    INFO(key);
    CHECK(Refuses("options[1].dtmf_key", with(Option(key, Kind::HANG_UP))));
  }
  CHECK(Refuses("options[1].dtmf_key", with(Option("9", Kind::REPEAT))));
  CHECK(Refuses("options[1].action", with(Option("1", Kind::ACTION_UNSPECIFIED))));
  CHECK(Refuses("options[1].action", with(Option("c", Kind::REPEAT))));
  CHECK(Refuses("options[1].target_menu_id", with(Option("1", Kind::SUB_MENU))));
  CHECK(Refuses("options[1].target_menu_id", with(Option("1", Kind::HANG_UP, "{}", "x"))));
  CHECK(Refuses("options[1].action_json.phone", with(Option("1", Kind::ROUTE_NUMBER))));
  v1::IvrMenuOption labelled = Option("1", Kind::HANG_UP);
  labelled.set_label(std::string(256, 'x'));
  CHECK(Refuses("options[1].label", with(labelled)));
}

TEST_CASE("what is empty is dropped, and the number is told in E.164") {
  v1::IvrMenu menu = Good();
  menu.set_phone_number("+1 (555) 0100");
  v1::IvrMenuOption option = Option("1", Kind::HANG_UP);
  option.mutable_action_json();
  option.set_target_menu_id("");
  *menu.add_options() = option;
  REQUIRE(CheckMenu(menu).ok());
  CHECK(menu.phone_number() == "+15550100");
  CHECK_FALSE(menu.options(0).has_action_json());
  CHECK_FALSE(menu.options(0).has_target_menu_id());
}

TEST_CASE("menus stand ten deep at most") {
  Surroundings all;
  std::string above;
  for (int i = 0; i < 11; ++i) {
    v1::IvrMenu menu = Good();
    menu.set_id(Id("m" + std::to_string(i)));
    if (!above.empty()) menu.set_parent_menu_id(above);
    above = menu.id();
    const absl::Status placed = CheckPlace(menu, all);
    INFO(i);
    CHECK_THAT(placed, IsOk());
    all.menus.push_back(menu);
  }
  v1::IvrMenu deepest = Good();
  deepest.set_parent_menu_id(above);
  CHECK(NamesField(CheckPlace(deepest, all), "parent_menu_id"));
}

TEST_CASE("a menu may lead to itself and to what there is") {
  Surroundings all;
  all.queues.insert(Id("q"));
  all.agents.insert("ann");
  v1::IvrMenu menu = Good();
  *menu.add_options() = Option("1", Kind::SUB_MENU, "{}", "menu");
  *menu.add_options() = Option("2", Kind::ROUTE_QUEUE, R"({"queue_id": ")" + Id("q") + "\"}");
  *menu.add_options() = Option("3", Kind::ROUTE_AGENT, R"({"agent_id": "ann"})");
  *menu.add_options() = Option("4", Kind::ROUTE_AGENT, R"({"agent_id": "x", "phone": "1001"})");
  CHECK_THAT(CheckPlace(menu, all), IsOk());
  all.queues.clear();
  CHECK(NamesField(CheckPlace(menu, all), "options[1].action_json.queue_id"));
}

TEST_CASE("a number that another menu answers is taken") {
  Surroundings all;
  all.menus.push_back(Good());
  all.menus[0].set_phone_number("+15550100");
  v1::IvrMenu menu = all.menus[0];
  CHECK_THAT(CheckPlace(menu, all), IsOk());  // its own
  menu.set_id(Id("other"));
  CHECK_THAT(CheckPlace(menu, all), HasError(base::kAlreadyExists));
}

TEST_CASE("a queue is refused by the field at fault") {
  v1::Queue queue = GoodQueue();
  CHECK_THAT(CheckQueue(queue), IsOk());
  CHECK(RefusesQueue("queue_name", [](auto& q) { q.clear_queue_name(); }));
  CHECK(RefusesQueue("strategy", [](auto& q) { q.clear_strategy(); }));
  CHECK(RefusesQueue("required_skills.es",
                     [](auto& q) { (*q.mutable_required_skills())["es"] = 11; }));
  CHECK(RefusesQueue("required_skills", [](auto& q) { (*q.mutable_required_skills())[""] = 1; }));
  CHECK(RefusesQueue("teams", [](auto& q) { q.add_teams(""); }));
  CHECK(RefusesQueue("max_wait_seconds", [](auto& q) { q.set_max_wait_seconds(-1); }));
  CHECK(RefusesQueue("max_wait_seconds", [](auto& q) { q.set_max_wait_seconds(3601); }));
  CHECK(RefusesQueue("max_callers", [](auto& q) { q.set_max_callers(1001); }));
  CHECK(RefusesQueue("ring_seconds", [](auto& q) { q.set_ring_seconds(4); }));
  CHECK(RefusesQueue("music_url", [](auto& q) { q.set_music_url("song.mp3"); }));
  CHECK(RefusesQueue("overflow", [](auto& q) { q.set_overflow(""); }));
  CHECK(RefusesQueue("overflow", [](auto& q) { q.set_overflow("voice mail"); }));
  queue.set_overflow("+1 555 0199");
  REQUIRE(CheckQueue(queue).ok());
  CHECK(queue.overflow() == "+15550199");
}

}  // namespace ctc::routing
