// What is printed.
#include "tools/ctc/text.h"

#include <catch2/catch.hpp>

namespace ctc::tool {
namespace {

TEST_CASE("a table's columns are aligned by letters, and an empty cell can be counted") {
  CHECK(Table({{"NAME", "TYPE", "SAYS"}, {"Büro", "", "well"}, {"Headquarters", "SIP", ""}}) ==
        "NAME          TYPE  SAYS\n"
        "Büro          -     well\n"
        "Headquarters  SIP\n");
}

TEST_CASE("a provider's words cannot break a line or command a terminal") {
  CHECK(Printable("a\nb\x1b[31mc\x7f") == "a b [31mc ");
  CHECK(Printable("x\xC2\x9by") == "x y");
  CHECK(Printable("Grüße, 日本") == "Grüße, 日本");
}

TEST_CASE("members of another kind than expected read as text or as nothing") {
  const Json json = Json::parse(R"({"n":7,"t":"x","b":true,"o":{},"z":null})");
  CHECK(TextOf(json, "n") == "7");
  CHECK(TextOf(json, "t") == "x");
  CHECK(IsTrue(json, "b"));
  CHECK(TextOf(json, "o").empty());
  CHECK(TextOf(json, "z").empty());
  CHECK(TextOf(json, "absent").empty());
  CHECK(TextOf(Json::array(), "n").empty());
}

TEST_CASE("a refusal of the API is told with code, detail, fields, action and request id") {
  CHECK(RefusalText(400, R"({"code":"VALIDATION_FAILED","detail":"No.","action":"Correct it.",
      "errors":[{"field":"state","detail":"must be PARKED"}],"request_id":"r1"})") ==
        "VALIDATION_FAILED: No.\n  state must be PARKED\n  Correct it.\n  request_id r1");
}

TEST_CASE("an answer that is none of the API's says so") {
  const std::string text = RefusalText(502, "<html>Bad\nGateway</html>");
  CHECK(text.starts_with("HTTP 502"));
  CHECK(text.find("$CTC_URL") != std::string::npos);
  CHECK(text.find("<html>Bad Gateway</html>") != std::string::npos);
  CHECK(RefusalText(200, "[1]").starts_with("HTTP 200"));
}

const Json kEvent =
    Json::parse(R"({"seq":"12","id":"0190-1","session_id":"sess_01","type":"leg.ended",
    "occurred_at":"2026-01-01T10:00:00.123Z","new_status":"CONNECTED","party":"AGENT",
    "agent_id":"ann","detail":"bye\nnow"})");

TEST_CASE("events are filtered by the status after them and by either id of the session") {
  CHECK(EventFilter().Matches(kEvent));
  CHECK(EventFilter{"CONNECTED", "sess_01"}.Matches(kEvent));
  CHECK(EventFilter{"", "0190-1"}.Matches(kEvent));
  CHECK_FALSE(EventFilter{"RINGING", ""}.Matches(kEvent));
  CHECK_FALSE(EventFilter{"", "sess_02"}.Matches(kEvent));
}

TEST_CASE("an event is one aligned line, coloured only when asked for") {
  const std::string line = EventLine(kEvent, false);
  CHECK(line ==
        "2026-01-01T10:00:00.123Z  sess_01                          leg.ended               "
        "CONNECTED    party=AGENT  agent=ann  detail=bye now");
  CHECK(EventLine(kEvent, true).find("\033[32mCONNECTED") != std::string::npos);
}

}  // namespace
}  // namespace ctc::tool
