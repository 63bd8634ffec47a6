#include "libs/providers/vonage/signature.h"

#include <catch2/catch.hpp>

#include "libs/providers/vonage/samples_for_test.h"

namespace ctc::providers::vonage {
namespace {

using common::v1::HttpRequest;
using dispatch::v1::ReadWebhookResponse;

constexpr char kHeader[] = R"({"alg":"HS256","typ":"JWT"})";

// Made with the official SDK and checked by it.
constexpr char kBody[] =
    R"({"headers":{},"from":"15551230001","to":"15551230002","uuid":"aaaaaaaa-bbbb-cccc-dddd-0123456789ab","conversation_uuid":"CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab","status":"answered","direction":"outbound","timestamp":"2026-01-01T12:00:00.000Z"})";
constexpr char kPostToken[] =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJpYXQiOjE3NjcyNjg4MDAsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6Il"
    "ZvbmFnZSIsInBheWxvYWRfaGFzaCI6ImQzYjZlMmY4NjJjZTQ3OWEyMWQ3NjdjMjQxYTM3YTI2N2U3MjI1NzQ0ZWU0ODMw"
    "MDlkMzIxNzViNDFhNzI2MWQiLCJhcGlfa2V5IjoiYTFiMmMzZDQiLCJhcHBsaWNhdGlvbl9pZCI6ImFhYWFhYWFhLWJiYm"
    "ItY2NjYy1kZGRkLTAxMjM0NTY3ODlhYiJ9.1VyeWDD_jimJJpSqYmFQ2dcuhrFL3v71FMvy4EHpx8w";
constexpr char kGetQuery[] =
    "to=15551230002&from=15551230001&conversation_uuid=CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
    "&uuid=aaaaaaaa-bbbb-cccc-dddd-0123456789ab";
constexpr char kGetToken[] =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJpYXQiOjE3NjcyNjg4MDEsImp0aSI6IjExMTExMTExLTIyMjItMzMzMy00NDQ0LTU1NTU1NTU1NTU1NSIsImlzcyI6Il"
    "ZvbmFnZSIsInBheWxvYWRfaGFzaCI6IjBjNjFjZWQwZDNkY2VmZjFjOGEyNDY4MjRmNmNlYTBlNDI1Mzc4OTczZGVjOWQx"
    "ZDZjYjZiNzhlZDM0YTM2YTEiLCJhcGlfa2V5IjoiYTFiMmMzZDQiLCJhcHBsaWNhdGlvbl9pZCI6ImFhYWFhYWFhLWJiYm"
    "ItY2NjYy1kZGRkLTAxMjM0NTY3ODlhYiJ9.WFS1btdU4O--xtLw9S2bJ314ZPeBPuaeu30KRG7R_Ds";

HttpRequest Post(std::string body, const std::string& token) {
  HttpRequest request;
  request.set_method("POST");
  request.set_body(std::move(body));
  AddHeader(request, "authorization", "Bearer " + token);
  return request;
}

HttpRequest Get(std::string query, const std::string& token) {
  HttpRequest request;
  request.set_method("GET");
  request.set_query(std::move(query));
  AddHeader(request, "authorization", "Bearer " + token);
  return request;
}

ReadWebhookResponse::Verdict VerdictOf(const HttpRequest& request, Account account = AnAccount(),
                                       absl::Time now = kSignedAt + absl::Minutes(1)) {
  const SignatureCheck check = CheckSignature(account, request, now, {});
  CHECK(check.reason.empty() == (check.verdict == ReadWebhookResponse::GENUINE));
  return check.verdict;
}

HttpRequest WithClaims(const nlohmann::ordered_json& claims, std::string_view header = kHeader) {
  return Post(kBody, Jwt(kSecret, header, claims.dump()));
}

TEST_CASE("the SDK's vectors fit, and only with their key and payload", "[vonage][signature]") {
  CHECK(VerdictOf(Post(kBody, kPostToken)) == ReadWebhookResponse::GENUINE);
  CHECK(VerdictOf(Get(kGetQuery, kGetToken)) == ReadWebhookResponse::GENUINE);
  std::string changed = kBody;
  changed.replace(changed.find("answered"), 8, "completed");
  CHECK(VerdictOf(Post(changed, kPostToken)) == ReadWebhookResponse::FORGED);
  CHECK(VerdictOf(Post(std::string(kBody) + "\n", kPostToken)) == ReadWebhookResponse::FORGED);
  CHECK(VerdictOf(Get(std::string(kGetQuery) + "&x=1", kGetToken)) == ReadWebhookResponse::FORGED);
  Account other = AnAccount();
  other.webhook_secret = base::Secret("another secret");
  CHECK(VerdictOf(Post(kBody, kPostToken), other) == ReadWebhookResponse::FORGED);
  other.webhook_secret = base::Secret("");
  CHECK(VerdictOf(Post(kBody, kPostToken), other) == ReadWebhookResponse::FORGED);
}

TEST_CASE("tokens that prove nothing are refused", "[vonage][signature]") {
  const std::string expired =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
      "eyJpYXQiOjE2MDAwMDAwMDAsImV4cCI6MTYwMDAwMDkwMCwianRpIjoieCIsImlzcyI6IlZvbmFnZSJ9."
      "M5VAmekBi3PBkoSi-c8CzT23pV84WPXSJ9wLQrUlkVI";
  const std::string none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJpc3MiOiJWb25hZ2UifQ.";
  const std::string not_vonage =
      "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJPbmxpbmUgSldUIEJ1aWxkZXIiLCJpYXQiOjE2OTc2MzQ2ODAsImV4cCI6MzMyNTQ1NDA4MjgsImF1ZCI"
      "6IiIsInN1YiI6IiJ9.88vJc3I2HhuqEDixHXVhc9R30tA6U_HQHZTC29y6CGM";
  for (const std::string& token :
       {expired, none, not_vonage, std::string(""), std::string("a.b"), std::string("a.b.c"),
        std::string("...."), std::string(9000, 'a') + ".b.c"}) {
    INFO(token.substr(0, 80));
    CHECK(VerdictOf(Post(kBody, token)) == ReadWebhookResponse::FORGED);
  }
  Account builder = AnAccount();
  builder.webhook_secret = base::Secret("qwertyuiopasdfghjklzxcvbnm123456");
  // Its signature fits: it falls by its issuer.
  CHECK(CheckSignature(builder, Post(kBody, not_vonage), kSignedAt, {}).reason.starts_with("iss"));
}

TEST_CASE("the algorithm is ours to choose", "[vonage][signature]") {
  const auto claims = ClaimsOf(Post(kBody, ""));
  CHECK(VerdictOf(WithClaims(claims)) == ReadWebhookResponse::GENUINE);
  for (const char* header : {R"({"alg":"HS384"})", R"({"alg":"RS256"})", R"({"alg":"none"})",
                             R"({"alg":"hs256"})", R"({})", R"([])", R"({"alg":256})"}) {
    INFO(header);
    CHECK(VerdictOf(WithClaims(claims, header)) == ReadWebhookResponse::FORGED);
  }
}

TEST_CASE("claims of somebody else are refused", "[vonage][signature]") {
  const auto claims = ClaimsOf(Post(kBody, ""));
  const auto with = [&](const char* name, nlohmann::ordered_json value) {
    auto changed = claims;
    if (value.is_null()) {
      changed.erase(name);
    } else {
      changed[name] = std::move(value);
    }
    return WithClaims(changed);
  };
  CHECK(VerdictOf(with("iss", "Somebody")) == ReadWebhookResponse::FORGED);
  CHECK(VerdictOf(with("iss", nullptr)) == ReadWebhookResponse::FORGED);
  CHECK(VerdictOf(with("payload_hash", nullptr)) == ReadWebhookResponse::FORGED);
  CHECK(VerdictOf(with("payload_hash", 7)) == ReadWebhookResponse::FORGED);
  CHECK(VerdictOf(with("application_id", "x")) == ReadWebhookResponse::FORGED);
  CHECK(VerdictOf(with("application_id", nullptr)) == ReadWebhookResponse::GENUINE);
  CHECK(VerdictOf(with("iat", nullptr)) == ReadWebhookResponse::FORGED);
  CHECK(VerdictOf(with("iat", "1767268800")) == ReadWebhookResponse::FORGED);
  Account keyed = AnAccount();
  keyed.api_key = base::Secret("a1b2c3d4");
  CHECK(VerdictOf(WithClaims(claims), keyed) == ReadWebhookResponse::GENUINE);
  keyed.api_key = base::Secret("ffffffff");
  CHECK(VerdictOf(WithClaims(claims), keyed) == ReadWebhookResponse::FORGED);
}

TEST_CASE("what was signed too long ago or ahead is outside the window", "[vonage][signature]") {
  const HttpRequest request = Post(kBody, kPostToken);
  const auto at = [&](absl::Duration later) {
    return VerdictOf(request, AnAccount(), kSignedAt + later);
  };
  CHECK(at(absl::Hours(23)) == ReadWebhookResponse::GENUINE);
  CHECK(at(absl::Hours(25)) == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(at(-absl::Minutes(4)) == ReadWebhookResponse::GENUINE);
  CHECK(at(-absl::Minutes(6)) == ReadWebhookResponse::OUTSIDE_WINDOW);
  auto claims = ClaimsOf(Post(kBody, ""));
  claims["exp"] = absl::ToUnixSeconds(kSignedAt + absl::Minutes(15));
  CHECK(VerdictOf(WithClaims(claims)) == ReadWebhookResponse::GENUINE);
  CHECK(VerdictOf(WithClaims(claims), AnAccount(), kSignedAt + absl::Minutes(30)) ==
        ReadWebhookResponse::OUTSIDE_WINDOW);
  claims["iat"] = std::numeric_limits<uint64_t>::max();
  CHECK(VerdictOf(WithClaims(claims)) == ReadWebhookResponse::OUTSIDE_WINDOW);
}

TEST_CASE("without exactly one Authorization nothing is signed", "[vonage][signature]") {
  HttpRequest request;
  request.set_method("POST");
  request.set_body(kBody);
  CHECK(VerdictOf(request) == ReadWebhookResponse::UNSIGNED);
  AddHeader(request, "authorization", "Basic " + std::string(kPostToken));
  CHECK(VerdictOf(request) == ReadWebhookResponse::FORGED);
  HttpRequest twice = Post(kBody, kPostToken);
  AddHeader(twice, "authorization", "Bearer " + std::string(kPostToken));
  CHECK(VerdictOf(twice) == ReadWebhookResponse::FORGED);
}

TEST_CASE("the parameters of a GET are hashed as JavaScript writes them", "[vonage][signature]") {
  HttpRequest request;
  request.set_method("GET");
  request.set_query("b=2&a=%22q%22%5C%0A%C3%A9+x&b=3&e=");
  CHECK(HashedText(request) == "{\"b\":\"3\",\"a\":\"\\\"q\\\"\\\\\\n\xC3\xA9 x\",\"e\":\"\"}");
  request.set_query("");
  CHECK(HashedText(request) == "{}");
}

}  // namespace
}  // namespace ctc::providers::vonage
