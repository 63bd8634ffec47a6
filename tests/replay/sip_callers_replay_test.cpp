// Callers' calls as switches tell them that ask over HTTP.
#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/sip/adapter.h"
#include "libs/providers/sip/caller_url.h"
#include "libs/providers/twiml/signature.h"
#include "libs/testing/fake_clock.h"
#include "services/session/domain/inbound.h"
#include "tests/replay/replay.h"

namespace ctc::replay {
namespace {

using Json = nlohmann::json;
namespace sip = providers::sip;
namespace twiml = providers::twiml;

constexpr char kUuid[] = "01930000-0000-7000-8000-000000000001";
constexpr char kSecret[] = "secret";
constexpr char kEvents[] = "https://crm.example.com/api/v1/webhooks/voip/sip?tenant=t1";
const absl::Time kStart = absl::FromUnixSeconds(1'735'787'000);

providers::Account AnAccount(const std::string& preset) {
  providers::Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.webhook_secret = base::Secret(kSecret);
  account.public_url = "https://crm.example.com";
  const std::string settings = R"({"preset":")" + preset + "\"}";
  REQUIRE(google::protobuf::util::JsonStringToMessage(settings, account.config.mutable_settings())
              .ok());
  return account;
}

struct Reader {
  providers::FakeHttp http;
  testing::FakeClock clock;
  const std::unique_ptr<providers::Adapter> adapter = sip::MakeAdapter({http, clock, {}}, {});
};

Callback Send(const std::string& preset, const std::string& url, const std::string& body,
              std::vector<std::pair<std::string, std::string>> headers) {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_url(url);
  request.set_query(url.substr(url.find('?') + 1));
  request.set_body(body);
  for (auto& [name, value] : headers) {
    auto& header = *request.add_headers();
    header.set_name(name);
    header.set_value(value);
  }
  return [account = AnAccount(preset), request](absl::Time now) {
    static const Reader reader;  // thousands of orders are read
    return reader.adapter->ReadWebhook(account, request, now);
  };
}

// jambonz, of the caller's leg or the agent's.
Callback Hook(bool agent, const std::string& status, int at, int sip_status = 200) {
  Json body = {{"call_sid", agent ? "agent-leg" : "caller-leg"},
               {"direction", agent ? "outbound" : "inbound"},
               {"call_status", status},
               {"sip_status", sip_status}};
  if (agent) body["parent_call_sid"] = "caller-leg";
  if (agent) body["customerData"] = {{"session_id", kUuid}, {"leg", "agent"}};
  if (agent && status == "completed") body["duration"] = 45;
  const std::string stamp = std::to_string(absl::ToUnixSeconds(kStart) + at);
  const std::string text = body.dump();
  return Send(
      "jambonz", kEvents, text,
      {{"jambonz-signature",
        "t=" + stamp + ",v1=" + crypto::ToHex(crypto::HmacSha256(kSecret, stamp + "." + text))}});
}

// SignalWire, the same.
Callback Form(bool agent, const std::string& status, int number, int at) {
  const std::string url =
      agent ? sip::CallerEventUrl(AnAccount("signalwire"), kUuid, "agent") : kEvents;
  twiml::Form form = {
      {"CallSid", agent ? "agent-leg" : "caller-leg"},
      {"CallStatus", status},
      {"Direction", agent ? "outbound-dial" : "inbound"},
      {"SequenceNumber", std::to_string(number)},
      {"Timestamp", absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", kStart + absl::Seconds(at),
                                     absl::UTCTimeZone())}};
  if (agent) form.emplace_back("ParentCallSid", "caller-leg");
  if (status == "completed") form.emplace_back("CallDuration", "45");
  std::string body;
  for (const auto& [name, value] : form) {
    body += (body.empty() ? "" : "&") + name + "=" + http::Encode(value);
  }
  return Send("signalwire", url, body,
              {{"content-type", "application/x-www-form-urlencoded"},
               {"x-signalwire-signature", twiml::Signature(base::Secret(kSecret), url, form)}});
}

Story Inbound(std::vector<Callback> callbacks) {
  Story story;
  story.start = {kStart, session::v1::Session::INBOUND, "+15551230002", "+15551230003"};
  story.known = {session::domain::OfferFact(2, kStart + absl::Seconds(9), "+15551230002")};
  story.callbacks = std::move(callbacks);
  story.arrival = kStart + absl::Seconds(100);
  return story;
}

}  // namespace

TEST_CASE("a caller at jambonz taken by an agent is the same in every order", "[replay][sip]") {
  const Story story = Inbound({Hook(true, "trying", 10, 100), Hook(true, "ringing", 11, 180),
                               Hook(true, "in-progress", 15), Hook(true, "completed", 60),
                               Hook(false, "completed", 60)});
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 45"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a caller at jambonz that gives up is the same in every order", "[replay][sip]") {
  const Story story = Inbound({Hook(true, "trying", 10, 100), Hook(true, "ringing", 11, 180),
                               Hook(true, "no-answer", 20, 487), Hook(false, "completed", 20)});
  CHECK(Has(Recorded(story), "CALLER_ABANDONED"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a caller at SignalWire taken by an agent is the same in every order", "[replay][sip]") {
  const Story story = Inbound({Form(true, "initiated", 0, 10), Form(true, "ringing", 1, 11),
                               Form(true, "in-progress", 2, 15), Form(true, "completed", 3, 60),
                               Form(false, "completed", 0, 60)});
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 45"));
  CHECK(FirstDifference(story) == "");
}

}  // namespace ctc::replay
