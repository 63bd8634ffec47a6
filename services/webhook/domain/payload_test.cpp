// What is kept of a provider's text, and what is not.
#include "services/webhook/domain/payload.h"

#include <catch2/catch.hpp>

namespace ctc::webhook {
namespace {

constexpr size_t kPlenty = 10000;

TEST_CASE("an event without secrets is kept as it is") {
  const std::string body =
      "{\"event_type\": \"CALL_ANSWERED\",\n\t\"from_phone\": \"+0987654321\", \"n\": [1, 2]}";
  CHECK(CleanPayload(body, kPlenty) == body);
  const std::string form = "CallSid=CA1&AccountSid=AC1&From=%2B4930&CallStatus=ringing";
  CHECK(CleanPayload(form, kPlenty) == form);
}

TEST_CASE("credentials and pressed digits lose their value, whatever the notation") {
  const std::pair<std::string, std::string> vectors[] = {
      {R"({"auth_token":"t0p","a":1})", R"({"auth_token":"***","a":1})"},
      {R"({"authToken" : "t\"0p" , "a":1})", R"({"authToken" : "***" , "a":1})"},
      {R"({"password":12345})", R"({"password":***})"},
      {R"({"dtmf":{"digits":"1234","timed_out":false}})",
       R"({"dtmf":{"digits":"***","timed_out":false}})"},
      {R"({"digits":["1","2"],"x":2})", R"({"digits":***,"x":2})"},
      {R"({"digit":"5"})", R"({"digit":"***"})"},
      {"Digits=1234&CallSid=CA1", "Digits=***&CallSid=CA1"},
      {"CallSid=CA1&api_key=abc", "CallSid=CA1&api_key=***"},
      {R"({"body":"{\"digits\":\"12\",\"b\":1}"})", R"({"body":"{\"digits\":\"***\",\"b\":1}"})"},
      {"Authorization: abc", "Authorization: ***"},
      {R"({"X-Webhook-Secret":"s"})", R"({"X-Webhook-Secret":"***"})"},
      {R"({"token":"never closed)", R"({"token":"***")"},
      {"token=", "token="},
      {"token", "token"},
      {R"(["digits", "other"])", R"(["digits", "other"])"}};
  for (const auto& [body, clean] : vectors) {
    CAPTURE(body);
    CHECK(CleanPayload(body, kPlenty) == clean);
  }
}

TEST_CASE("what a database or a terminal would not take is replaced") {
  CHECK(CleanPayload(std::string("a\0b\x1b[2Jc\x7f", 9), kPlenty) == "a b [2Jc ");
  CHECK(CleanPayload("\xff\xc0\xafok\xe2\x82", kPlenty) == "???ok??");
  CHECK(CleanPayload("\xed\xa0\x80\xf4\x90\x80\x80", kPlenty) == "???????");
  CHECK(CleanPayload("Grüße €𝄞", kPlenty) == "Grüße €𝄞");
}

TEST_CASE("a text is cut to its limit, never within a character") {
  CHECK(CleanPayload("abcdef", 3) == "abc");
  CHECK(CleanPayload("a€", 3) == "a");
  CHECK(CleanPayload("a€", 4) == "a€");
  CHECK(CleanPayload(std::string(100000, 'x'), 4096).size() == 4096);
  CHECK(CleanPayload("abc", 0).empty());
}

TEST_CASE("a short text has no line breaks") {
  CHECK(CleanText("CALL\nENDED\t\r1", 100) == "CALL ENDED  1");
  CHECK(CleanText("Grüße", 4) == "Grü");
}

}  // namespace
}  // namespace ctc::webhook
