// Menus over a real database: written, read, refused, tried out.
#include "services/routing/service/ivr_world_for_test.h"

namespace ctc::routing {
namespace {

using testing::HasError;
using testing::IsOk;
using testing::NamesField;

const char kMain[] = R"({"menu_name": "Main", "phone_number": "+1 (555) 0100",
  "prompt_text": "Welcome.", "prompt_audio_url": "https://a.example/w.mp3", "language": "de-DE",
  "timeout_seconds": 7, "max_retries": 1,
  "business_hours": {"time_zone": "UTC", "hours": [{"start": "00:00", "end": "24:00"}]},
  "options": [{"dtmf_key": "2", "label": "Sales", "action": "ROUTE_NUMBER",
               "action_json": {"phone": "+15550177"}},
              {"dtmf_key": "1", "action": "REPEAT"}]})";

std::string With(const std::string& action, const std::string& json) {
  return R"({"menu_name": "Main", "prompt_text": "Hi.", "options": [{"dtmf_key": "1", "action": ")" +
         action + "\", " + json + "}]}";
}

}  // namespace

TEST_CASE_METHOD(IvrWorld, "a menu reads back as it was written, and only by its tenant") {
  const v1::IvrMenu menu = AddMenu(kMain);
  CHECK(menu.phone_number() == "+15550100");
  CHECK(base::IsUuid(menu.id()));
  CHECK(base::IsUuid(menu.options(0).id()));
  const auto read = GetMenu(menu.id());
  REQUIRE(read.ok());
  CHECK(Text(read->menu()) == Text(menu));
  CHECK_THAT(GetMenu(menu.id(), "t2").status(), HasError(base::kNotFound));
  CHECK_THAT(DeleteMenu(menu.id(), "t2"), HasError(base::kNotFound));
}

TEST_CASE_METHOD(IvrWorld, "what is absent gets its default") {
  const v1::IvrMenu menu = AddMenu(R"({"menu_name": "m", "prompt_text": "Hi."})");
  CHECK(menu.language() == "en-US");
  CHECK(menu.timeout_seconds() == 5);
  CHECK(menu.max_retries() == 3);
  CHECK(menu.is_active());
  CHECK_FALSE(menu.has_phone_number());
  CHECK_FALSE(menu.has_business_hours());
}

TEST_CASE_METHOD(IvrWorld, "menus are listed by name, with options, a page at a time") {
  const v1::IvrMenu main = AddMenu(kMain);
  AddMenu(R"({"menu_name": "Alpha", "prompt_text": "a", "parent_menu_id": ")" + main.id() +
          R"(", "options": [{"dtmf_key": "*", "action": "HANG_UP"}]})");
  AddMenu(R"({"menu_name": "Other", "prompt_text": "o"})", "t2");
  v1::ListIvrMenusRequest list;
  list.set_limit(1);
  auto page = io.Run(ivr.ListIvrMenus(As(), list));
  REQUIRE(page.ok());
  CHECK(page->total() == 2);
  REQUIRE(page->menus_size() == 1);
  CHECK(page->menus(0).menu_name() == "Alpha");
  CHECK(page->menus(0).options_size() == 1);
  list.set_offset(1);
  page = io.Run(ivr.ListIvrMenus(As(), list));
  REQUIRE(page->menus_size() == 1);
  CHECK(Text(page->menus(0)) == Text(main));
  v1::ListIvrMenusRequest children;
  children.set_parent_menu_id(main.id());
  CHECK(io.Run(ivr.ListIvrMenus(As(), children))->total() == 1);
  v1::ListIvrMenusRequest number;
  number.set_phone_number("+1 555 0100");
  CHECK(io.Run(ivr.ListIvrMenus(As(), number))->menus(0).id() == main.id());
  number.set_phone_number("nonsense");
  CHECK(NamesField(io.Run(ivr.ListIvrMenus(As(), number)).status(), "phone_number"));
  list.set_limit(0);
  CHECK(NamesField(io.Run(ivr.ListIvrMenus(As(), list)).status(), "limit"));
}

TEST_CASE_METHOD(IvrWorld,
                 "an update changes what is present; options of the same key keep their id") {
  const v1::IvrMenu menu = AddMenu(kMain);
  clock.Advance(absl::Seconds(1));
  const auto renamed = Update(menu.id(), R"({"menu_name": "Renamed", "phone_number": "",
                                             "prompt_audio_url": "", "business_hours": {}})");
  REQUIRE(renamed.ok());
  CHECK(renamed->menu().menu_name() == "Renamed");
  CHECK(renamed->menu().prompt_text() == "Welcome.");
  CHECK_FALSE(renamed->menu().has_phone_number());
  CHECK_FALSE(renamed->menu().has_prompt_audio_url());
  CHECK_FALSE(renamed->menu().has_business_hours());
  CHECK(renamed->menu().options_size() == 2);
  const auto replaced = Update(menu.id(), R"({"options": [{"dtmf_key": "1", "action": "HANG_UP"},
                                                          {"dtmf_key": "3", "action": "REPEAT"}]})");
  REQUIRE(replaced.ok());
  REQUIRE(replaced->menu().options_size() == 2);
  CHECK(replaced->menu().options(0).id() == menu.options(1).id());
  CHECK(replaced->menu().options(1).id() != menu.options(0).id());
  CHECK(Text(GetMenu(menu.id())->menu()) == Text(replaced->menu()));
  CHECK_THAT(Update(ids.Uuid(), "{}").status(), HasError(base::kNotFound));
  CHECK(NamesField(Update(menu.id(), R"({"timeout_seconds": 0})").status(), "timeout_seconds"));
}

TEST_CASE_METHOD(IvrWorld, "a number is answered by one menu of the tenant") {
  const v1::IvrMenu menu = AddMenu(kMain);
  const std::string second =
      R"({"menu_name": "Second", "prompt_text": "Hi.", "phone_number": "+15550100"})";
  CHECK_THAT(TryMenu(second).status(), HasError(base::kAlreadyExists));
  AddMenu(second, "t2");
  const v1::IvrMenu other = AddMenu(R"({"menu_name": "Other", "prompt_text": "Hi."})");
  CHECK_THAT(Update(other.id(), R"({"phone_number": "+15550100"})").status(),
             HasError(base::kAlreadyExists));
  REQUIRE(Update(menu.id(), R"({"phone_number": ""})").ok());
  CHECK_THAT(Update(other.id(), R"({"phone_number": "+15550100"})").status(), IsOk());
}

TEST_CASE_METHOD(IvrWorld, "of writers at once one gets the number") {
  const auto request = FromJson<v1::CreateIvrMenuRequest>(kMain);
  std::vector<std::future<absl::StatusOr<v1::CreateIvrMenuResponse>>> asked;
  for (int i = 0; i < 4; ++i) {
    asked.push_back(asio::co_spawn(asio::make_strand(io.context()),
                                   ivr.CreateIvrMenu(As(), request), asio::use_future));
  }
  int made = 0;
  for (auto& answer : asked) {
    const absl::Status status = answer.get().status();
    if (status.ok()) {
      ++made;
    } else {
      CHECK_THAT(status, HasError(base::kAlreadyExists));
    }
  }
  CHECK(made == 1);
}

TEST_CASE_METHOD(IvrWorld, "an option that another release wrote is left out, the others act") {
  const v1::IvrMenu menu = AddMenu(kMain);
  Write([&](db::Connection& c) {
    return c
        .Execute("UPDATE ivr_menu_option SET action = 'DANCE' WHERE menu_id = ? AND dtmf_key = '2'",
                 {menu.id()})
        .status();
  });
  catalogue.Forget(base::TenantId("t1"));
  Caller caller(*this, menu.phone_number());
  CHECK(caller.Start().has_gather());
  CHECK(caller.Do(v1::FlowInput::DIGITS, "2").has_gather());
  CHECK(caller.state.retries() == 1);  // it does nothing here
  CHECK(caller.Do(v1::FlowInput::DIGITS, "1").has_gather());
  CHECK(caller.state.retries() == 0);
}

TEST_CASE_METHOD(IvrWorld, "what a menu names must exist, and is named by the path to it") {
  const std::string none = R"("01890000-0000-7000-8000-000000000000")";
  CHECK(NamesField(
      TryMenu(R"({"menu_name": "m", "prompt_text": "p", "parent_menu_id": )" + none + "}").status(),
      "parent_menu_id"));
  CHECK(NamesField(TryMenu(With("SUB_MENU", R"("target_menu_id": )" + none)).status(),
                   "options[0].target_menu_id"));
  CHECK(NamesField(
      TryMenu(With("ROUTE_QUEUE", R"("action_json": {"queue_id": )" + none + "}")).status(),
      "options[0].action_json.queue_id"));
  CHECK(NamesField(TryMenu(With("ROUTE_AGENT", R"("action_json": {"agent_id": "ann"})")).status(),
                   "options[0].action_json.phone"));
  CHECK(NamesField(TryMenu(With("ROUTE_NUMBER", R"("action_json": {"phone": "+1555",
      "no_answer": {"action": "SUB_MENU", "menu_id": )" +
                                                    none + "}}"))
                       .status(),
                   "options[0].action_json.no_answer.menu_id"));
  AddAgent("ann");
  CHECK_THAT(TryMenu(With("ROUTE_AGENT", R"("action_json": {"agent_id": "ann"})")).status(),
             IsOk());
}

TEST_CASE_METHOD(IvrWorld, "a menu is not put below itself") {
  const v1::IvrMenu top = AddMenu(R"({"menu_name": "top", "prompt_text": "p"})");
  const v1::IvrMenu below = AddMenu(
      R"({"menu_name": "below", "prompt_text": "p", "parent_menu_id": ")" + top.id() + "\"}");
  CHECK(NamesField(Update(top.id(), R"({"parent_menu_id": ")" + below.id() + "\"}").status(),
                   "parent_menu_id"));
  CHECK(NamesField(Update(top.id(), R"({"parent_menu_id": ")" + top.id() + "\"}").status(),
                   "parent_menu_id"));
  CHECK_THAT(Update(below.id(), R"({"parent_menu_id": ""})").status(), IsOk());
}

TEST_CASE_METHOD(IvrWorld, "a menu that others lead to is not deleted") {
  const v1::IvrMenu target = AddMenu(R"({"menu_name": "target", "prompt_text": "p"})");
  std::string user;
  SECTION("as parent") {
    user = AddMenu(R"({"menu_name": "u", "prompt_text": "p", "parent_menu_id": ")" + target.id() +
                   "\"}")
               .id();
  }
  SECTION("by a key") {
    user = AddMenu(With("SUB_MENU", R"("target_menu_id": ")" + target.id() + "\"")).id();
  }
  SECTION("by what follows an action") {
    user = AddMenu(With("PLAY_MESSAGE", R"("action_json": {"text": "a", "then":
        {"action": "SUB_MENU", "menu_id": ")" +
                                            target.id() + "\"}}"))
               .id();
  }
  CHECK_THAT(DeleteMenu(target.id()), HasError(base::kInUse));
  CHECK_THAT(DeleteMenu(user), IsOk());
  CHECK_THAT(DeleteMenu(target.id()), IsOk());
  CHECK_THAT(DeleteMenu(target.id()), HasError(base::kNotFound));
}

TEST_CASE_METHOD(IvrWorld, "a menu that leads to itself can be deleted") {
  const v1::IvrMenu menu = AddMenu(R"({"menu_name": "m", "prompt_text": "p"})");
  REQUIRE(Update(menu.id(), R"({"options": [{"dtmf_key": "1", "action": "SUB_MENU",
                                "target_menu_id": ")" +
                                menu.id() + "\"}]}")
              .ok());
  CHECK_THAT(DeleteMenu(menu.id()), IsOk());
}

TEST_CASE_METHOD(IvrWorld, "a simulation tells each step and leaves no trace") {
  AddAgent("ann");
  const v1::Queue queue = AddQueue(R"({"queue_name": "q"})");
  const v1::IvrMenu menu =
      AddMenu(With("ROUTE_QUEUE", R"("action_json": {"queue_id": ")" + queue.id() + "\"}"));
  v1::SimulateIvrMenuRequest request;
  request.set_id(menu.id());
  request.add_inputs("1");
  request.add_inputs("no-answer");
  request.add_inputs("done");
  const auto told = io.Run(ivr.SimulateIvrMenu(As(), request));
  REQUIRE(told.ok());
  REQUIRE(told->steps_size() == 4);
  CHECK(told->steps(0).input().empty());
  CHECK(told->steps(1).input() == "1");
  CHECK(told->steps(1).step().dial().agent_id() == "ann");
  CHECK(told->steps(2).step().has_wait());
  CHECK(told->steps(3).step().dial().agent_id() == "ann");  // nobody else is free
  CHECK_FALSE(told->ended());
  CHECK(CountEntries() == 0);
  request.add_inputs("answered");
  CHECK(io.Run(ivr.SimulateIvrMenu(As(), request))->ended());
}

TEST_CASE_METHOD(IvrWorld, "a simulation refuses what cannot happen") {
  const v1::IvrMenu menu = AddMenu(kMain);
  v1::SimulateIvrMenuRequest request;
  request.set_id(menu.id());
  request.add_inputs("busy");
  CHECK(NamesField(io.Run(ivr.SimulateIvrMenu(As(), request)).status(), "inputs[0]"));
  request.clear_inputs();
  request.set_from_phone("nonsense");
  CHECK(NamesField(io.Run(ivr.SimulateIvrMenu(As(), request)).status(), "from_phone"));
  request.clear_from_phone();
  for (int i = 0; i < 201; ++i) request.add_inputs("1");
  CHECK(NamesField(io.Run(ivr.SimulateIvrMenu(As(), request)).status(), "inputs"));
  request.clear_inputs();
  CHECK_THAT(io.Run(ivr.SimulateIvrMenu(As("t2"), request)).status(), HasError(base::kNotFound));
}

TEST_CASE_METHOD(IvrWorld, "a validation tells what is wrong, at once after a change") {
  AddAgent("ann");
  const v1::IvrMenu menu = AddMenu(kMain);
  v1::ValidateIvrMenuRequest request;
  request.set_id(menu.id());
  auto told = io.Run(ivr.ValidateIvrMenu(As(), request));
  REQUIRE(told.ok());
  CHECK(told->valid());
  CHECK(told->problems().empty());
  REQUIRE(Update(menu.id(), R"({"options": [{"dtmf_key": "t", "action": "SUB_MENU",
                                "target_menu_id": ")" +
                                menu.id() + "\"}]}")
              .ok());
  told = io.Run(ivr.ValidateIvrMenu(As(), request));
  CHECK_FALSE(told->valid());
  REQUIRE(told->problems_size() == 1);
  CHECK(told->problems(0).code() == "LOOP");
  CHECK_THAT(io.Run(ivr.ValidateIvrMenu(As("t2"), request)).status(), HasError(base::kNotFound));
}

}  // namespace ctc::routing
