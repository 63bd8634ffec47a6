// What a validation of menus finds.
#include "services/routing/domain/findings.h"

#include <ctime>
#include <random>

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

std::string NameOf(size_t menu) { return menu == 0 ? "main" : "m" + std::to_string(menu); }

std::string ThenTo(const std::string& menu) {
  return R"("then": {"action": "SUB_MENU", "menu_id": ")" + Id(menu) + R"("}})";
}

// Menus at random, and what is to be found of loops and dead ends there, looked for in the plainest
// way.
struct RandomMenus : Found {
  struct Lead {
    size_t from = 0;
    size_t to = 0;
    std::string key;
    bool by_itself = false;
  };
  using Leads = std::vector<Lead>;

  v1::IvrMenuOption AnyOption(const std::string& key, size_t from, size_t menus) {
    const size_t to = random() % menus;
    Lead lead;
    lead.from = from;
    lead.to = to;
    lead.key = key;
    const bool nobody_presses = key == "t" || key == "c";
    switch (random() % 8) {
      case 0:
        exits[from] = true;
        return Option(key, Kind::HANG_UP);
      case 1:
        return Option(key, Kind::PLAY_MESSAGE, R"({"text": "a"})");
      case 2:
        leads.push_back(lead);
        return Option(key, Kind::COLLECT_DTMF,
                      R"({"name": "pin", "max_digits": 4, )" + ThenTo(NameOf(to)));
      case 3:
        lead.by_itself = nobody_presses;
        leads.push_back(lead);
        return Option(key, Kind::PLAY_MESSAGE, R"({"text": "a", )" + ThenTo(NameOf(to)));
      default:
        lead.by_itself = nobody_presses;
        leads.push_back(lead);
        return Option(key, Kind::SUB_MENU, "{}", NameOf(to));
    }
  }
  void Fill(size_t menus) {
    exits.assign(menus, false);
    for (size_t i = 0; i < menus; ++i) {
      std::vector<v1::IvrMenuOption> options;
      for (const char* key : {"1", "2", "3", "t", "c"}) {
        if (random() % 3 == 0) options.push_back(AnyOption(key, i, menus));
      }
      AddMenu(NameOf(i), std::move(options));
    }
  }
  // Whether some ways lead from one to the other.
  static bool Comes(const Leads& ways, size_t menus, size_t from, size_t to) {
    std::vector<bool> seen(menus, false);
    for (size_t round = 0; round < menus; ++round) {
      for (const Lead& lead : ways) {
        if (lead.from == from || seen[lead.from]) seen[lead.to] = true;
      }
    }
    return seen[to];
  }
  static std::string KeyOfCircle(Leads ways, size_t menus, size_t at) {
    const auto order = [](const Lead& a, const Lead& b) {
      return std::make_pair(Id(NameOf(a.to)), a.key) < std::make_pair(Id(NameOf(b.to)), b.key);
    };
    std::sort(ways.begin(), ways.end(), order);
    for (const Lead& lead : ways) {
      if (lead.from == at && (lead.to == at || Comes(ways, menus, lead.to, at))) return lead.key;
    }
    return "";
  }
  Told Expected() const {
    const size_t menus = exits.size();
    Leads alone;
    std::copy_if(leads.begin(), leads.end(), std::back_inserter(alone),
                 [](const Lead& lead) { return lead.by_itself; });
    Told told;
    for (size_t i = 0; i < menus; ++i) {
      if (i != 0 && !Comes(leads, menus, 0, i)) continue;
      bool leaves = exits[i];
      for (size_t j = 0; j < menus; ++j) leaves |= exits[j] && Comes(leads, menus, i, j);
      if (Comes(alone, menus, i, i)) {
        told.push_back("error LOOP " + NameOf(i) + " " + KeyOfCircle(alone, menus, i));
      } else if (!leaves && Comes(leads, menus, i, i)) {
        told.push_back("error LOOP " + NameOf(i) + " " + KeyOfCircle(leads, menus, i));
      } else if (!leaves && !book.menus.at(Id(NameOf(i))).options.empty()) {
        told.push_back("warning DEAD_END " + NameOf(i));
      }
    }
    std::sort(told.begin(), told.end());
    return told;
  }

  std::mt19937 random{7};
  Leads leads;
  std::vector<bool> exits;
};

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

TEST_CASE_METHOD(Found, "digits lead on only when they are pressed") {
  const std::string collect = R"({"name": "pin", "max_digits": 4, )" + ThenTo("main");
  AddRoot({Option("t", Kind::COLLECT_DTMF, collect), Option("1", Kind::HANG_UP)});
  CHECK(Problems().empty());
  AddRoot({Option("t", Kind::PLAY_MESSAGE,
                  R"({"text": "a", "then": {"action": "COLLECT_DTMF",)" + collect.substr(1) + "}"),
           Option("1", Kind::HANG_UP)});
  CHECK(Problems().empty());
}

TEST_CASE("loops and dead ends are those that a plain search finds") {
  std::mt19937 random{11};
  std::map<std::string, int> found;
  for (int i = 0; i < 400; ++i) {
    RandomMenus menus;
    menus.random.seed(random());
    menus.Fill(1 + random() % 7);
    Told told = menus.Problems();
    std::erase_if(told, [](const std::string& problem) {
      return problem.find(" LOOP ") == std::string::npos &&
             problem.find(" DEAD_END ") == std::string::npos;
    });
    std::sort(told.begin(), told.end());
    INFO("graph " << i);
    CHECK(told == menus.Expected());
    for (const std::string& problem : told) ++found[problem.substr(0, problem.rfind(" main"))];
  }
  CHECK(found["error LOOP"] > 50);
  CHECK(found["warning DEAD_END"] > 5);
}

// A search from each menu would take seconds.
TEST_CASE_METHOD(Found, "five hundred menus that lead to each other are looked through at once") {
  constexpr size_t kMenus = 500;
  constexpr size_t kSink = 400;  // the first of them lead to each other only
  const auto to = [](const char* key, size_t menu) {
    return Option(key, Kind::SUB_MENU, "{}", NameOf(menu));
  };
  for (size_t i = 0; i < kMenus; ++i) {
    std::vector<v1::IvrMenuOption> options;
    size_t step = 1;
    for (const char* key : {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"}) {
      options.push_back(to(key, (i * 7 + step++ * 31) % kSink));
    }
    options.push_back(to("i", i < kSink ? (i + 1) % kSink : kSink + (i + 1) % (kMenus - kSink)));
    AddMenu(NameOf(i), std::move(options));
  }
  const std::clock_t begun = std::clock();
  const auto problems = FindProblems(book, agents, Id(NameOf(kMenus - 1)));
  const double took = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  CAPTURE(took);
  CHECK(took < 1.5);  // seconds of the processor, which others use as well
  const auto loops = std::count_if(problems.begin(), problems.end(),
                                   [](const Problem& problem) { return problem.code() == "LOOP"; });
  CHECK(loops == kMenus);
}

}  // namespace ctc::routing
