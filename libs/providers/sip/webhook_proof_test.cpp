#include "libs/providers/sip/webhook_proof.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/sip/adapter.h"
#include "libs/providers/sip/exchange.h"
#include "libs/providers/sip/switch_template.h"
#include "libs/testing/fake_clock.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::ReadWebhookResponse;
using Headers = std::vector<std::pair<std::string, std::string>>;

const std::string kUuid = "01930000-0000-7000-8000-000000000001";
const std::string kBody =
    R"({"event":"call.held","id":"c_1","reference":"01930000-0000-7000-8000-000000000001","at":"2025-01-02T03:04:05Z"})";
constexpr char kStamp[] = "1735787045";
const absl::Time kNow = absl::FromUnixSeconds(1'735'787'050);

// The key whose private half is the bytes 0 to 31, and what it signed, by another implementation.
constexpr char kPublicKey[] = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
constexpr char kPiped[] =
    "fXhZbGLmQEXh0Wr7nxopTjViWr2xe3sFN+ka7gZniXf4aJxRv0AO+U+Hu0XcD3Y41Ly4jXjnHpysL0RBUDi5AA==";
constexpr char kPipedHex[] =
    "7d78596c62e64045e1d16afb9f1a294e35625abdb17b7b0537e91aee06678977"
    "f8689c51bf400ef94f87bb45dc0f7638d4bcb88d78e71e9cac2f44415038b900";
constexpr char kPipedOld[] =  // "1735780000|"
    "CHu26XDRYCzg6eRTQogb1eCfTgegiszGrmbYBqvMGGFbIxqQekAivleegPSwJt36hXJJNkXveMKGZAppcj2jAA==";
constexpr char kBodyAlone[] =
    "vylVH1zFfCApBxuSBLhdIslXABpHjkcOe+b1Ro8y7kOmf+RqborZ4asDAWvoAmOZvhNys+Q1N6dDAqoqHMHBDQ==";
constexpr char kOfAnotherKey[] =
    "kHtypEQMaL/e8dX6abR6L2a3AU9w3hABPykyV4oKDxS+V3jBLJylLreg+FwDfpe4nMZHOADMe56FrFDTNcRNBQ==";

std::string Ed25519(const std::string& more = "") {
  return R"({"preset":"reference","webhook":{"verify":{"mode":"ed25519",
      "header":"Telnyx-Signature-Ed25519","timestamp_header":"telnyx-timestamp",
      "public_key":")" +
         std::string(kPublicKey) + "\"" + more + "}}}";
}

std::string Verify(const std::string& members) {
  return R"({"preset":"reference","webhook":{"verify":{)" + members + "}}}";
}

struct Receiver {
  Account account;
  explicit Receiver(const std::string& settings) {
    account.tenant = base::TenantId("t1");
    account.config.set_id("p1");
    account.config.set_provider_type(common::v1::ProviderType::SIP);
    account.public_url = "https://ours.example";
    account.webhook_secret = base::Secret("topsecret");
    account.api_key = base::Secret("key");
    REQUIRE(google::protobuf::util::JsonStringToMessage(settings, account.config.mutable_settings())
                .ok());
  }
  ReadWebhookResponse Read(const Headers& headers, const std::string& body = kBody,
                           const std::string& query = "") const {
    FakeHttp http;
    testing::FakeClock clock;
    common::v1::HttpRequest request;
    request.set_method("POST");
    request.set_body(body);
    request.set_query(query);
    for (const auto& [name, value] : headers) {
      auto& header = *request.add_headers();
      header.set_name(name);
      header.set_value(value);
    }
    return MakeAdapter({http, clock, {}}, {})->ReadWebhook(account, request, kNow);
  }
  ReadWebhookResponse::Verdict VerdictOf(const Headers& headers) const {
    return Read(headers).verdict();
  }
  std::vector<std::string> Faults() const {
    FakeHttp http;
    testing::FakeClock clock;
    const absl::Status status = MakeAdapter({http, clock, {}}, {})->CheckAccount(account);
    std::vector<std::string> fields;
    for (const auto& fault : base::DetailOf(status).fields) fields.push_back(fault.field);
    return fields;
  }
};

Headers Telnyx(const std::string& signature, const std::string& stamp = kStamp) {
  return {{"telnyx-signature-ed25519", signature}, {"telnyx-timestamp", stamp}};
}

std::string Hmac(const std::string& text) { return crypto::HmacSha256("topsecret", text); }

TEST_CASE("an Ed25519 signature of time and body is believed", "[sip][webhook][signature]") {
  const Receiver receiver(Ed25519());
  CHECK(receiver.Faults().empty());
  const ReadWebhookResponse read = receiver.Read(Telnyx(kPiped));
  INFO(read.reason());
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.facts(0).session() == kUuid);
  CHECK(Receiver(Ed25519(R"(,"encoding":"hex")")).VerdictOf(Telnyx(kPipedHex)) ==
        ReadWebhookResponse::GENUINE);
  CHECK(Receiver(Ed25519(R"(,"signed":"body")"))
            .VerdictOf({{"telnyx-signature-ed25519", kBodyAlone}}) == ReadWebhookResponse::GENUINE);
}

TEST_CASE("a forged Ed25519 signature is not", "[sip][webhook][signature]") {
  const Receiver receiver(Ed25519());
  for (const Headers& bad :
       {Telnyx(kOfAnotherKey), Telnyx(kBodyAlone), Telnyx(kPipedHex), Telnyx("AAAA"), Telnyx("!"),
        Telnyx(kPiped, "1735787046"), Telnyx(kPiped, "0x1"), Telnyx(kPiped, " 1735787045"),
        Telnyx(std::string(kPiped) + "AAAA"), Telnyx("sha256=" + crypto::ToHex(Hmac(kBody)))}) {
    INFO(bad[0].second << " at " << bad[1].second);
    CHECK(receiver.VerdictOf(bad) == ReadWebhookResponse::FORGED);
  }
  Headers twice = Telnyx(kPiped);
  twice.emplace_back("telnyx-signature-ed25519", kPiped);
  CHECK(receiver.VerdictOf(twice) == ReadWebhookResponse::FORGED);
  CHECK(receiver.Read(Telnyx(kPiped), kBody + " ").verdict() == ReadWebhookResponse::FORGED);
  // The low-order key signs anything for who takes it.
  const std::string low = R"("mode":"ed25519","header":"s","signed":"body","public_key":")" +
                          crypto::ToBase64(std::string(1, '\1') + std::string(31, '\0')) + "\"";
  CHECK(Receiver(Verify(low)).VerdictOf({{"s", crypto::ToBase64(std::string(64, '\0'))}}) ==
        ReadWebhookResponse::FORGED);
}

TEST_CASE("an Ed25519 signature without one of its headers is none", "[sip][webhook][signature]") {
  const Receiver receiver(Ed25519());
  CHECK(receiver.VerdictOf({{"telnyx-signature-ed25519", kPiped}}) ==
        ReadWebhookResponse::UNSIGNED);
  CHECK(receiver.VerdictOf({{"telnyx-timestamp", kStamp}}) == ReadWebhookResponse::UNSIGNED);
  CHECK(receiver.VerdictOf({}) == ReadWebhookResponse::UNSIGNED);
}

TEST_CASE("a signed time is bound by its tolerance", "[sip][webhook][signature]") {
  CHECK(Receiver(Ed25519()).VerdictOf(Telnyx(kPipedOld, "1735780000")) ==
        ReadWebhookResponse::GENUINE);
  const Receiver strict(Ed25519(R"(,"tolerance_seconds":300)"));
  CHECK(strict.VerdictOf(Telnyx(kPipedOld, "1735780000")) == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(strict.VerdictOf(Telnyx(kPiped)) == ReadWebhookResponse::GENUINE);
  CHECK(Receiver(Ed25519(R"(,"tolerance_seconds":4)")).VerdictOf(Telnyx(kPiped)) ==
        ReadWebhookResponse::OUTSIDE_WINDOW);
}

TEST_CASE("a public key proves nothing but Ed25519", "[sip][webhook][signature]") {
  Receiver receiver(Ed25519());
  receiver.account.webhook_secret = base::Secret();
  CHECK(receiver.VerdictOf(Telnyx(kPiped)) == ReadWebhookResponse::GENUINE);
  const std::string flat = R"({"event_type":"CALL_ENDED","session_id":"s","status":"COMPLETED",
      "timestamp":"2025-01-02T03:04:05Z"})";
  for (const std::string& key : {std::string(kPublicKey), std::string()}) {
    const std::string forged = crypto::ToHex(crypto::HmacSha256(key, flat));
    CHECK(receiver.Read({{"x-signature", forged}}, flat).verdict() == ReadWebhookResponse::FORGED);
  }
}

TEST_CASE("what is signed, its encoding and its prefix are settings", "[sip][webhook][signature]") {
  struct Case {
    std::string settings;
    std::string text;
    std::string signature;
  };
  const std::string body = Hmac(kBody);
  const std::string dotted = Hmac(std::string(kStamp) + "." + kBody);
  const std::string piped = Hmac(std::string(kStamp) + "|" + kBody);
  const std::vector<Case> cases = {
      {R"("mode":"hmac_sha256")", "either", crypto::ToHex(dotted)},
      {R"("signed":"body")", "body", crypto::ToHex(body)},
      {R"("signed":"ts.body")", "dotted", crypto::ToHex(dotted)},
      {R"("signed":"ts|body")", "piped", crypto::ToHex(piped)},
      {R"("signed":"ts|body","encoding":"base64")", "piped", crypto::ToBase64(piped)},
      {R"("signed":"body","encoding":"base64","prefix":"v0=")", "body",
       "v0=" + crypto::ToBase64(body)},
      {R"("signed":"ts.body","prefix":"sig ")", "dotted", "sig " + crypto::ToHex(dotted)},
  };
  for (const Case& c : cases) {
    INFO(c.settings);
    const Receiver receiver(Verify(c.settings));
    REQUIRE(receiver.Faults().empty());
    const auto sends = [&](const std::string& signature) {
      return receiver.VerdictOf({{"x-signature", signature}, {"x-timestamp", kStamp}});
    };
    CHECK(sends(c.signature) == ReadWebhookResponse::GENUINE);
    CHECK(sends("x" + c.signature) == ReadWebhookResponse::FORGED);
    CHECK(sends(c.signature.substr(0, c.signature.size() - 4)) == ReadWebhookResponse::FORGED);
    for (const Case& other : cases) {
      if (other.signature == c.signature) continue;
      INFO(other.settings);
      CHECK(sends(other.signature) == ReadWebhookResponse::FORGED);
    }
  }
  const Receiver dots(Verify(R"("signed":"ts.body")"));
  CHECK(dots.VerdictOf({{"x-signature", crypto::ToHex(body)}}) == ReadWebhookResponse::UNSIGNED);
}

TEST_CASE("a header with the time in it has one form", "[sip][webhook][signature]") {
  const Receiver receiver(Verify(R"("mode":"timed_hmac_sha256","tolerance_seconds":60)"));
  CHECK(receiver.Faults().empty());
  const std::string mac = Hmac(std::string(kStamp) + "." + kBody);
  const auto sends = [&](const std::string& v1) {
    return receiver.VerdictOf({{"x-signature", "t=" + std::string(kStamp) + ",v1=" + v1}});
  };
  CHECK(sends(crypto::ToHex(mac)) == ReadWebhookResponse::GENUINE);
  CHECK(sends(crypto::ToBase64(mac)) == ReadWebhookResponse::FORGED);
  CHECK(sends(crypto::ToHex(Hmac(kBody))) == ReadWebhookResponse::FORGED);
}

TEST_CASE("what a mode does not heed is refused by name", "[sip][webhook]") {
  const std::string mode = GENERATE("timed_hmac_sha256", "url_token", "basic", "bearer");
  using Pair = std::pair<std::string, std::string>;
  const auto [field, value] = GENERATE(values<Pair>({{"signed", "body"},
                                                     {"timestamp_header", "x-time"},
                                                     {"encoding", "hex"},
                                                     {"prefix", "v0="}}));
  const std::string members = "\"mode\":\"" + mode + "\",\"" + field + "\":\"" + value + "\"";
  INFO(members);
  CHECK(Receiver(Verify(members)).Faults() ==
        std::vector<std::string>{"settings.webhook.verify." + field});
}

TEST_CASE("a token in the URL proves the webhooks of its call", "[sip][webhook][token]") {
  Receiver receiver(Verify(R"("mode":"url_token")"));
  REQUIRE(receiver.Faults().empty());
  dispatch::v1::CallOrder order;
  order.set_id(kUuid);
  const auto settings = ReadSwitchTemplate(receiver.account.config).value();
  const std::string url =
      std::get<std::string>(ValuesOf(receiver.account, *settings, order).at("webhook_url"));
  CHECK(url.starts_with("https://ours.example/api/v1/webhooks/voip/sip?tenant=t1&session=" + kUuid +
                        "&token="));
  const std::string query = url.substr(url.find('?') + 1);

  const std::string bare = R"({"event":"call.held","id":"c_1"})";
  const ReadWebhookResponse read = receiver.Read({}, bare, query);
  INFO(read.reason());
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.facts(0).session() == kUuid);
  CHECK(receiver.Read({}, kBody, query).verdict() == ReadWebhookResponse::GENUINE);
  // Of one call's URL, and the body says another.
  const std::string other =
      R"({"event":"call.held","id":"c_1","reference":"01930000-0000-7000-8000-000000000002"})";
  CHECK(receiver.Read({}, other, query).verdict() == ReadWebhookResponse::UNREADABLE);
  // As a person puts it into the switch's panel.
  CHECK(receiver.Read({}, other, "tenant=t1&token=topsecret").verdict() ==
        ReadWebhookResponse::GENUINE);

  for (const std::string& bad :
       {query.substr(0, query.size() - 1), query + "0", std::string("tenant=t1&token=topsecre"),
        "tenant=t1&session=01930000-0000-7000-8000-000000000002" +
            query.substr(query.find("&token")),
        std::string("token=%zz")}) {
    INFO(bad);
    CHECK(receiver.Read({}, bare, bad).verdict() == ReadWebhookResponse::FORGED);
  }
  CHECK(receiver.Read({}, bare, "tenant=t1").verdict() == ReadWebhookResponse::UNSIGNED);
  receiver.account.webhook_secret = base::Secret();
  CHECK(receiver.Read({}, bare, "tenant=t1&token=").verdict() == ReadWebhookResponse::UNSIGNED);
  CHECK(receiver.Read({}, bare, query).verdict() == ReadWebhookResponse::FORGED);
  CHECK(receiver.Faults() == std::vector<std::string>{"webhook_secret"});
}

TEST_CASE("settings of a proof that cannot work are refused by name", "[sip][webhook]") {
  struct Case {
    std::string members;
    std::string field;
  };
  const std::vector<Case> cases = {
      {R"("mode":"ed25519")", "public_key"},
      {R"("mode":"ed25519","public_key":"AAAA")", "public_key"},
      {R"("mode":"ed25519","public_key":"not base64")", "public_key"},
      {R"("mode":"rsa")", "mode"},
      {R"("signed":"body.ts")", "signed"},
      {R"("signed":"ts.body","timestamp_header":"")", "timestamp_header"},
      {R"("encoding":"base32")", "encoding"},
      {R"("tolerance_seconds":0)", "tolerance_seconds"},
      {R"("tolerance_seconds":86401)", "tolerance_seconds"},
      {R"("header":"")", "header"},
      {R"("tolerance":5)", "tolerance"},
  };
  for (const Case& c : cases) {
    INFO(c.members);
    CHECK(Receiver(Verify(c.members)).Faults() ==
          std::vector<std::string>{"settings.webhook.verify." + c.field});
  }
}

}  // namespace
}  // namespace ctc::providers::sip
