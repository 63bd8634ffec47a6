// What a validation of menus finds.
#include "services/routing/domain/findings.h"

#include "services/routing/domain/flow_world_for_test.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;

struct Found : FlowWorld {
  Found() {
    v1::Agent ann;
    ann.set_id("ann");
    ann.set_is_active(true);
    agents["ann"] = ann;
  }
  v1::IvrMenu& AddRoot(std::vector<v1::IvrMenuOption> options) {
    v1::IvrMenu& row = AddMenu("main", std::move(options));
    row.set_phone_number("+15550100");
    return row;
  }
  // "error LOOP main t" for each.
  std::vector<std::string> Problems() {
    std::vector<std::string> told;
    for (const Problem& problem : FindProblems(book, agents, Id("main"))) {
      const std::string name = book.menus.at(problem.menu_id()).row.menu_name();
      const std::string key = problem.dtmf_key().empty() ? "" : " " + problem.dtmf_key();
      told.push_back(problem.severity() + " " + problem.code() + " " + name + key);
      CHECK_FALSE(problem.message().empty());
    }
    return told;
  }
  std::map<std::string, v1::Agent> agents;
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE_METHOD(Found, "nothing is found in a good tree, though it leads back to the top") {
  AddRoot({Option("1", Kind::SUB_MENU, "{}", "below"), Option("t", Kind::REPEAT),
           Option("2", Kind::ROUTE_AGENT, R"({"agent_id": "ann"})")});
  AddMenu("below", {Option("0", Kind::SUB_MENU, "{}", "main"),
                    Option("1", Kind::PLAY_MESSAGE, R"({"text": "a"})")})
      .set_parent_menu_id(Id("main"));
  CHECK(Problems().empty());
}

TEST_CASE_METHOD(Found, "menus that go in a circle without a key are a loop") {
  AddRoot({Option("t", Kind::SUB_MENU, "{}", "other"), Option("1", Kind::HANG_UP)});
  AddMenu("other", {Option("t", Kind::SUB_MENU, "{}", "main"), Option("1", Kind::HANG_UP)});
  CHECK(Problems() == Told{"error LOOP main t", "error LOOP other t"});
}

TEST_CASE_METHOD(Found, "a closed menu that leads to itself is a loop") {
  AddRoot({Option("c", Kind::PLAY_MESSAGE,
                  R"({"text": "a", "then":
             {"action": "SUB_MENU", "menu_id": ")" +
                      Id("main") + "\"}}"),
           Option("1", Kind::HANG_UP)});
  const Told told = Problems();
  CHECK(std::count(told.begin(), told.end(), "error LOOP main c") == 1);
}

TEST_CASE_METHOD(Found, "what is tried only when nobody answers is no circle without a key") {
  AddRoot({Option("t", Kind::ROUTE_AGENT,
                  R"({"agent_id": "ann", "no_answer":
             {"action": "SUB_MENU", "menu_id": ")" +
                      Id("main") + "\"}}"),
           Option("1", Kind::HANG_UP)});
  CHECK(Problems().empty());
}

TEST_CASE_METHOD(Found, "menus that only lead to each other are a loop") {
  AddRoot({Option("1", Kind::SUB_MENU, "{}", "other")});
  AddMenu("other", {Option("1", Kind::SUB_MENU, "{}", "main")});
  CHECK(Problems() == Told{"error LOOP main 1", "error LOOP other 1"});
}

TEST_CASE_METHOD(Found, "a menu that leads to nobody is a dead end") {
  AddRoot({Option("1", Kind::SUB_MENU, "{}", "hours"), Option("2", Kind::HANG_UP)});
  AddMenu("hours", {Option("1", Kind::PLAY_MESSAGE, R"({"text": "a"})")});
  CHECK(Problems() == Told{"warning DEAD_END hours"});
}

TEST_CASE_METHOD(Found, "a menu without options is an error") {
  AddRoot({});
  CHECK(Problems() == Told{"error NO_OPTIONS main"});
}

TEST_CASE_METHOD(Found, "a menu below the root that no option leads to is unreachable") {
  AddRoot({Option("1", Kind::HANG_UP)});
  AddMenu("lost", {Option("1", Kind::HANG_UP)}).set_parent_menu_id(Id("main"));
  AddMenu("deeper", {}).set_parent_menu_id(Id("lost"));
  AddMenu("elsewhere", {});
  const Told told = Problems();
  CHECK(told.size() == 2);
  CHECK(std::count(told.begin(), told.end(), "warning UNREACHABLE lost") == 1);
  CHECK(std::count(told.begin(), told.end(), "warning UNREACHABLE deeper") == 1);
}

TEST_CASE_METHOD(Found, "targets that are gone or not active are told by their key") {
  AddQueue("off").set_is_active(false);
  AddMenu("off", {Option("1", Kind::HANG_UP)}).set_is_active(false);
  agents["bob"].set_id("bob");
  AddRoot({Option("1", Kind::SUB_MENU, "{}", "gone"), Option("2", Kind::SUB_MENU, "{}", "off"),
           Option("3", Kind::ROUTE_QUEUE, R"({"queue_id": ")" + Id("gone") + "\"}"),
           Option("4", Kind::ROUTE_QUEUE, R"({"queue_id": ")" + Id("off") + "\"}"),
           Option("5", Kind::ROUTE_AGENT, R"({"agent_id": "gone"})"),
           Option("6", Kind::ROUTE_AGENT, R"({"agent_id": "gone", "phone": "1001"})"),
           Option("7", Kind::ROUTE_AGENT, R"({"agent_id": "bob"})")});
  CHECK(Problems() == Told{"error MISSING_TARGET main 1", "error INACTIVE_TARGET main 2",
                           "error MISSING_TARGET main 3", "warning INACTIVE_TARGET main 4",
                           "error MISSING_TARGET main 5", "warning INACTIVE_TARGET main 7"});
}

TEST_CASE_METHOD(Found, "a queue for which nobody qualifies is told") {
  AddQueue("sales").add_teams("sales");
  AddRoot({Option("1", Kind::ROUTE_QUEUE, R"({"queue_id": ")" + Id("sales") + "\"}")});
  CHECK(Problems() == Told{"warning UNSTAFFED_QUEUE main 1"});
  agents["ann"].add_teams("sales");
  CHECK(Problems().empty());
}

TEST_CASE_METHOD(Found, "options and menus that nobody comes to are told") {
  AddRoot({Option("t", Kind::HANG_UP), Option("i", Kind::HANG_UP), Option("c", Kind::HANG_UP)})
      .clear_phone_number();
  book.menus.at(Id("main")).row.set_is_active(false);
  CHECK(Problems() == Told{"warning INACTIVE main", "warning NO_NUMBER main",
                           "warning UNUSED_OPTION main c", "warning UNUSED_OPTION main i"});
}

}  // namespace ctc::routing
