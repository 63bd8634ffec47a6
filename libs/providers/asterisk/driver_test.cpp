#include "libs/providers/asterisk/driver.h"

#include <absl/strings/str_replace.h>

#include <catch2/catch.hpp>

#include "libs/providers/asterisk/fake_ari_for_test.h"
#include "libs/providers/asterisk/samples_for_test.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::asterisk {
namespace {

using session::v1::CallFact;
using session::v1::Session;

// GET /bridges, with this leg alone in the conversation's.
std::string BridgeOf(const std::string& leg) {
  return R"([{"id":")" + kCall + R"(-bridge","channels":[")" + kCall + "-" + leg + R"("]}])";
}

// A driver whose switch is a table of answers; time is the test's own.
struct World {
  asio::io_context io;
  FakeHttp http;
  testing::FakeClock clock{absl::FromUnixSeconds(1'795'367'760)};
  std::vector<FactNote> notes;
  std::shared_ptr<Driver> driver;

  explicit World(const std::string& api_url = "http://pbx:8088") {
    auto account = std::make_shared<Account>();
    account->tenant = base::TenantId("t1");
    account->config.set_id("p1");
    account->config.set_api_url(api_url);
    account->config.set_caller_id("Acme Sales");
    account->auth_token = base::Secret("ctc:secret");
    AnswerAsAri(http);
    driver = Driver::Create(
                 io.get_executor(), {http, clock, {}}, account,
                 [this](FactNote note) { notes.push_back(std::move(note)); },
                 [](FlowQuestion) -> Task<absl::StatusOr<FlowAnswer>> {
                   co_return absl::UnimplementedError("nobody calls in here");
                 })
                 .value();
  }
  void Say(const std::string& text) {
    CHECK(driver->OnMessage(text));
    Settle();
  }
  void Settle() {
    io.restart();
    io.run();
  }
  std::vector<std::string> Facts() const {
    std::vector<std::string> facts;
    for (const FactNote& note : notes) {
      for (const auto& item : note.facts) {
        CHECK(item.tenant_id() == "t1");
        CHECK(item.session() == kCall);
        facts.push_back(session::v1::Leg::Party_Name(item.fact().party()) + " " +
                        CallFact::Kind_Name(item.fact().kind()));
      }
    }
    return facts;
  }
  bool Asked(const std::string& part) const {
    for (const std::string& line : http.Lines()) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }
  void Talk() {
    Say(StartEvent("agent"));
    Say(StartEvent("customer"));
    Say(EnteredEvent("customer", true));
    notes.clear();
  }
  void Look(const std::string& channels) {
    http.When("GET http://pbx:8088/ari/channels", 200, channels);
    CHECK(testing::RunTask(io, driver->DropVanished()).ok());
    Settle();
  }
  void Reconcile(const std::string& channels, const std::string& bridges) {
    http.When("GET http://pbx:8088/ari/channels", 200, channels);
    http.When("GET http://pbx:8088/ari/bridges", 200, bridges);
    CHECK(testing::RunTask(io, driver->ReconcileSwitch({})).ok());
    Settle();
  }
};

Session LiveSession(Session::Status status) {
  Session session;
  session.set_id(kCall);
  session.set_status(status);
  session.set_submission(Session::ACCEPTED);
  return session;
}

TEST_CASE("a whole call is driven by the switch's events alone", "[asterisk][driver]") {
  World world;
  world.Say(StateEvent("agent", "Ringing"));
  world.Say(StateEvent("agent", "Up"));
  world.Say(StartEvent("agent"));
  world.Say(StateEvent("customer", "Ringing"));
  world.Say(StartEvent("customer"));
  world.Say(EnteredEvent("customer", true));
  world.Say(RecordingEvent("RecordingStarted"));
  world.Say(DestroyedEvent("customer", 16, "Up"));
  world.Say(RecordingEvent("RecordingFinished"));
  world.Say(DestroyedEvent("agent", 16, "Up"));
  CHECK(world.Facts() == std::vector<std::string>{
                             "AGENT CALL_RINGING", "AGENT CALL_ANSWERED", "CUSTOMER CALL_RINGING",
                             "CUSTOMER CALL_ANSWERED", "CUSTOMER RECORDING_STARTED",
                             "CUSTOMER CALL_ENDED", "CUSTOMER RECORDING_STOPPED",
                             "CUSTOMER RECORDING_READY", "AGENT CALL_ENDED"});
  const std::string bridge = "/ari/bridges/" + kCall + "-bridge";
  const std::string agent = "/ari/channels/" + kCall + "-agent";
  const std::string customer = "/ari/channels/" + kCall + "-customer";
  CHECK(world.http.Lines() ==
        std::vector<std::string>{
            "POST " + bridge + "?type=mixing,dtmf_events&name=" + kCall,
            "POST /ari/applications/ctc/subscription?eventSource=bridge:" + kCall + "-bridge",
            "POST " + bridge + "/addChannel?channel=" + kCall + "-agent",
            "POST " + agent + "/play/" + kCall + "-ring?media=tone%3Aring%3Btonezone%3Dus",
            "POST " + customer,
            "DELETE /ari/playbacks/" + kCall + "-ring",
            "POST " + bridge + "/addChannel?channel=" + kCall + "-customer",
            "POST " + bridge + "/record?name=" + kCall +
                "-rec&format=wav&ifExists=append&maxDurationSeconds=0&beep=false&terminateOn=none",
            "DELETE " + agent + "?reason=normal",
            "DELETE " + bridge,
        });
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("a recording whose end is not told is found when the call is over",
          "[asterisk][driver]") {
  World world;
  const auto file = [&](int status) {
    world.http.When("GET http://pbx:8088/ari/recordings/stored/" + kCall + "-rec", status,
                    R"({"name":")" + kCall + R"(-rec","format":"wav"})");
  };
  const auto check_found = [&] {
    REQUIRE(world.Facts().back() == "CUSTOMER RECORDING_READY");
    const CallFact found = world.notes.back().facts.back().fact();
    CHECK(found.recording_url() == "http://pbx:8088/ari/recordings/stored/" + kCall + "-rec/file");
    CHECK_FALSE(found.has_provider_time());
    // Whole before it is told of.
    CHECK(world.Asked("POST /ari/recordings/live/" + kCall + "-rec/stop"));
    CHECK(world.driver->live_calls() == 0);
    world.Say(RecordingEvent("RecordingFinished"));  // told after all: the same fact
    CHECK(world.notes.back().facts.back().fact().event_key() == found.event_key());
  };
  file(200);
  SECTION("by its last leg") {
    world.Talk();
    world.Say(DestroyedEvent("customer", 16, "Up"));
    CHECK_FALSE(world.Asked("/recordings/"));
    world.Say(DestroyedEvent("agent", 16, "Up"));
    check_found();
  }
  SECTION("while the socket was down") {
    world.Talk();
    world.Say(RecordingEvent("RecordingStarted"));
    world.Reconcile("[]", "[]");
    check_found();
  }
  SECTION("while we were down") {
    Session session = LiveSession(Session::CONNECTED);
    session.set_is_recorded(true);
    world.http.When("GET http://pbx:8088/ari/channels", 200, "[]");
    CHECK(testing::RunTask(world.io, world.driver->ReconcileSessions({session})).ok());
    world.Settle();
    check_found();
  }
  SECTION("after we were down") {
    Session session = LiveSession(Session::CONNECTED);
    session.set_is_recorded(true);
    world.http.When("GET http://pbx:8088/ari/channels", 200,
                    "[" + ChannelJson("agent", "Up") + "," + ChannelJson("customer", "Up") + "]");
    world.http.When("GET http://pbx:8088/ari/bridges", 200,
                    R"([{"id":")" + kCall + R"(-bridge","channels":[")" + kCall + R"(-agent",")" +
                        kCall + R"(-customer"]}])");
    CHECK(testing::RunTask(world.io, world.driver->ReconcileSwitch({session})).ok());
    world.Settle();
    world.Say(DestroyedEvent("customer", 16, "Up"));
    world.Say(DestroyedEvent("agent", 16, "Up"));
    check_found();
  }
  SECTION("but not where there is none") {
    file(404);
    world.Talk();
    world.Say(DestroyedEvent("customer", 16, "Up"));
    world.Say(DestroyedEvent("agent", 16, "Up"));
    CHECK(world.Asked("GET /ari/recordings/stored/"));
    CHECK(world.Facts().back() == "AGENT CALL_ENDED");
    CHECK(world.driver->live_calls() == 0);
  }
}

TEST_CASE("the socket's address follows the account's", "[asterisk][driver]") {
  CHECK(World().driver->SocketUrl() == "ws://pbx:8088/ari/events?app=ctc&subscribeAll=false");
  CHECK(World("https://pbx/").driver->SocketUrl() ==
        "wss://pbx/ari/events?app=ctc&subscribeAll=false");
}

TEST_CASE("a customer whose id exists already is not dialled again", "[asterisk][driver]") {
  World world;
  world.http.When("POST http://pbx:8088/ari/channels/" + kCall + "-customer", 409,
                  R"({"message":"Channel with given unique ID already exists"})");
  world.Say(StartEvent("agent"));
  CHECK(world.Facts() == std::vector<std::string>{"AGENT CALL_ANSWERED"});
}

TEST_CASE("a trunk that does not exist ends the call and the agent's leg", "[asterisk][driver]") {
  World world;
  world.http.When("POST http://pbx:8088/ari/channels/" + kCall + "-customer", 500,
                  R"({"error":"Allocation failed"})");
  world.Say(StartEvent("agent"));
  CHECK(world.Facts() == std::vector<std::string>{"AGENT CALL_ANSWERED", "CUSTOMER CALL_FAILED"});
  CHECK(world.Asked("DELETE /ari/channels/" + kCall + "-agent"));
  world.Say(DestroyedEvent("agent", 16, "Up"));
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("an answer that got lost is asked for again, under the same id", "[asterisk][driver]") {
  World world;
  int asked = 0;
  world.http.When("-customer", [&](const http::ClientRequest&) {
    http::ClientResult result;
    if (++asked == 1) {
      result.error.status = absl::UnavailableError("reset");
    } else {
      result.response.status = 409;
    }
    return result;
  });
  world.Say(StartEvent("agent"));
  CHECK(asked == 2);
  CHECK(world.Facts() == std::vector<std::string>{"AGENT CALL_ANSWERED"});
}

TEST_CASE("an answer to a dial that is no channel is asked for again, then given up",
          "[asterisk][driver]") {
  for (const char* body : {"", "<html>welcome</html>", R"({"id":"5f)", "[]", R"({"state":"Up"})"}) {
    INFO(body);
    World world;
    world.http.When("POST http://pbx:8088/ari/channels/" + kCall + "-customer", 200, body);
    world.Say(StartEvent("agent"));
    CHECK(world.Facts() == std::vector<std::string>{"AGENT CALL_ANSWERED", "CUSTOMER CALL_FAILED"});
    const CallFact& fact = world.notes.back().facts.front().fact();
    CHECK(fact.error_code() == "PROVIDER_ERROR");
    CHECK(fact.message() == "Asterisk's answer is not the channel that was asked for");
    // Whatever became of the dials, under one id.
    CHECK(world.Asked("DELETE /ari/channels/" + kCall + "-customer"));
    CHECK(world.Asked("DELETE /ari/channels/" + kCall + "-agent"));
  }
}

TEST_CASE("a garbled answer to a dial that was done is a dial", "[asterisk][driver]") {
  World world;
  int asked = 0;
  world.http.When("-customer", [&](const http::ClientRequest&) {
    http::ClientResult result;
    result.response.status = ++asked == 1 ? 200 : 409;
    result.response.body = "<html>";
    return result;
  });
  world.Say(StartEvent("agent"));
  CHECK(asked == 2);
  CHECK(world.Facts() == std::vector<std::string>{"AGENT CALL_ANSWERED"});
}

TEST_CASE("a dial that the switch refuses says why and is not repeated", "[asterisk][driver]") {
  struct Case {
    int status;
    const char* code;
    session::v1::EndReason reason;
  };
  for (const Case& c : {Case{429, "PROVIDER_RATE_LIMITED", session::v1::PROVIDER_REJECTED},
                        Case{401, "PROVIDER_CREDENTIALS", session::v1::PROVIDER_REJECTED},
                        Case{403, "PROVIDER_CREDENTIALS", session::v1::PROVIDER_REJECTED},
                        Case{302, "PROVIDER_ERROR", session::v1::PROVIDER_ERROR}}) {
    INFO(c.status);
    World world;
    int asked = 0;
    world.http.When("POST http://pbx:8088/ari/channels/" + kCall + "-customer",
                    [&](const http::ClientRequest&) {
                      ++asked;
                      http::ClientResult result;
                      result.response.status = c.status;
                      return result;
                    });
    world.Say(StartEvent("agent"));
    CHECK(asked == 1);
    const CallFact& fact = world.notes.back().facts.front().fact();
    CHECK(fact.error_code() == c.code);
    CHECK(fact.reason() == c.reason);
  }
}

TEST_CASE("events of others and noise are passed over", "[asterisk][driver]") {
  World world;
  world.Say("not json");
  world.Say("{}");
  world.Say(R"({"type":"ChannelStateChange","channel":{"id":"1795369225.127","state":"Up"}})");
  world.Say(R"({"type":"PlaybackStarted","playback":{"id":"x"}})");
  world.Say(RecordingEvent("RecordingFinished"));
  CHECK(world.driver->live_calls() == 0);
  CHECK(world.notes.size() == 1);
  CHECK_FALSE(world.driver->OnMessage(R"({"type":"ApplicationReplaced","application":"ctc"})"));
}

TEST_CASE("digits stay out of the log's payload", "[asterisk][driver]") {
  World world;
  world.Say(
      R"({"type":"ChannelDtmfReceived","timestamp":"2026-11-22T17:15:29.000+0000","digit":"7",)"
      R"("channel":)" +
      ChannelJson("customer", "Up") + "}");
  REQUIRE(world.notes.size() == 1);
  CHECK(world.notes[0].payload.empty());
}

TEST_CASE("after a restart an answered agent is driven on", "[asterisk][driver]") {
  World world;
  world.Reconcile("[" + ChannelJson("agent", "Up") + "]", "[]");
  CHECK(world.Facts() == std::vector<std::string>{"AGENT CALL_ANSWERED"});
  CHECK(world.Asked("POST /ari/channels/" + kCall + "-customer"));
  // The event that told of it arrives after all: nothing is done twice.
  const size_t before = world.http.requests.size();
  world.Say(StartEvent("agent"));
  // The bridge, its subscription and the agent again, no second customer.
  CHECK(world.http.Lines().size() == before + 3);
}

TEST_CASE("another account's calls on the same switch are not driven", "[asterisk][driver]") {
  World world;
  const std::string theirs = absl::StrReplaceAll(ChannelJson("agent", "Up"),
                                                 {{R"("app_data":"ctc,)", R"("app_data":"b,)"}});
  REQUIRE(theirs != ChannelJson("agent", "Up"));
  world.Reconcile("[" + theirs + "]", R"([{"id":")" + kCall + R"(-bridge","channels":[]}])");
  CHECK(world.Facts().empty());
  CHECK_FALSE(world.Asked("POST"));
  CHECK_FALSE(world.Asked("DELETE /ari/channels"));
}

TEST_CASE("after a restart a customer who may have been called is not called again",
          "[asterisk][driver]") {
  World world;
  world.Reconcile("[" + ChannelJson("agent", "Up") + "]", BridgeOf("agent"));
  CHECK(world.Facts() == std::vector<std::string>{"CUSTOMER CALL_ENDED", "AGENT CALL_ANSWERED"});
  CHECK_FALSE(world.Asked("POST /ari/channels/" + kCall + "-customer"));
  CHECK(world.Asked("DELETE /ari/channels/" + kCall + "-agent"));
}

TEST_CASE("after a restart a running talk is found joined", "[asterisk][driver]") {
  World world;
  world.Reconcile("[" + ChannelJson("agent", "Up") + "," + ChannelJson("customer", "Up") + "]",
                  R"([{"id":")" + kCall + R"(-bridge","channels":[")" + kCall + R"(-agent",")" +
                      kCall + R"(-customer"]}])");
  CHECK(world.Facts() == std::vector<std::string>{"AGENT CALL_ANSWERED", "CUSTOMER CALL_ANSWERED"});
  CHECK_FALSE(world.Asked("addChannel"));
  world.Say(DestroyedEvent("agent", 16, "Up"));
  CHECK(world.Asked("DELETE /ari/channels/" + kCall + "-customer"));
}

TEST_CASE("bridges of calls that ended while nobody listened are deleted", "[asterisk][driver]") {
  World world;
  const std::string over = "01930000-0000-7000-8000-000000000002";
  const std::string talks = "01930000-0000-7000-8000-000000000003";
  const auto bridge = [](const std::string& id, const std::string& channels) {
    return R"({"id":")" + id + R"(","channels":[)" + channels + "]}";
  };
  const std::string monitor = "-supervisor-1-monitor";
  world.Reconcile("[" + ChannelJson("agent", "Ringing") + "]",
                  "[" + bridge(over + "-bridge", "") + "," + bridge(over + monitor, "") + "," +
                      bridge(kCall + "-bridge", "") + "," + bridge(kCall + monitor, "") + "," +
                      bridge(talks + "-bridge", R"("1795369225.127")") + "," +
                      bridge("meeting-bridge", "") + "]");
  CHECK(world.Asked("DELETE /ari/bridges/" + over + "-bridge"));
  CHECK(world.Asked("DELETE /ari/bridges/" + over + monitor));
  CHECK_FALSE(world.Asked("DELETE /ari/bridges/" + kCall));
  CHECK_FALSE(world.Asked("DELETE /ari/bridges/" + talks));
  CHECK_FALSE(world.Asked("DELETE /ari/bridges/meeting"));
}

TEST_CASE("a leg whose partner left while nobody listened is ended", "[asterisk][driver]") {
  World world;
  world.Talk();
  world.Reconcile("[" + ChannelJson("customer", "Up") + "]", BridgeOf("customer"));
  CHECK(world.Facts() == std::vector<std::string>{"AGENT CALL_ENDED"});
  CHECK(world.Asked("DELETE /ari/channels/" + kCall + "-customer"));
}

TEST_CASE("a session the switch has forgotten is ended as what it was", "[asterisk][driver]") {
  World world;
  const auto compare = [&](const Session& session, const std::string& channels) {
    world.http.When("GET http://pbx:8088/ari/channels", 200, channels);
    CHECK(testing::RunTask(world.io, world.driver->ReconcileSessions({session})).ok());
    world.Settle();
  };
  SECTION("while talking") {
    compare(LiveSession(Session::CONNECTED), "[]");
    REQUIRE(world.notes.size() == 1);
    CHECK(world.notes[0].facts[0].fact().reason() == session::v1::NORMAL);
  }
  SECTION("while ringing") {
    compare(LiveSession(Session::RINGING), "[]");
    REQUIRE(world.notes.size() == 1);
    CHECK(world.notes[0].facts[0].fact().reason() == session::v1::LOST);
  }
  SECTION("but not one whose leg is there") {
    compare(LiveSession(Session::INITIATED), "[" + ChannelJson("agent", "Down") + "]");
    CHECK(world.notes.empty());
  }
  SECTION("but not one that may not have been placed yet") {
    for (const auto submission : {Session::SENT, Session::UNKNOWN_OUTCOME}) {
      Session placing = LiveSession(Session::INITIATED);
      placing.set_submission(submission);
      compare(placing, "[]");
    }
    CHECK(world.notes.empty());
  }
  SECTION("but not when the switch cannot be asked") {
    world.http.When("GET", 503, "");
    const Session session = LiveSession(Session::RINGING);
    CHECK_FALSE(testing::RunTask(world.io, world.driver->ReconcileSessions({session})).ok());
    CHECK(world.notes.empty());
  }
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("a leg whose end was never told is ended after two looks", "[asterisk][driver]") {
  World world;
  world.Talk();
  world.Look("[" + ChannelJson("agent", "Up") + "]");
  CHECK(world.notes.empty());  // its event may be on its way
  world.Look("[" + ChannelJson("agent", "Up") + "]");
  CHECK(world.Facts() == std::vector<std::string>{"CUSTOMER CALL_ENDED"});
  CHECK(world.Asked("DELETE /ari/channels/" + kCall + "-agent"));
  world.Look("[]");
  world.Look("[]");
  CHECK(world.driver->live_calls() == 0);
}

TEST_CASE("who should have been hung up and was not is hung up later", "[asterisk][driver]") {
  const std::string stays = GENERATE("customer", "agent");
  World world;
  world.Talk();
  world.http.Break("DELETE", http::Reached::kNotSent, absl::UnavailableError("refused"));
  world.Say(DestroyedEvent(stays == "agent" ? "customer" : "agent", 16, "Up"));
  world.http.When("DELETE", 204, "");
  world.http.requests.clear();
  const std::string channels = "[" + ChannelJson(stays, "Up") + "]";
  SECTION("when the switch is there again") { world.Reconcile(channels, BridgeOf(stays)); }
  SECTION("within a minute") { world.Look(channels); }
  CHECK(world.Asked("DELETE /ari/channels/" + kCall + "-" + stays + "?reason=normal"));
}

TEST_CASE("who waits for the next agent, or talks with him, is not hung up", "[asterisk][driver]") {
  World world;
  world.Talk();
  std::string channels = ChannelJson("customer", "Up");
  SECTION("while he is not rung yet") { world.Say(DestroyedEvent("agent", 26, "Up")); }
  SECTION("when he could not be had") {
    world.Say(StateEvent("consult-1", "Ringing"));
    world.Say(DestroyedEvent("agent", 26, "Up"));
    world.Say(DestroyedEvent("consult-1", 19, "Ringing"));
  }
  SECTION("when he took over") {
    world.Say(PartyStartEvent("consult-1", R"("join")"));
    world.Say(DestroyedEvent("agent", 16, "Up"));
    channels += "," + ChannelJson("consult-1", "Up");
  }
  world.Reconcile("[" + channels + "]", BridgeOf("customer"));
  world.Look("[" + channels + "]");
  CHECK_FALSE(world.Asked("DELETE /ari/channels"));
}

TEST_CASE("a switch that cannot be asked is not taken for an empty one", "[asterisk][driver]") {
  World world;
  world.Say(StartEvent("agent"));
  world.notes.clear();
  world.http.When("GET", 503, "");
  CHECK_FALSE(testing::RunTask(world.io, world.driver->ReconcileSwitch({})).ok());
  world.http.When("GET", 200, "<html>");
  CHECK_FALSE(testing::RunTask(world.io, world.driver->ReconcileSwitch({})).ok());
  CHECK(world.notes.empty());
}

}  // namespace
}  // namespace ctc::providers::asterisk
