// ARI as an adapter sees it: REST beside the event socket.
#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"
#include "libs/http/client.h"
#include "libs/testing/quiet_port.h"
#include "tools/simulator/ari_socket_for_test.h"
#include "tools/simulator/fixture_for_test.h"

namespace ctc::simulator {
namespace {

constexpr const char* kJson = "application/json";

int Originate(Fixture& f, const std::string& id, const std::string& endpoint,
              const std::string& leg = "customer", int timeout = 20) {
  const Json body = {
      {"endpoint", endpoint},   {"app", "ctc"},
      {"appArgs", leg + ",k7"}, {"callerId", "\"Acme Sales\" <15551234567>"},
      {"timeout", timeout},     {"variables", {{"CTC_CALL_ID", "k7"}, {"CTC_LEG", leg}}}};
  return f.Send("POST", "/ari/channels/" + id, body.dump(), kJson).response.status;
}

}  // namespace

TEST_CASE("a leg rings, is answered, enters the app and ends in Asterisk's order", "[ari]") {
  Fixture f;
  AriSocket socket(f);
  CHECK(Originate(f, "k7-customer", "PJSIP/+15550100@trunk") == 200);
  const Json start = socket.Until("StasisStart", "k7-customer");
  CHECK(socket.Seen() ==
        "Dial: ChannelStateChange Dial:RINGING ChannelStateChange Dial:ANSWER StasisStart ");
  CHECK(start["args"] == Json({"customer", "k7"}));
  CHECK(start["application"] == "ctc");
  CHECK(start["channel"]["state"] == "Up");
  CHECK(start["channel"]["caller"]["number"] == "15551234567");
  CHECK(start["channel"]["channelvars"]["CTC_CALL_ID"] == "k7");
  const Json end = socket.Until("ChannelDestroyed", "k7-customer");
  CHECK(socket.Seen() == "ChannelHangupRequest StasisEnd ChannelDestroyed ");
  CHECK(end["cause"] == 16);
  CHECK(f.Send("GET", "/ari/channels/k7-customer").response.status == 404);
}

TEST_CASE("legs that are not answered end with Asterisk's causes", "[ari]") {
  Fixture f;
  AriSocket socket(f);
  const std::vector<std::tuple<std::string, int, std::string>> cases = {
      {"9901", 17, "Dial: ChannelStateChange Dial:RINGING Dial:BUSY ChannelDestroyed "},
      {"9902", 19, "Dial: ChannelStateChange Dial:RINGING ChannelDestroyed "},
      {"9903", 21, "Dial: ChannelStateChange Dial:RINGING Dial:NOANSWER ChannelDestroyed "},
      {"9904", 38, "Dial: Dial:NOANSWER ChannelDestroyed "},
      {"9905", 1, "Dial: Dial:NOANSWER ChannelDestroyed "}};
  for (const auto& [digits, cause, events] : cases) {
    INFO(digits);
    CHECK(Originate(f, "leg-" + digits, "PJSIP/1555010" + digits + "@trunk") == 200);
    CHECK(socket.Until("ChannelDestroyed", "leg-" + digits)["cause"] == cause);
    CHECK(socket.Seen() == events);
  }
}

TEST_CASE("an id can be used once, so a call cannot be dialled twice", "[ari]") {
  Fixture f;
  AriSocket socket(f);
  CHECK(Originate(f, "same", "PJSIP/15550109921@trunk") == 200);
  CHECK(Originate(f, "same", "PJSIP/15550109921@trunk") == 409);
  CHECK(f.Dials("15550109921") == 1);
  const http::ClientResult by_reference = f.Send("GET", "/_stats?reference=same");
  CHECK(by_reference.response.body == "{\"dials\":1}");
}

TEST_CASE("two legs talk in a recorded bridge and are ended by request", "[ari]") {
  Fixture f;
  AriSocket socket(f);
  CHECK(Originate(f, "a", "PJSIP/agent-a", "agent") == 200);
  socket.Until("StasisStart", "a");
  CHECK(Originate(f, "c", "PJSIP/15550109921@trunk") == 200);
  CHECK(f.Send("POST", "/ari/bridges?type=mixing&bridgeId=b&name=k7").response.status == 200);
  CHECK(Originate(f, "rings", "PJSIP/15550109902@trunk", "customer", 3600) == 200);
  CHECK(f.Send("POST", "/ari/bridges/b/addChannel?channel=rings").response.status == 422);
  socket.Until("StasisStart", "c");
  CHECK(f.Send("POST", "/ari/bridges/b/addChannel?channel=a").response.status == 204);
  CHECK(f.Send("POST", "/ari/bridges/b/addChannel?channel=c").response.status == 204);
  CHECK(socket.Until("ChannelEnteredBridge", "c")["bridge"]["channels"] == Json({"a", "c"}));
  CHECK(f.Send("POST", "/ari/bridges/b/record?name=r&format=wav").response.status == 201);
  CHECK(f.Send("POST", "/ari/bridges/b/record?name=r&format=wav").response.status == 409);
  socket.Until("RecordingStarted");
  for (const char* control : {"moh", "hold", "mute?direction=in"}) {
    const std::string path = std::string("/ari/channels/c/") + control;
    CHECK(f.Send("POST", path).response.status == 204);
    CHECK(f.Send("DELETE", path).response.status == 204);
  }
  CHECK(f.Send("POST", "/ari/channels/c/dtmf?dtmf=1%23").response.status == 204);
  CHECK(f.Send("POST", "/ari/recordings/live/r/stop").response.status == 204);
  CHECK(socket.Until("RecordingFinished")["recording"]["state"] == "done");
  const http::ClientResult file = f.Send("GET", "/ari/recordings/stored/r/file");
  CHECK(file.response.headers.Get("Content-Type") == "audio/wav");
  CHECK(file.response.body.starts_with("RIFF"));
  socket.Seen();
  CHECK(f.Send("DELETE", "/ari/channels/c?reason=normal").response.status == 204);
  CHECK(socket.Until("ChannelDestroyed", "c")["cause"] == 16);
  CHECK(socket.Seen() == "ChannelHangupRequest ChannelLeftBridge StasisEnd ChannelDestroyed ");
  CHECK(f.Send("GET", "/ari/channels/a").response.status == 200);  // the partner stays
  CHECK(f.Send("DELETE", "/ari/bridges/b").response.status == 204);
  socket.Until("BridgeDestroyed");
}

TEST_CASE("a newer event socket replaces the older one", "[ari]") {
  Fixture f;
  AriSocket first(f);
  AriSocket second(f);
  first.Until("ApplicationReplaced");
  CHECK(Originate(f, "x", "PJSIP/15550100@trunk") == 200);
  second.Until("StasisStart", "x");
}

TEST_CASE("an answered leg without its application is dropped", "[ari]") {
  Fixture f;
  CHECK(Originate(f, "alone", "PJSIP/15550109923@trunk") == 200);
  testing::EventuallyTrue(
      [&] { return f.Send("GET", "/ari/channels/alone").response.status == 404; }, "it ends");
}

TEST_CASE("faults of the request and of the events happen as the number says", "[ari]") {
  Fixture f;
  AriSocket socket(f);
  CHECK(Originate(f, "e500", "PJSIP/15550109911@trunk") == 500);
  CHECK(f.Dials("15550109911") == 0);
  CHECK(Originate(f, "e429", "PJSIP/15550109912@trunk") == 429);
  CHECK(Originate(f, "reset", "PJSIP/15550109913@trunk") == 0);
  CHECK(f.Dials("15550109913") == 1);
  CHECK(Originate(f, "garbage", "PJSIP/15550109915@trunk") == 200);
  CHECK(f.Dials("15550109915") == 1);
  CHECK(Originate(f, "garbage2", "PJSIP/15550109916@trunk") == 200);
  CHECK(f.Dials("15550109916") == 0);
  CHECK(Originate(f, "twice", "PJSIP/15550109907@trunk") == 200);
  socket.Until("StasisStart", "twice");
  socket.Until("StasisStart", "twice");
  CHECK(Originate(f, "lost", "PJSIP/15550109910@trunk") == 200);
  socket.Until("StasisStart", "lost");
  testing::EventuallyTrue(
      [&] { return f.Send("GET", "/ari/channels/lost").response.status == 404; }, "it ends");
  // The first end that is told of this id is that of another leg.
  CHECK(Originate(f, "lost", "PJSIP/15550109905@trunk") == 200);
  CHECK(socket.Until("ChannelDestroyed", "lost")["cause"] == 1);
}

TEST_CASE("bad requests get Asterisk's error bodies", "[ari]") {
  Fixture f;
  const std::vector<std::tuple<std::string, std::string, int, std::string>> cases = {
      {"GET", "/ari/channels/none", 404, "Channel not found"},
      {"POST", "/ari/channels?app=ctc", 400, "Endpoint must be specified"},
      {"POST", "/ari/channels?app=ctc&endpoint=nonsense", 400, "Invalid endpoint specified"},
      {"POST", "/ari/channels?endpoint=PJSIP/1", 400, "Application or extension must be specified"},
      {"POST", "/ari/bridges/none/addChannel?channel=x", 404, "Bridge not found"},
      {"GET", "/ari/recordings/stored/none", 404, "Recording not found"},
      {"GET", "/ari/applications/none", 404, "Application not found"},
      {"GET", "/ari/nonsense", 404, "Resource not found"}};
  for (const auto& [method, path, status, message] : cases) {
    INFO(path);
    const http::ClientResult result = f.Send(method, path);
    CHECK(result.response.status == status);
    CHECK(Json::parse(result.response.body)["message"] == message);
  }
  CHECK(f.Send("GET", "/ari/asterisk/ping").response.status == 200);
  CHECK(f.Send("GET", "/ari/asterisk/info").response.status == 200);
}

TEST_CASE("what the interface describes of itself is served", "[ari]") {
  Fixture f;
  AriSocket socket(f);
  const auto read = [&](const std::string& path) {
    const http::ClientResult result = f.Send("GET", path);
    REQUIRE(result.response.status == 200);
    return Json::parse(result.response.body);
  };
  CHECK(f.Send("GET", "/ari/api-docs/nonsense.json").response.status == 404);
  const Json listing = read("/ari/api-docs/resources.json");
  CHECK(listing["basePath"] == f.Url("/ari"));
  int operations = 0;
  for (const Json& resource : listing["apis"]) {
    const std::string name = resource["description"];
    if (name == "events") continue;  // the event socket itself
    const Json document = read("/ari/api-docs/" + name + ".json");
    for (const Json& api : document["apis"]) {
      for (const Json& operation : api["operations"]) {
        const std::string id = "d" + std::to_string(++operations);
        REQUIRE(Originate(f, id, "PJSIP/15550109921@trunk") == 200);
        (void)socket.Until("StasisStart", id);
        REQUIRE(f.Send("POST", "/ari/bridges/" + id).response.status == 200);
        std::string path = api["path"];
        for (size_t open = path.find('{'); open != std::string::npos; open = path.find('{')) {
          path.replace(open, path.find('}') - open + 1, id);
        }
        INFO(operation["httpMethod"] << " " << path);
        const http::ClientResult result = f.Send(operation["httpMethod"], "/ari" + path);
        CHECK(result.response.status != 405);
        CHECK(result.response.body.find("Resource not found") == std::string::npos);
        f.Send("DELETE", "/ari/channels/" + id);
      }
    }
  }
  CHECK(operations > 50);
}

TEST_CASE("credentials are checked when they are set", "[ari]") {
  Options options = Fixture::QuickOptions();
  options.ari_user = "other";
  options.ari_password = base::Secret("secret");
  Fixture f(std::move(options));
  CHECK(f.Send("GET", "/ari/asterisk/ping").response.status == 401);
}

TEST_CASE("a mode of the control endpoint applies until it is taken back", "[control]") {
  Options options = Fixture::QuickOptions();
  options.port = testing::QuietPort();
  Fixture f(std::move(options));
  CHECK(f.Send("GET", "/_ctl?mode=error-500").response.status == 200);
  CHECK(Originate(f, "m1", "PJSIP/15550100@trunk") == 500);
  CHECK(f.Send("GET", "/_ctl?mode=").response.status == 200);
  CHECK(Originate(f, "m2", "PJSIP/15550100@trunk") == 200);
  CHECK(f.Send("GET", "/_ctl?mode=nonsense").response.status == 400);
  CHECK(f.Send("GET", "/_ctl?mode=refuse&for_ms=5000").response.status == 200);
  testing::EventuallyTrue([&] { return !f.Send("GET", "/_stats").ok(); }, "connections refused");
  testing::EventuallyTrue([&] { return f.Send("GET", "/_stats").ok(); }, "open again");
}

TEST_CASE("the PBX's own webhooks are sent, signed and in order", "[control]") {
  Receiver receiver;
  Options options = Fixture::QuickOptions();
  options.seed_webhooks = receiver.Url("/hook");
  options.webhook_secret = base::Secret("s");
  Fixture f(std::move(options));
  AriSocket socket(f);
  CHECK(Originate(f, "w", "PJSIP/15550109920@trunk") == 200);
  testing::EventuallyTrue([&] { return receiver.Received().size() == 3; }, "three webhooks");
  std::string events;
  for (const Form& form : receiver.Received()) {
    const std::string body = ValueOf(form, "_body");
    events += Json::parse(body)["event_type"].get<std::string>() + " ";
    CHECK(ValueOf(form, "_x_signature") == crypto::ToHex(crypto::HmacSha256("s", body)));
  }
  CHECK(events == "CALL_RINGING CALL_ANSWERED CALL_ENDED ");
}

}  // namespace ctc::simulator
