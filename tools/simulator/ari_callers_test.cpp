// Callers, supervisors and messages at the ARI simulator.
#include <catch2/catch.hpp>

#include "tools/simulator/ari_socket_for_test.h"
#include "tools/simulator/fixture_for_test.h"

namespace ctc::simulator {
namespace {

constexpr const char* kJson = "application/json";

std::string Call(Fixture& f, const std::string& more = "") {
  const std::string body =
      R"({"provider":"asterisk","from":"+12025550177","to":"+18885550100")" + more + "}";
  const http::ClientResult result = f.Send("POST", "/_inbound", body, kJson);
  REQUIRE(result.response.status == 201);
  return Json::parse(result.response.body)["call"];
}

std::vector<std::string> Heard(Fixture& f, const std::string& id) {
  const http::ClientResult told = f.Send("GET", "/_inbound?call=" + id);
  return Json::parse(told.response.body)["calls"][id]["heard"];
}

int Do(Fixture& f, const std::string& method, const std::string& path,
       const std::string& body = "") {
  return f.Send(method, "/ari" + path, body, body.empty() ? "" : kJson).response.status;
}

}  // namespace

TEST_CASE("a caller comes in, is answered and presses keys", "[ari][inbound]") {
  Fixture f;
  AriSocket socket(f);
  const std::string id = Call(f, R"(,"keys":["12"])");
  const Json start = socket.Until("StasisStart", id);
  CHECK(start["args"] == Json({"inbound", "18885550100"}));
  CHECK(start["channel"]["state"] == "Ring");
  CHECK(start["channel"]["caller"]["number"] == "12025550177");
  CHECK(Do(f, "POST", "/channels/" + id + "/answer") == 204);
  CHECK(socket.Until("ChannelStateChange", id)["channel"]["state"] == "Up");
  CHECK(Do(f, "POST", "/channels/" + id + "/play/p1", R"({"media":"sound:menu"})") == 201);
  CHECK(socket.Until("PlaybackFinished")["playback"]["id"] == "p1");
  CHECK(socket.Until("ChannelDtmfReceived", id)["digit"] == "1");
  CHECK(socket.Until("ChannelDtmfReceived", id)["digit"] == "2");
  CHECK(Heard(f, id) == std::vector<std::string>{"play menu", "keys 12"});
}

TEST_CASE("a caller whose patience is over leaves", "[ari][inbound]") {
  Fixture f;
  AriSocket socket(f);
  const std::string id = Call(f, R"(,"hang_up_after_ms":1000)");
  socket.Until("StasisEnd", id);
  CHECK(socket.Seen() == "StasisStart ChannelHangupRequest StasisEnd ");
  CHECK(Do(f, "GET", "/channels/" + id) == 404);
  CHECK(Heard(f, id) == std::vector<std::string>{"end"});
}

TEST_CASE("a prompt that is stopped ends", "[ari][inbound]") {
  Fixture f;
  AriSocket socket(f);
  const std::string id = Call(f);
  socket.Until("StasisStart", id);
  // Of all that can be played only a tone does not end by itself.
  CHECK(Do(f, "POST", "/channels/" + id + "/play/p1", R"({"media":"tone:ring"})") == 201);
  CHECK(Do(f, "DELETE", "/playbacks/p1") == 204);
  CHECK(socket.Until("PlaybackFinished")["playback"]["state"] == "done");
  CHECK(Do(f, "DELETE", "/playbacks/p1") == 404);
  CHECK(Do(f, "POST", "/channels/" + id + "/play/p2",
           R"({"media":["sound:letters/g","sound:digits/1"]})") == 201);
  CHECK(Heard(f, id) == std::vector<std::string>{"play tone:ring", "say g1"});
}

TEST_CASE("a prompt ends with its caller, before he is gone", "[ari][inbound]") {
  Fixture f;
  AriSocket socket(f);
  const std::string id = Call(f);
  socket.Until("StasisStart", id);
  CHECK(Do(f, "POST", "/channels/" + id + "/play/p1", R"({"media":"tone:ring"})") == 201);
  socket.Until("PlaybackStarted");
  socket.Seen();
  CHECK(Do(f, "DELETE", "/channels/" + id) == 204);
  CHECK(socket.Until("PlaybackFinished")["playback"]["id"] == "p1");
  CHECK(socket.Seen() == "ChannelHangupRequest PlaybackFinished ");
  socket.Until("StasisEnd", id);
  CHECK(Do(f, "GET", "/playbacks/p1") == 404);
}

TEST_CASE("a message ends by its key or with its caller", "[ari][inbound]") {
  Fixture f;
  AriSocket socket(f);
  const std::string record = "/record?format=wav&maxDurationSeconds=3600&terminateOn=%23&name=";
  SECTION("by its key") {
    const std::string id = Call(f, R"(,"keys":["#"])");
    socket.Until("StasisStart", id);
    CHECK(Do(f, "POST", "/channels/" + id + record + "m1") == 201);
    CHECK(socket.Until("RecordingFinished")["recording"]["name"] == "m1");
    CHECK(Do(f, "GET", "/recordings/stored/m1") == 200);
    CHECK(Do(f, "GET", "/channels/" + id) == 200);
  }
  SECTION("with its caller") {
    const std::string id = Call(f);
    socket.Until("StasisStart", id);
    CHECK(Do(f, "POST", "/channels/" + id + record + "m2") == 201);
    CHECK(Do(f, "DELETE", "/channels/" + id) == 204);
    CHECK(socket.Until("RecordingFinished")["recording"]["name"] == "m2");
    socket.Until("StasisEnd", id);
  }
  SECTION("by its length") {
    const std::string id = Call(f);
    socket.Until("StasisStart", id);
    CHECK(Do(f, "POST", "/channels/" + id + "/record?name=m3&maxDurationSeconds=1") == 201);
    socket.Until("RecordingFinished");
  }
}

TEST_CASE("a caller hears music, then talks until it has had enough", "[ari][inbound]") {
  Fixture f;
  AriSocket socket(f);
  const std::string id = Call(f, R"(,"talk_ms":4000)");
  socket.Until("StasisStart", id);
  CHECK(Do(f, "POST", "/channels/" + id + "/moh") == 204);
  const Json agent = {{"endpoint", "PJSIP/agent-a"}, {"app", "ctc"}, {"appArgs", "join"}};
  CHECK(Do(f, "POST", "/channels/a", agent.dump()) == 200);
  socket.Until("StasisStart", "a");
  CHECK(Do(f, "POST", "/bridges/b") == 200);
  CHECK(Do(f, "POST", "/bridges/b/addChannel?channel=a") == 204);
  CHECK(Do(f, "DELETE", "/channels/" + id + "/moh") == 204);
  CHECK(Do(f, "POST", "/bridges/b/addChannel?channel=" + id) == 204);
  socket.Until("StasisEnd", id);
  CHECK(Heard(f, id) == std::vector<std::string>{"music ", "joined", "end"});
}

TEST_CASE("a snoop lives as long as the channel it hears", "[ari]") {
  Fixture f;
  AriSocket socket(f);
  const std::string id = Call(f);
  socket.Until("StasisStart", id);
  const std::string snoop = "/channels/" + id + "/snoop/s1?spy=both&whisper=out&app=ctc";
  CHECK(Do(f, "POST", snoop) == 200);
  socket.Until("StasisStart", "s1");
  CHECK(Do(f, "POST", snoop) == 409);
  CHECK(Do(f, "POST", "/bridges/m") == 200);
  CHECK(Do(f, "POST", "/bridges/m/addChannel?channel=s1") == 204);
  CHECK(Do(f, "DELETE", "/channels/" + id) == 204);
  socket.Until("StasisEnd", "s1");
}

TEST_CASE("a call in without its application is refused", "[ari][inbound]") {
  Fixture f;
  const http::ClientResult result =
      f.Send("POST", "/_inbound", R"({"provider":"asterisk","to":"+18885550100"})", kJson);
  CHECK(result.response.status == 409);
}

}  // namespace ctc::simulator
