// Callers in the driver's hands: what is asked of the flow, of the switch, and told.
#include <catch2/catch.hpp>

#include "libs/providers/asterisk/driver.h"
#include "libs/providers/asterisk/fake_ari_for_test.h"
#include "libs/providers/asterisk/samples_for_test.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::asterisk {
namespace {

using routing::v1::FlowInput;
using routing::v1::FlowStep;
using session::v1::CallFact;

const std::string kCaller = "1795369225.127";

std::string CallerJson(const std::string& state, const std::string& number = "12025550177") {
  return R"({"id":")" + kCaller + R"(","state":")" + state + R"(","caller":{"number":")" + number +
         R"("},"dialplan":{"exten":"18885550100","app_name":"Stasis",)" +
         R"("app_data":"ctc,inbound,18885550100"},)" +
         R"("creationtime":"2026-11-22T17:15:20.000+0000"})";
}
std::string CallerEvent(const std::string& type, const std::string& more = "",
                        const std::string& state = "Up") {
  return R"({"type":")" + type + R"(","timestamp":"2026-11-22T17:15:21.000+0000",)" + more +
         R"("channel":)" + CallerJson(state) + "}";
}
std::string CallerComes() {
  return CallerEvent("StasisStart", R"("args":["inbound","18885550100"],)", "Ring");
}

// A driver whose flow answers what the test wants, and whose switch says yes to everything.
struct World {
  asio::io_context io;
  FakeHttp http;
  testing::FakeClock clock{absl::FromUnixSeconds(1'795'367'760)};
  std::vector<std::string> facts;
  std::vector<FlowQuestion> questions;
  std::deque<absl::StatusOr<FlowAnswer>> answers;
  std::shared_ptr<Driver> driver;

  World() {
    auto account = std::make_shared<Account>();
    account->tenant = base::TenantId("t1");
    account->config.set_id("p1");
    account->config.set_api_url("http://pbx:8088");
    account->config.set_phone_number("+18885550100");
    account->auth_token = base::Secret("ctc:secret");
    AnswerAsAri(http);
    driver = Driver::Create(
                 io.get_executor(), {http, clock, {}}, account,
                 [this](FactNote note) {
                   for (const auto& item : note.facts) {
                     CHECK(item.session() == kCall);
                     facts.push_back(session::v1::Leg::Party_Name(item.fact().party()) + " " +
                                     CallFact::Kind_Name(item.fact().kind()));
                   }
                 },
                 [this](FlowQuestion question) -> Task<absl::StatusOr<FlowAnswer>> {
                   questions.push_back(std::move(question));
                   REQUIRE_FALSE(answers.empty());
                   absl::StatusOr<FlowAnswer> answer = std::move(answers.front());
                   answers.pop_front();
                   co_return answer;
                 })
                 .value();
  }
  ~World() {
    driver->Close();
    Settle();
  }
  void Then(FlowStep step) {
    step.set_number(static_cast<int>(++steps));
    answers.push_back(FlowAnswer{kCall, std::move(step)});
  }
  void Settle() {
    io.restart();
    io.poll();
  }
  void Say(const std::string& text) {
    CHECK(driver->OnMessage(text));
    Settle();
  }
  void Reconcile(const std::string& channels, const std::string& bridges) {
    http.When("GET http://pbx:8088/ari/channels", 200, channels);
    http.When("/variable", 200, R"({"value":")" + kCall + R"("})");
    http.When("GET http://pbx:8088/ari/bridges", 200, bridges);
    CHECK(testing::RunTask(io, driver->ReconcileSwitch({})).ok());
    Settle();
  }
  int Asked(const std::string& part) const {
    int count = 0;
    for (const std::string& line : http.Lines()) count += line.find(part) != std::string::npos;
    return count;
  }
  size_t steps = 0;
};

FlowStep Dial() {
  FlowStep step;
  step.mutable_dial()->set_phone("agent-a");
  step.mutable_dial()->set_ring_seconds(20);
  return step;
}
FlowStep Menu() {
  FlowStep step;
  step.add_prompts()->set_audio_url("sound:welcome");
  step.mutable_gather()->set_max_digits(1);
  step.mutable_gather()->set_timeout_seconds(60);
  return step;
}
FlowStep Greeting() {
  FlowStep step;
  step.add_prompts()->set_audio_url("sound:leave-a-word");
  step.mutable_voicemail()->set_max_seconds(60);
  return step;
}
std::string PromptEnds() {
  return R"({"type":"PlaybackFinished","playback":{"id":")" + PromptId(kCall, 1, 0) + "\"}}";
}
FlowStep HangUp() {
  FlowStep step;
  step.mutable_hang_up()->set_reason(session::v1::NORMAL);
  return step;
}

TEST_CASE("a caller goes through a menu to an agent and talks", "[asterisk][driver]") {
  World world;
  world.Then(Menu());
  world.Say(CallerComes());
  REQUIRE(world.questions.size() == 1);
  CHECK(world.questions[0].session.empty());
  CHECK(world.questions[0].provider_call_id == kCaller);
  CHECK(world.questions[0].from_phone == "+12025550177");
  CHECK(world.questions[0].to_phone == "+18885550100");
  CHECK(world.questions[0].input.kind() == FlowInput::STARTED);
  world.Say(CallerComes());  // told twice
  CHECK(world.questions.size() == 1);

  world.Then(Dial());
  world.Say(CallerEvent("ChannelDtmfReceived", R"("digit":"2",)"));
  REQUIRE(world.questions.size() == 2);
  CHECK(world.questions[1].session == kCall);
  CHECK(world.questions[1].input.digits() == "2");
  CHECK(world.questions[1].input.step_number() == 1);

  world.Say(StateEvent("agent.2", "Ringing"));
  world.Say(PartyStartEvent("agent.2", R"("join")"));
  world.Say(R"({"type":"ChannelEnteredBridge","timestamp":"2026-11-22T17:15:28.000+0000",)"
            R"("bridge":{"id":")" +
            kCall + R"(-bridge","channels":[")" + kCall + R"(-agent.2",")" + kCaller +
            R"("]},"channel":)" + CallerJson("Up") + "}");
  world.Say(CallerEvent("StasisEnd"));
  world.Say(DestroyedEvent("agent.2", 16, "Up"));
  CHECK(world.questions.size() == 2);
  CHECK(world.facts == std::vector<std::string>{"CUSTOMER CALL_INITIATED", "AGENT CALL_RINGING",
                                                "AGENT CALL_ANSWERED", "CUSTOMER CALL_ANSWERED",
                                                "CUSTOMER CALL_ENDED", "AGENT CALL_ENDED"});
  const std::string caller = "/ari/channels/" + kCaller;
  const std::string agent = "/ari/channels/" + kCall + "-agent.2";
  const std::string bridge = "/ari/bridges/" + kCall + "-bridge";
  CHECK(world.http.Lines() ==
        std::vector<std::string>{
            "POST " + caller + "/variable?variable=CTC_CALL_ID&value=" + kCall,
            "POST " + caller + "/answer",
            "POST " + caller + "/play/" + PromptId(kCall, 1, 0),
            "DELETE /ari/playbacks/" + PromptId(kCall, 1, 0),
            "POST " + caller + "/moh",
            "POST " + agent,
            "POST " + bridge + "?type=mixing,dtmf_events&name=" + kCall,
            "POST /ari/applications/ctc/subscription?eventSource=bridge:" + kCall + "-bridge",
            "POST " + bridge + "/addChannel?channel=" + kCall + "-agent.2",
            "DELETE " + caller + "/moh",
            "POST " + bridge + "/addChannel?channel=" + kCaller,
            "DELETE " + agent + "?reason=normal",
            "DELETE " + bridge,
        });
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("a caller who hangs up before the first answer is told truthfully",
          "[asterisk][driver]") {
  World world;
  world.Then(Menu());
  world.Then(HangUp());
  CHECK(world.driver->OnMessage(CallerComes()));
  CHECK(world.driver->OnMessage(CallerEvent("StasisEnd", "", "Ring")));
  world.Settle();
  REQUIRE(world.questions.size() == 2);
  CHECK(world.questions[1].input.kind() == FlowInput::CALLER_GONE);
  CHECK(world.facts == std::vector<std::string>{"CUSTOMER CALL_INITIATED", "CUSTOMER CALL_ENDED"});
  CHECK(world.http.requests.empty());  // a channel that is gone is asked for nothing
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("a caller who hangs up in the greeting has left no message", "[asterisk][driver]") {
  World world;
  world.Then(Greeting());
  world.Then(HangUp());
  world.Say(CallerComes());
  SECTION("when nothing was asked of the switch yet") {
    CHECK(world.driver->OnMessage(PromptEnds()));
    world.Say(CallerEvent("StasisEnd"));
    CHECK(world.Asked("/record?") == 0);
  }
  SECTION("when the switch has no channel any more to record") {
    const auto [status, text] = GENERATE(table<int, const char*>(
        {{404, "Channel not found"}, {409, "Channel not in Stasis application"}}));
    http::ClientResult refused;
    refused.response.status = status;
    refused.response.body = R"({"message":")" + std::string(text) + "\"}";
    world.http.When("/record?", [&, refused](const http::ClientRequest&) {
      CHECK(world.driver->OnMessage(CallerEvent("StasisEnd")));
      return refused;
    });
    world.Say(PromptEnds());
    CHECK(world.Asked("/record?") == 1);
  }
  CHECK(world.questions.back().input.kind() == FlowInput::CALLER_GONE);
  for (const FlowQuestion& question : world.questions) {
    CHECK(question.input.kind() != FlowInput::VOICEMAIL_LEFT);
  }
  CHECK(world.facts.back() == "CUSTOMER CALL_ENDED");
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("of refusals to record only that of a name taken says that there is a message",
          "[asterisk][driver]") {
  World world;
  world.Then(Greeting());
  world.Then(HangUp());
  world.Say(CallerComes());
  SECTION("taken") {
    world.http.When("/record?", 409,
                    R"({"message":"Recording 'x' already exists and can not be overwritten"})");
    world.Say(PromptEnds());
    CHECK(world.questions.size() == 1);
    world.Say(R"({"type":"RecordingFinished","recording":{"name":")" + MessageName(kCall, 1) +
              R"(","duration":3}})");
    CHECK(world.questions.back().input.kind() == FlowInput::VOICEMAIL_LEFT);
  }
  SECTION("another") {
    world.http.When("/record?", 409, R"({"message":"Channel not in Stasis application"})");
    world.Say(PromptEnds());
    CHECK(world.questions.size() == 1);
    world.Say(CallerEvent("StasisEnd"));
    CHECK(world.questions.back().input.kind() == FlowInput::CALLER_GONE);
  }
}

TEST_CASE("a caller who was hung up on and is still there is hung up on again",
          "[asterisk][driver]") {
  World world;
  const std::string request = "DELETE /ari/channels/" + kCaller + "?reason=busy";
  world.http.When("DELETE", 429, "");
  world.Then(HangUp());
  world.Say(CallerComes());
  CHECK(world.Asked(request) == 1);
  SECTION("when the connection was away") { world.Reconcile("[" + CallerJson("Ring") + "]", "[]"); }
  SECTION("within a minute") {
    world.http.When("GET http://pbx:8088/ari/channels", 200, "[" + CallerJson("Ring") + "]");
    CHECK(testing::RunTask(world.io, world.driver->DropVanished()).ok());
    world.Settle();
  }
  CHECK(world.Asked(request) == 2);
  world.Say(CallerEvent("StasisEnd", "", "Ring"));
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("a caller nobody knows a way for is turned away with a cause", "[asterisk][driver]") {
  World world;
  world.answers.push_back(absl::UnavailableError("no webhook service"));
  world.Say(CallerComes());
  CHECK(world.http.Lines() ==
        std::vector<std::string>{"DELETE /ari/channels/" + kCaller + "?reason=congestion"});
  world.Say(CallerEvent("StasisEnd", "", "Ring"));
  CHECK(world.facts.empty());
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("an agent the switch cannot ring is one who failed", "[asterisk][driver]") {
  World world;
  world.http.When("POST http://pbx:8088/ari/channels/" + kCall + "-agent.1", 500,
                  R"({"error":"Allocation failed"})");
  world.Then(Dial());
  world.Then(HangUp());
  world.Say(CallerComes());
  REQUIRE(world.questions.size() == 2);
  CHECK(world.questions[1].input.kind() == FlowInput::DIAL_FAILED);
  CHECK(world.Asked("DELETE /ari/channels/" + kCaller + "?reason=normal") == 1);
  world.Say(CallerEvent("StasisEnd"));
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("only those the dialplan calls inbound are callers", "[asterisk][driver]") {
  World world;
  world.Say(CallerEvent("StasisStart", R"("args":["agent-dialled","1002"],)", "Ring"));
  world.Say(CallerEvent("StasisStart", R"("args":[],)", "Ring"));
  CHECK(world.questions.empty());
  CHECK(world.driver->live_calls() == 0);
  // The two halves of a phone's own transfer: nobody else ends them.
  CHECK(world.Asked("DELETE /ari/channels/" + kCaller) == 2);
  world.Say(CallerEvent("ChannelStateChange"));
  CHECK(world.http.requests.size() == 2);
}

TEST_CASE("a channel that is left in our application is ended, one elsewhere is not",
          "[asterisk][driver]") {
  World world;
  const auto channel = [](const std::string& id, const std::string& app, const std::string& data) {
    return R"({"id":")" + id + R"(","state":"Up","dialplan":{"app_name":")" + app +
           R"(","app_data":")" + data + R"("}})";
  };
  world.Reconcile("[" + channel("1.1", "Stasis", "ctc,agent-dialled,1002") + "," +
                      channel("1.2", "Stasis", "ctc") + "," +
                      channel("2.1", "Stasis", "billing,agent-dialled,1002") + "," +
                      channel("2.2", "Stasis", "billing,inbound,18885550100") + "," +
                      channel("2.3", "AppDial", "ctc,x") + "," + channel("2.4", "", "") + "," +
                      channel(kCall + "-supervisor-1-snoop", "Stasis", "ctc") + "," +
                      ChannelJson("agent", "Ringing") + "]",
                  "[]");
  CHECK(world.Asked("DELETE /ari/channels/1.1") == 1);
  CHECK(world.Asked("DELETE /ari/channels/1.2") == 1);
  CHECK(world.Asked("DELETE") == 2);
  CHECK(world.questions.empty());
}

TEST_CASE("a number without a plus is read as a trunk means it", "[asterisk][driver]") {
  World world;
  world.Then(HangUp());
  const std::string text = R"({"type":"StasisStart","args":["inbound","100"],"channel":)" +
                           CallerJson("Ring", "1001") + "}";
  world.Say(text);
  CHECK(world.questions.at(0).from_phone.empty());          // an extension is no number
  CHECK(world.questions.at(0).to_phone == "+18885550100");  // the account's own
}

TEST_CASE("after a restart a caller goes on where its flow stands", "[asterisk][driver]") {
  World world;
  SECTION("in a menu") {
    world.Then(Menu());
    world.Reconcile("[" + CallerJson("Up") + "]", "[]");
    REQUIRE(world.questions.size() == 1);
    CHECK(world.questions[0].session == kCall);
    CHECK(world.questions[0].input.kind() == FlowInput::STARTED);
    CHECK(world.Asked("/play/") == 1);
    CHECK(world.Asked("/answer") == 0);
  }
  SECTION("while an agent's phone rings, which is not rung again") {
    world.Then(Dial());
    world.Reconcile("[" + CallerJson("Up") + "," + ChannelJson("agent.1", "Ringing") + "]", "[]");
    CHECK(world.Asked("POST /ari/channels/" + kCall + "-agent.1") == 0);
    world.Say(PartyStartEvent("agent.1", R"("join")"));
    CHECK(world.Asked("addChannel?channel=" + kCaller) == 1);
  }
  SECTION("while talking, which needs no step") {
    world.Reconcile("[" + CallerJson("Up") + "," + ChannelJson("agent.1", "Up") + "]",
                    R"([{"id":")" + kCall + R"(-bridge","channels":[")" + kCall + R"(-agent.1",")" +
                        kCaller + R"("]}])");
    CHECK(world.questions.empty());
    world.Say(CallerEvent("StasisEnd"));
    CHECK(world.Asked("DELETE /ari/channels/" + kCall + "-agent.1") == 1);
  }
  SECTION("before anything was decided") {
    world.http.When("/variable", 404, R"({"message":"Provided variable was not found"})");
    world.Then(HangUp());
    world.http.When("GET http://pbx:8088/ari/channels", 200, "[" + CallerJson("Ring") + "]");
    world.http.When("/variable", 404, R"({"message":"Provided variable was not found"})");
    world.http.When("GET http://pbx:8088/ari/bridges", 200, "[]");
    CHECK(testing::RunTask(world.io, world.driver->ReconcileSwitch({})).ok());
    world.Settle();
    REQUIRE(world.questions.size() == 1);
    CHECK(world.questions[0].session.empty());
  }
}

TEST_CASE("a caller who left while nobody listened has left", "[asterisk][driver]") {
  World world;
  world.Then(Menu());
  world.Say(CallerComes());
  world.Then(HangUp());
  world.Reconcile("[]", "[]");
  CHECK(world.questions.back().input.kind() == FlowInput::CALLER_GONE);
  CHECK(world.facts.back() == "CUSTOMER CALL_ENDED");
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("a caller's session is not lost for having no leg of ours", "[asterisk][driver]") {
  World world;
  session::v1::Session session;
  session.set_id(kCall);
  session.set_conversation_id(kCall);
  session.set_provider_call_id(kCaller);
  session.set_status(session::v1::Session::RINGING);
  session.set_submission(session::v1::Session::ACCEPTED);
  world.http.When("GET http://pbx:8088/ari/channels", 200, "[" + CallerJson("Up") + "]");
  CHECK(testing::RunTask(world.io, world.driver->ReconcileSessions({session})).ok());
  CHECK(world.facts.empty());
  world.http.When("GET http://pbx:8088/ari/channels", 200, "[]");
  CHECK(testing::RunTask(world.io, world.driver->ReconcileSessions({session})).ok());
  CHECK(world.facts == std::vector<std::string>{"CUSTOMER CALL_ENDED"});
}

}  // namespace
}  // namespace ctc::providers::asterisk
