#include "libs/providers/signed_webhook.h"

#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"

namespace ctc::providers {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;

constexpr std::string_view kSecret = "webhook-secret";
const absl::Time kNow = absl::FromUnixSeconds(1'764'757'860);  // 2025-12-03T10:31:00Z

// The body as the seed prints it.
constexpr std::string_view kSeedBody = R"({
  "event_type": "CALL_ANSWERED",
  "session_id": "sess_1234567890",
  "correlation_id": "corr_1234567890",
  "from_phone": "+0987654321",
  "to_phone": "+1234567890",
  "status": "CONNECTED",
  "timestamp": "2025-12-03T10:30:00Z"
})";

Account AnAccount() {
  Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.config.set_provider_type(common::v1::ProviderType::ASTERISK);
  account.webhook_secret = base::Secret(std::string(kSecret));
  return account;
}

std::string Sign(std::string_view body, std::string_view secret = kSecret) {
  return crypto::ToHex(crypto::HmacSha256(secret, body));
}

ReadWebhookResponse Read(std::string_view body, const std::string& signature,
                         const Account& account = AnAccount()) {
  common::v1::HttpRequest request;
  request.set_body(std::string(body));
  auto& header = *request.add_headers();
  header.set_name("x-signature");
  header.set_value(signature);
  return ReadSignedWebhook(account, request, kNow, ReplayWindow());
}

ReadWebhookResponse ReadSigned(std::string_view body) { return Read(body, Sign(body)); }

TEST_CASE("the seed's webhook is read", "[webhook]") {
  const ReadWebhookResponse read = ReadSigned(kSeedBody);
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.provider_id() == "p1");
  CHECK(read.event_type() == "CALL_ANSWERED");
  CHECK(read.session() == "sess_1234567890");
  CHECK(read.correlation_id() == "corr_1234567890");
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).tenant_id() == "t1");
  const CallFact& fact = read.facts(0).fact();
  CHECK(fact.kind() == CallFact::CALL_ANSWERED);
  CHECK(fact.party() == session::v1::Leg::PARTY_UNSPECIFIED);
  CHECK(fact.source() == session::v1::WEBHOOK);
  CHECK(fact.provider_time().seconds() == 1'764'757'800);
}

TEST_CASE("the seed's short words are events too", "[webhook]") {
  using Case = std::pair<std::string, CallFact::Kind>;
  const auto [word, kind] = GENERATE(values<Case>({{"initiated", CallFact::CALL_INITIATED},
                                                   {"ringing", CallFact::CALL_RINGING},
                                                   {"answered", CallFact::CALL_ANSWERED},
                                                   {"ended", CallFact::CALL_ENDED},
                                                   {"failed", CallFact::CALL_FAILED},
                                                   {"canceled", CallFact::CALL_CANCELLED}}));
  std::string body(kSeedBody);
  body.replace(body.find("CALL_ANSWERED"), 13, word);
  body.replace(body.find("CONNECTED"), 9, "");
  CHECK(ReadSigned(body).facts(0).fact().kind() == kind);
}

TEST_CASE("a retry has the same key, another event another one", "[webhook]") {
  const std::string key = ReadSigned(kSeedBody).facts(0).fact().event_key();
  std::string other_order = std::string(kSeedBody);
  other_order.replace(other_order.find("  \"event_type\""), 2, "      ");
  CHECK(ReadSigned(other_order).facts(0).fact().event_key() == key);
  std::string later(kSeedBody);
  later.replace(later.find("10:30:00"), 8, "10:30:01");
  CHECK(ReadSigned(later).facts(0).fact().event_key() != key);
}

TEST_CASE("the prefix sha256= and upper case are accepted", "[webhook]") {
  CHECK(Read(kSeedBody, "sha256=" + Sign(kSeedBody)).verdict() == ReadWebhookResponse::GENUINE);
}

TEST_CASE("forged signatures are refused, however they are forged", "[webhook]") {
  const std::string good = Sign(kSeedBody);
  std::string flipped = good;
  flipped[10] = flipped[10] == '0' ? '1' : '0';
  const std::vector<std::string> forged = {
      flipped,
      good.substr(0, 62),
      good + "00",
      Sign(kSeedBody, "another tenant's secret"),
      Sign(kSeedBody, ""),
      Sign(std::string(kSeedBody) + " "),
      "sha1=" + good,
      "sha256=sha256=" + good,
      std::string(64, '0'),
      std::string(64, 'z'),
      crypto::ToBase64(crypto::HmacSha256(kSecret, kSeedBody)),
      crypto::ToHex(crypto::Sha256(kSeedBody)),
      " " + good,
      good + "\n",
      std::string(1 << 16, 'a'),
      "sha256=",
  };
  for (const std::string& signature : forged) {
    INFO(signature.substr(0, 80));
    const ReadWebhookResponse read = Read(kSeedBody, signature);
    CHECK(read.verdict() == ReadWebhookResponse::FORGED);
    CHECK(read.facts_size() == 0);
  }
  std::string changed(kSeedBody);
  changed[changed.size() - 3] = '1';
  CHECK(Read(changed, good).verdict() == ReadWebhookResponse::FORGED);
}

TEST_CASE("an unsigned webhook and an account without a secret let nothing in", "[webhook]") {
  CHECK(ReadSignedWebhook(AnAccount(), {}, kNow, {}).verdict() == ReadWebhookResponse::UNSIGNED);
  CHECK(Read(kSeedBody, "").verdict() == ReadWebhookResponse::UNSIGNED);
  Account keyless = AnAccount();
  keyless.webhook_secret = base::Secret();
  CHECK(Read(kSeedBody, Sign(kSeedBody, ""), keyless).verdict() == ReadWebhookResponse::FORGED);
}

TEST_CASE("two signatures are one too many", "[webhook]") {
  common::v1::HttpRequest request;
  request.set_body(std::string(kSeedBody));
  for (int i = 0; i < 2; ++i) {
    auto& header = *request.add_headers();
    header.set_name("x-signature");
    header.set_value(Sign(kSeedBody));
  }
  CHECK(ReadSignedWebhook(AnAccount(), request, kNow, {}).verdict() == ReadWebhookResponse::FORGED);
}

TEST_CASE("poison is unreadable, with the field named", "[webhook]") {
  struct Case {
    std::string body;
    const char* field;
  };
  const auto with = [](const std::string& more) {
    return R"({"event_type":"CALL_ENDED","session_id":"s1","timestamp":"2025-12-03T10:30:00Z")" +
           more + "}";
  };
  const std::vector<Case> cases = {
      {"", "body"},
      {"not json", "body"},
      {"[1]", "body"},
      {"\"text\"", "body"},
      {std::string(100'000, '['), "body"},
      {"{\"event_type\":\"\xff\"}", "body"},
      {R"({"session_id":"s1","timestamp":"2025-12-03T10:30:00Z"})", "event_type"},
      {R"({"event_type":"CALL_DANCED","session_id":"s1","timestamp":"2025-12-03T10:30:00Z"})",
       "event_type"},
      {R"({"event_type":"CANCEL_REQUESTED","session_id":"s1","timestamp":"2025-12-03T10:30:00Z"})",
       "event_type"},
      {R"({"event_type":7,"session_id":"s1","timestamp":"2025-12-03T10:30:00Z"})", "event_type"},
      {R"({"event_type":"CALL_ENDED","timestamp":"2025-12-03T10:30:00Z"})", "session_id"},
      {R"({"event_type":"CALL_ENDED","session_id":"a b","timestamp":"2025-12-03T10:30:00Z"})",
       "session_id"},
      {R"({"event_type":"CALL_ENDED","session_id":")" + std::string(65, 'x') +
           R"(","timestamp":"2025-12-03T10:30:00Z"})",
       "session_id"},
      {R"({"event_type":"CALL_ENDED","session_id":"s1"})", "timestamp"},
      {R"({"event_type":"CALL_ENDED","session_id":"s1","timestamp":"yesterday"})", "timestamp"},
      {R"({"event_type":"CALL_ENDED","session_id":"s1","timestamp":"2025-13-41T10:30:00Z"})",
       "timestamp"},
      {R"({"event_type":"CALL_ENDED","session_id":"s1","timestamp":1764757800})", "timestamp"},
      {with(R"(,"duration_seconds":"37")"), "duration_seconds"},
      {with(R"(,"duration_seconds":-1)"), "duration_seconds"},
      {with(R"(,"duration_seconds":1.5)"), "duration_seconds"},
      {with(R"(,"duration_seconds":99999999999999999999)"), "duration_seconds"},
      {with(R"(,"to_phone":")" + std::string(33, '1') + "\""), "to_phone"},
      {with(R"(,"party":"PARROT")"), "party"},
      {with(R"(,"recording_url":"http://x/ y")"), "recording_url"},
      {with(R"(,"reason":"a\u0000b")"), "reason"},
  };
  for (const Case& c : cases) {
    INFO(c.body.substr(0, 200));
    const ReadWebhookResponse read = ReadSigned(c.body);
    CHECK(read.verdict() == ReadWebhookResponse::UNREADABLE);
    CHECK(read.reason().substr(0, read.reason().find(':')) == c.field);
    CHECK(read.facts_size() == 0);
  }
}

TEST_CASE("events outside the window are kept out", "[webhook]") {
  const auto at = [](const char* time) {
    return ReadSigned(std::string(R"({"event_type":"CALL_ENDED","session_id":"s1","timestamp":")") +
                      time + "\"}")
        .verdict();
  };
  CHECK(at("2025-12-02T10:31:00Z") == ReadWebhookResponse::GENUINE);
  CHECK(at("2025-12-02T10:30:59Z") == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(at("2025-12-03T10:36:00Z") == ReadWebhookResponse::GENUINE);
  CHECK(at("2025-12-03T10:36:01Z") == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(at("2025-12-03T16:00:00+05:30") == ReadWebhookResponse::GENUINE);
}

TEST_CASE("fields nobody knows are ignored", "[webhook]") {
  const ReadWebhookResponse read = ReadSigned(
      R"({"event_type":"CALL_RINGING","session_id":"s1","timestamp":"2025-12-03T10:30:00Z",)"
      R"("leg":"agent","extra":{"deep":[1,2]},"null_field":null})");
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.facts(0).fact().party() == session::v1::Leg::AGENT);
}

TEST_CASE("an ending tells duration, cause, reason and recording", "[webhook]") {
  const ReadWebhookResponse read = ReadSigned(
      R"({"event_type":"CALL_ENDED","session_id":"s1","timestamp":"2025-12-03T10:30:00Z",)"
      R"("duration_seconds":37,"recording_url":"https://pbx/rec/1.wav","cause":"q850:16",)"
      R"("reason":"normal","party":"CUSTOMER"})");
  REQUIRE(read.facts_size() == 2);
  const CallFact& end = read.facts(0).fact();
  CHECK(end.duration_seconds() == 37);
  CHECK(end.cause() == "q850:16");
  CHECK(end.reason() == session::v1::NORMAL);
  CHECK(read.facts(1).fact().kind() == CallFact::RECORDING_READY);
  CHECK(read.facts(1).fact().recording_url() == "https://pbx/rec/1.wav");
  CHECK(read.facts(1).fact().event_key() != end.event_key());
}

TEST_CASE("a recording that failed says why and has no audio", "[webhook]") {
  for (const std::string why : {"lost", "provider_error", "unreachable", "the disk is full"}) {
    const ReadWebhookResponse read = ReadSigned(
        R"({"event_type":"RECORDING_FAILED","session_id":"s1","reason":")" + why +
        R"(","timestamp":"2025-12-03T10:30:00Z","recording_url":"https://pbx/rec/1.wav"})");
    INFO(why);
    REQUIRE(read.facts_size() == 1);
    CHECK(read.facts(0).fact().kind() == CallFact::RECORDING_FAILED);
    CHECK(read.facts(0).fact().message() == why);
    CHECK(read.facts(0).fact().reason() == session::v1::END_REASON_UNSPECIFIED);
  }
}

TEST_CASE("every ending has its kind", "[webhook]") {
  const auto kind = [](const std::string& type, const std::string& status) {
    return ReadSigned(R"({"event_type":")" + type + R"(","status":")" + status +
                      R"(","session_id":"s1","timestamp":"2025-12-03T10:30:00Z"})")
        .facts(0)
        .fact()
        .kind();
  };
  CHECK(kind("CALL_ENDED", "COMPLETED") == CallFact::CALL_ENDED);
  CHECK(kind("CALL_ENDED", "NO_ANSWER") == CallFact::CALL_NO_ANSWER);
  CHECK(kind("CALL_ENDED", "busy") == CallFact::CALL_BUSY);
  CHECK(kind("CALL_FAILED", "FAILED") == CallFact::CALL_FAILED);
  CHECK(kind("CALL_BUSY", "") == CallFact::CALL_BUSY);
  CHECK(kind("CALL_NO_ANSWER", "") == CallFact::CALL_NO_ANSWER);
  CHECK(kind("CALL_CANCELED", "") == CallFact::CALL_CANCELLED);
  CHECK(kind("CALL_INITIATED", "") == CallFact::CALL_INITIATED);
  CHECK(kind("CALL_HOLD", "") == CallFact::CALL_HELD);
}

}  // namespace
}  // namespace ctc::providers
