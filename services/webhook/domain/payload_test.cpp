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

TEST_CASE("JSON in a field of a form, percent-encoded, is read as what it stands for") {
  const std::pair<std::string, std::string> vectors[] = {
      {"cdr=%7B%22variables%22%3A%7B%22digits_dialed%22%3A%224929%22%2C%22duration%22%3A%225%22%7D%"
       "7D",
       "cdr=%7B%22variables%22%3A%7B%22digits_dialed%22%3A%22***%22%2C%22duration%22%3A%225%22%7D%"
       "7D"},
      {"cdr=%7b%22digit%22%3a%224%22%2c%22n%22%3a1%7d&b=2",
       "cdr=%7b%22digit%22%3a%22***%22%2c%22n%22%3a1%7d&b=2"},
      {"a=%7B%22digits%22%3A4929%2C%22b%22%3A1%7D", "a=%7B%22digits%22%3A***%2C%22b%22%3A1%7D"},
      {"a=%7b%22digits%22%3a4929%7d&b=1", "a=%7b%22digits%22%3a***%7d&b=1"},
      {"a=%7B%22digits%22%3A+4929+%7D", "a=%7B%22digits%22%3A+***%7D"},
      {"a=%7B%22digits%22+%3A%20%2249%22%7D", "a=%7B%22digits%22+%3A%20%22***%22%7D"},
      // Some encode no more than they must.
      {"a={%22digits%22:%2249%22,%22b%22:1}", "a={%22digits%22:%22***%22,%22b%22:1}"},
      {"a=%7B%22digits%22%3A%5B%224%22%2C%229%22%5D%2C%22b%22%3A1%7D",
       "a=%7B%22digits%22%3A***%2C%22b%22%3A1%7D"},
      {"a=%7B%22dtmf%22%3A%7B%22digits%22%3A%2212%22%2C%22timed_out%22%3A0%7D%7D",
       "a=%7B%22dtmf%22%3A%7B%22digits%22%3A%22***%22%2C%22timed_out%22%3A0%7D%7D"},
      {"a=%22token%22%3A%22x%5C%22y%22%2C%22b%22%3A1", "a=%22token%22%3A%22***%22%2C%22b%22%3A1"},
      {"a=%22%5C%22token%5C%22%3A%5C%22x%5C%22%2C1%22",
       "a=%22%5C%22token%5C%22%3A%5C%22***%5C%22%2C1%22"},
      {"a=b%26token%3Dabc%26c%3Dd", "a=b%26token%3D***%26c%3Dd"},
      {"a=%7B%22token%22%3A%22never%20closed", "a=%7B%22token%22%3A%22***%22"},
      {"a=%7B%22token%22%3A%22abc%22", "a=%7B%22token%22%3A%22***%22"},
      {"a=%7B%22token%22%3Aabc", "a=%7B%22token%22%3A***"},
      {"a=%7B%22token%22%3A", "a=%7B%22token%22%3A"},
      {"a=%7B%22token%22%3", "a=%7B%22token%22%3"},
      {"a=%22" + std::string(35, 'x') + "token%22%3A1",
       "a=%22" + std::string(35, 'x') + "token%22%3A***"}};
  for (const auto& [body, clean] : vectors) {
    CAPTURE(body);
    CHECK(CleanPayload(body, kPlenty) == clean);
  }
}

TEST_CASE("what is percent-encoded in the value of a plain field is part of the value") {
  CHECK(CleanPayload("Digits=%2249%22+50%2C51&b=1", kPlenty) == "Digits=***&b=1");
  CHECK(CleanPayload("dtmf=%7B%22digits%22%3A%2249%22%7D&b=1", kPlenty) == "dtmf=***&b=1");
  CHECK(CleanPayload(R"({"token":"a%22b%2Cc","d":1})", kPlenty) == R"({"token":"***","d":1})");
  CHECK(CleanPayload(R"({"token":"\\\\\"%22","d":1})", kPlenty) == R"({"token":"***","d":1})");
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
