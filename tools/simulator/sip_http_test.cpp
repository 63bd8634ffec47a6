// The SIP switch as an adapter sees it: JSON requests and signed webhooks.
#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"
#include "tools/simulator/fixture_for_test.h"

namespace ctc::simulator {
namespace {

struct Answer {
  int status = 0;
  Json body;
};

struct SipFixture : Fixture {
  Receiver receiver;

  Answer Ask(const std::string& method, const std::string& path, const Json& body = Json(),
             const std::string& key = "") {
    http::ClientRequest request;
    request.method = method;
    request.url = Url(path);
    request.bearer = base::Secret("key");
    if (!body.is_null()) {
      request.body = body.dump();
      request.headers = {{"Content-Type", "application/json"}};
    }
    if (!key.empty()) request.headers.emplace_back("Idempotency-Key", key);
    const http::ClientResult result = mine().Run(client->Send(std::move(request)));
    return {result.response.status, Json::parse(result.response.body, nullptr, false)};
  }
  Json Order(const std::string& to) {
    return {{"reference", "r" + to},
            {"from", "1001"},
            {"to", to},
            {"caller_id", "+1555"},
            {"ring_timeout_s", 20},
            {"record", false},
            {"callback_url", receiver.Url("/hook")}};
  }
  std::string Place(const std::string& to) {
    const Answer answer = Ask("POST", "/sip/v1/calls", Order(to));
    REQUIRE(answer.status == 201);
    return answer.body["id"];
  }
  std::vector<Json> Events(const std::string& id) const {
    std::vector<Json> events;
    for (const Form& form : receiver.Received()) {
      Json body = Json::parse(ValueOf(form, "_body"));
      if (body["id"] == id) events.push_back(std::move(body));
    }
    return events;
  }
  Json WaitFor(const std::string& id, const std::string& event) {
    Json found;
    testing::EventuallyTrue(
        [&] {
          for (const Json& body : Events(id)) {
            if (body["event"] == event) found = body;
          }
          return !found.is_null();
        },
        event.c_str());
    return found;
  }
  std::unique_ptr<http::Client> client = http::Client::Create(mine().executor());
};

}  // namespace

TEST_CASE("a SIP call is told step by step, signed", "[sip]") {
  SipFixture f;
  const std::string id = f.Place("+15550109920");
  const Json ended = f.WaitFor(id, "call.ended");
  CHECK(ended["cause"] == "normal");
  CHECK(ended["reference"] == "r+15550109920");
  std::string told;
  for (const Json& event : f.Events(id)) {
    told += event["event"].get<std::string>() + " ";
    CHECK(event["seq"].get<int>() > 0);
  }
  CHECK(told ==
        "call.initiated call.ringing call.answered call.ringing call.answered call.bridged "
        "call.ended ");
  for (const Form& form : f.receiver.Received()) {
    CHECK(ValueOf(form, "_x_signature") ==
          crypto::ToHex(crypto::HmacSha256("key", ValueOf(form, "_body"))));
  }
}

TEST_CASE("the SIP switch's numbers choose the outcome", "[sip]") {
  SipFixture f;
  const auto ending = [&](const std::string& to) { return f.WaitFor(f.Place(to), "call.ended"); };
  CHECK(ending("+15550109901")["sip_status"] == 486);
  CHECK(ending("+15550109902")["cause"] == "timeout");
  CHECK(ending("+15550109903")["sip_status"] == 603);
  CHECK(ending("+15550109904")["sip_status"] == 503);
  CHECK(ending("+15550109905")["cause"] == "invalid_number");
}

TEST_CASE("a key used again gives the same call, with another body a conflict", "[sip]") {
  SipFixture f;
  const Answer first = f.Ask("POST", "/sip/v1/calls", f.Order("+15550109921"), "k1");
  const Answer again = f.Ask("POST", "/sip/v1/calls", f.Order("+15550109921"), "k1");
  CHECK(first.body["id"] == again.body["id"]);
  CHECK(f.Ask("POST", "/sip/v1/calls", f.Order("+15550109920"), "k1").status == 409);
  f.WaitFor(first.body["id"], "call.bridged");
  CHECK(f.Dials("15550109921") == 1);
}

TEST_CASE("a SIP call is controlled while it lives", "[sip]") {
  SipFixture f;
  const std::string unanswered = f.Place("+15550109902");
  CHECK(f.Ask("POST", "/sip/v1/calls/" + unanswered + "/hold", Json::object()).status == 409);
  const std::string id = f.Place("+15550109921");
  const std::string at = "/sip/v1/calls/" + id;
  f.WaitFor(id, "call.bridged");
  CHECK(f.Ask("POST", at + "/hold", {{"leg", "customer"}}).status == 200);
  CHECK(f.Ask("GET", at).body["status"] == "on-hold");
  f.WaitFor(id, "call.held");
  CHECK(f.Ask("POST", at + "/resume", {{"leg", "customer"}}).status == 200);
  CHECK(f.Ask("POST", at + "/hold", {{"leg", "agent"}}).status == 400);
  CHECK(f.Ask("POST", at + "/hold", Json::object()).status == 404);
  CHECK(f.Ask("POST", at + "/mute", {{"leg", "agent"}}).status == 200);
  CHECK(f.Ask("POST", at + "/dtmf", {{"digits", "12#w"}, {"leg", "customer"}}).status == 200);
  CHECK(f.Ask("POST", at + "/dtmf", {{"digits", "1x"}, {"leg", "customer"}}).status == 400);
  CHECK(f.Ask("POST", at + "/dance", {{"leg", "agent"}}).status == 404);
  CHECK(f.Ask("GET", "/sip/v1/calls?reference=r%2B15550109921").body["id"] == id);
  CHECK(f.Ask("POST", at + "/hangup", Json::object()).status == 202);
  CHECK(f.Ask("POST", at + "/hangup", Json::object()).status == 409);
  CHECK(f.WaitFor(id, "call.ended")["sip_status"] == 200);
}

TEST_CASE("a SIP transfer rings the target and lets the agent go", "[sip]") {
  SipFixture f;
  const std::string id = f.Place("+15550109921");
  const std::string at = "/sip/v1/calls/" + id;
  f.WaitFor(id, "call.bridged");
  CHECK(
      f.Ask("POST", at + "/transfer", {{"mode", "attended"}, {"to", "1002"}, {"leg", "consult-1"}})
          .status == 202);
  testing::EventuallyTrue(
      [&] {
        for (const Json& event : f.Events(id)) {
          if (event["event"] == "call.answered" && event["leg"] == "consult-1") return true;
        }
        return false;
      },
      "the target to answer");
  CHECK(f.Ask("POST", at + "/transfer/complete", {{"leg", "consult-1"}}).status == 202);
  CHECK(f.WaitFor(id, "call.leg_ended")["leg"] == "agent");
  CHECK(f.Ask("POST", at + "/hangup", Json::object()).status == 202);
}

TEST_CASE("the SIP switch wants credentials and knows its calls", "[sip]") {
  SipFixture f;
  CHECK(f.Send("GET", "/sip/v1/health").response.status == 401);
  CHECK(f.Ask("GET", "/sip/v1/health").body["status"] == "ok");
  CHECK(f.Ask("GET", "/sip/v1/calls/none").status == 404);
  CHECK(f.Ask("POST", "/sip/v1/calls", {{"from", "1"}, {"to", "a b"}}).status == 400);
}

}  // namespace ctc::simulator
