#include "tools/simulator/script.h"

#include <catch2/catch.hpp>

#include <set>

#include "tools/simulator/options.h"
#include "tools/simulator/seed_webhooks.h"
#include "tools/simulator/twilio_model.h"
#include "tools/simulator/xml.h"

namespace ctc::simulator {

TEST_CASE("the number dialled is found in every form of an endpoint", "[simulator]") {
  CHECK(DialledNumber("+15550100") == "15550100");
  CHECK(DialledNumber("PJSIP/+15550100@trunk") == "15550100");
  CHECK(DialledNumber("PJSIP/15550100@trunk") == "15550100");
  CHECK(DialledNumber("sip:15550100@host") == "15550100");
  CHECK(DialledNumber("PJSIP/agent-a").empty());
  CHECK(DialledNumber("").empty());
}

TEST_CASE("the last four digits decide the outcome", "[simulator]") {
  CHECK(ScriptFor("+15550109901", false).ending == Ending::kBusy);
  CHECK(ScriptFor("PJSIP/15550109902@trunk", false).ending == Ending::kNoAnswer);
  CHECK(ScriptFor("+15550109907", false).delivery == Delivery::kTwice);
  CHECK(ScriptFor("+15550109913", false).submission == Submission::kReset);
  CHECK(ScriptFor("+15550109913", false).dials);
  CHECK_FALSE(ScriptFor("+15550109918", false).dials);
  CHECK(ScriptFor("+15550100", false).ending == Ending::kAnswer);
  CHECK(ScriptFor("9901", false).ending == Ending::kBusy);
  CHECK(ScriptFor("901", false).ending == Ending::kAnswer);
}

TEST_CASE("an agent answers soon and stays, unless the number says otherwise", "[simulator]") {
  const CallScript agent = ScriptFor("PJSIP/agent-a", true);
  CHECK(agent.ring < ScriptFor("+15550100", false).ring);
  CHECK(agent.talk == absl::InfiniteDuration());
  CHECK(ScriptFor("+15550109901", true).ending == Ending::kBusy);
}

TEST_CASE("every outcome has its own digits and name and is in the help", "[simulator]") {
  std::set<std::string_view> digits;
  std::set<std::string_view> names;
  const std::string help = HelpText();
  for (const Outcome& outcome : Outcomes()) {
    CHECK(digits.insert(outcome.digits).second);
    CHECK(names.insert(outcome.name).second);
    CHECK(FindOutcome(outcome.name) == &outcome);
    CHECK(help.find(outcome.name) != std::string::npos);
  }
  CHECK(FindOutcome("nonsense") == nullptr);
}

TEST_CASE("the command line is checked", "[simulator]") {
  const auto options = ParseOptions({"--port=8000", "--speed", "4", "--seed=7"});
  REQUIRE(options.ok());
  CHECK(options->port == 8000);
  CHECK(options->speed == 4);
  CHECK(options->seed == 7);
  const std::vector<std::vector<std::string>> bad = {{"--port=x"},
                                                     {"--port=70000"},
                                                     {"--speed=0"},
                                                     {"--nonsense=1"},
                                                     {"port"},
                                                     {"--ari-user=a"},
                                                     {"--seed-webhooks=http://x"},
                                                     {"--twilio-token-file=/nonexistent"}};
  for (const auto& arguments : bad) {
    INFO(arguments.front());
    CHECK_FALSE(ParseOptions(arguments).ok());
  }
}

// Vectors computed with Twilio's own SDK.
TEST_CASE("signatures are those of Twilio", "[simulator]") {
  const Form first = {{"CallSid", "CA1234567890ABCDE"},
                      {"Caller", "+14158675310"},
                      {"Digits", "1234"},
                      {"From", "+14158675310"},
                      {"To", "+18005551212"}};
  CHECK(TwilioSignature("12345", "https://example.com/myapp.php?foo=1&bar=2", first) ==
        "L/OH5YylLD5NRKLltdqwSvS0BnU=");
  const std::string token = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
  const Form repeated = {
      {"MediaUrl", "b"}, {"MediaUrl", "a"}, {"MediaUrl", "b"}, {"CallSid", "CA1"}};
  CHECK(TwilioSignature(token, "https://crm.example.com/hooks", repeated) ==
        "q2PIqtYMeYx78u4KRuPn3Xzok68=");
  const Form cases = {{"b", "1"}, {"B", "2"}, {"a", "3"}, {"A", "4"}, {"_", "5"}};
  CHECK(TwilioSignature(token, "https://crm.example.com/hooks", cases) ==
        "M4RmXvqmA1XEgNKZtx5N+ltVrDo=");
}

TEST_CASE("a URL is signed without user, fragment and https port", "[simulator]") {
  CHECK(SignedUrl("https://u:p@a.example:8443/x?y#rc=2") == "https://a.example/x?y");
  CHECK(SignedUrl("http://a.example:8080/x") == "http://a.example:8080/x");
  CHECK(SignedUrl("https://a.example") == "https://a.example");
}

TEST_CASE("TwiML is read, anything else refused", "[simulator]") {
  const auto document = ParseXml(
      "<?xml version=\"1.0\"?><!-- c --><Response><Dial callerId='+1' action=\"http://a?b&amp;c\">"
      "<Number> +15550100 </Number></Dial><Hangup/></Response>");
  REQUIRE(document.ok());
  REQUIRE(document->children.size() == 2);
  const XmlElement& dial = document->children[0];
  CHECK(dial.Attribute("action") == "http://a?b&c");
  CHECK(dial.Attribute("none", "x") == "x");
  CHECK(dial.children[0].text == "+15550100");
  for (const char* bad : {"", "text", "<a>", "<a></b>", "<a b=c/>", "<a b='1' b='2'/>",
                          "<a>&x;</a>", "<a/><b/>", "<a b/>", "<"}) {
    INFO(bad);
    CHECK_FALSE(ParseXml(bad).ok());
  }
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  CHECK_FALSE(ParseXml(deep).ok());
}

TEST_CASE("a PBX's own webhook speaks of customers' legs only", "[simulator]") {
  asio::io_context io;
  Channel channel(io.get_executor(), "s-customer", "PJSIP/15550100@trunk");
  channel.caller_number = "15551234567";
  channel.variables = {{"CTC_CALL_ID", "s"}, {"CTC_LEG", "customer"}};
  const absl::Time now = absl::FromUnixSeconds(1767225600);
  const Json body = Json::parse(SeedWebhookBody(channel, "ANSWERED", now));
  CHECK(body["event_type"] == "CALL_ANSWERED");
  CHECK(body["session_id"] == "s");
  CHECK(body["to_phone"] == "+15550100");
  CHECK(body["status"] == "CONNECTED");
  CHECK(body["timestamp"] == "2026-01-01T00:00:00.000Z");
  channel.variables["CTC_LEG"] = "agent";
  CHECK(SeedWebhookBody(channel, "ANSWERED", now).empty());
}

}  // namespace ctc::simulator
