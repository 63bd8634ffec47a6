#include "services/gateway/service/jwt.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"

namespace ctc::gateway {
namespace {

using nlohmann::json;

const absl::Time kNow = absl::FromUnixSeconds(1000000);

JwtConfig Config() {
  JwtConfig config;
  config.secret = base::Secret("secret");
  config.issuer = "https://crm.example.com";
  config.audience = "calls";
  return config;
}

json GoodClaims() {
  return {{"tenant_id", "t-1"},    {"role", "supervisor"}, {"sub", "u-1"},
          {"scope", "calls:read"}, {"exp", 1000060},       {"iss", "https://crm.example.com"},
          {"aud", {"x", "calls"}}};
}

std::string Sign(const std::string& header, const std::string& claims,
                 const std::string& secret = "secret") {
  const std::string data = crypto::ToBase64Url(header) + "." + crypto::ToBase64Url(claims);
  return data + "." + crypto::ToBase64Url(crypto::HmacSha256(secret, data));
}

absl::StatusOr<Caller> Verify(const std::string& token, absl::Time now = kNow) {
  const JwtVerifier verifier(Config());
  bool unknown = false;
  return verifier.Verify(token, now, unknown);
}

const std::string kHs256 = R"({"alg":"HS256","typ":"JWT"})";

TEST_CASE("a good token gives tenant, role and its scopes within the role", "[jwt]") {
  const auto caller = Verify(Sign(kHs256, GoodClaims().dump()));
  REQUIRE(caller.ok());
  CHECK(caller->tenant.value() == "t-1");
  CHECK(caller->principal.role == rpc::Role::kSupervisor);
  CHECK(caller->principal.subject == "u-1");
  CHECK(caller->principal.scopes == std::vector<std::string>{"calls:read"});
}

TEST_CASE("a token with one wrong claim is refused", "[jwt]") {
  json claims = GoodClaims();
  const json change =
      GENERATE(json{{"exp", 999000}}, json{{"exp", nullptr}}, json{{"exp", "1000060"}},
               json{{"nbf", 1000100}}, json{{"nbf", "x"}}, json{{"iss", "https://evil.example"}},
               json{{"aud", "other"}}, json{{"aud", nullptr}}, json{{"tenant_id", ""}},
               json{{"tenant_id", "a'b"}}, json{{"tenant_id", nullptr}}, json{{"role", "root"}},
               json{{"role", nullptr}}, json{{"role", "agent"}});
  INFO(change);
  claims.merge_patch(change);
  CHECK(base::IsError(Verify(Sign(kHs256, claims.dump())).status(), base::kUnauthenticated));
}

TEST_CASE("a scope claim that names nothing gives nothing, only silence gives the role's",
          "[jwt]") {
  json claims = GoodClaims();
  claims.erase("scope");
  CHECK(Verify(Sign(kHs256, claims.dump()))->principal.scopes.size() > 5);
  claims["scope"] = GENERATE(json(""), json(" "), json::array());
  INFO(claims);
  const auto caller = Verify(Sign(kHs256, claims.dump()));
  REQUIRE(caller.ok());
  CHECK(caller->principal.scopes.empty());
}

TEST_CASE("a scope claim of another type is refused", "[jwt]") {
  json claims = GoodClaims();
  claims["scope"] =
      GENERATE(json(nullptr), json(1), json::object(), json::array({"calls:read", 1}));
  INFO(claims);
  CHECK(base::IsError(Verify(Sign(kHs256, claims.dump())).status(), base::kUnauthenticated));
}

TEST_CASE("a secret that is shorter than the hash is refused", "[jwt]") {
  CHECK(CheckSecret(base::Secret()).ok());
  CHECK(CheckSecret(base::Secret(std::string(32, 's'))).ok());
  const absl::Status refused = CheckSecret(base::Secret(std::string(31, 's')));
  CHECK(absl::IsInvalidArgument(refused));
  CHECK(refused.message().find("sss") == std::string::npos);
}

TEST_CASE("clocks may differ by half a minute", "[jwt]") {
  const std::string token = Sign(kHs256, GoodClaims().dump());
  CHECK(Verify(token, absl::FromUnixSeconds(1000089)).ok());
  CHECK_FALSE(Verify(token, absl::FromUnixSeconds(1000090)).ok());
}

TEST_CASE("what is not signed as we say is refused", "[jwt]") {
  const std::string claims = GoodClaims().dump();
  const std::string good = Sign(kHs256, claims);
  CHECK_FALSE(Verify(Sign(kHs256, claims, "other")).ok());
  CHECK_FALSE(Verify(Sign(R"({"alg":"none"})", claims)).ok());
  CHECK_FALSE(Verify(Sign(R"({"alg":"hs256"})", claims)).ok());
  CHECK_FALSE(Verify(Sign(R"({"alg":"HS512"})", claims)).ok());
  CHECK_FALSE(Verify(Sign(R"({"alg":"RS256"})", claims)).ok());
  CHECK_FALSE(Verify(Sign(R"({"alg":"HS256","crit":["x"]})", claims)).ok());
  CHECK_FALSE(Verify(good.substr(0, good.rfind('.') + 1)).ok());
  CHECK_FALSE(Verify(good + "A").ok());
  CHECK_FALSE(Verify("..").ok());
  CHECK_FALSE(Verify("a.b").ok());
  CHECK_FALSE(Verify(Sign(kHs256, "[1]")).ok());
  CHECK_FALSE(Verify(std::string(9000, 'a') + ".b.c").ok());
}

TEST_CASE("without a secret HS256 is refused, even with an empty one", "[jwt]") {
  JwtConfig config = Config();
  config.secret = base::Secret();
  const JwtVerifier verifier(config);
  bool unknown = false;
  CHECK_FALSE(verifier.Verify(Sign(kHs256, GoodClaims().dump(), ""), kNow, unknown).ok());
}

// RFC 7515, appendices A.2 and A.3: keys, signing inputs and signatures.
constexpr const char* kRfcRsaKey = R"({"keys":[{"kty":"RSA","kid":"r","n":
"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
"e":"AQAB"}]})";
constexpr const char* kRfcEcKey = R"({"keys":[{"kty":"oct","k":"AA"},{"kty":"EC","kid":"e",
"crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";
constexpr const char* kRfcClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
constexpr const char* kRfcRsaSignature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujG"
    "bds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
    "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
    "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6"
    "LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr const char* kRfcEcSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

// The RFC's tokens have no tenant: a right signature shows in what is missed next.
std::string Complaint(const std::string& header, const char* signature, const char* jwks) {
  JwtVerifier verifier{JwtConfig()};
  auto keys = ParseJwks(jwks);
  REQUIRE(keys.ok());
  verifier.SetKeys(*std::move(keys));
  bool unknown = false;
  const std::string token = crypto::ToBase64Url(header) + "." + kRfcClaims + "." + signature;
  return std::string(
      verifier.Verify(token, absl::FromUnixSeconds(1300000000), unknown).status().message());
}

TEST_CASE("RS256 and ES256 are verified with the keys of a JWK set", "[jwt]") {
  CHECK(Complaint(R"({"alg":"RS256"})", kRfcRsaSignature, kRfcRsaKey).find("tenant_id") !=
        std::string::npos);
  CHECK(Complaint(R"({"alg":"ES256"})", kRfcEcSignature, kRfcEcKey).find("tenant_id") !=
        std::string::npos);
  CHECK(Complaint(R"({"alg":"ES256"})", kRfcEcSignature, kRfcRsaKey).find("signature") !=
        std::string::npos);
  CHECK(Complaint(R"({"alg":"RS256"})", kRfcEcSignature, kRfcRsaKey).find("signature") !=
        std::string::npos);
}

TEST_CASE("a key that is not known is asked for", "[jwt]") {
  JwtVerifier verifier{JwtConfig()};
  bool unknown = false;
  const std::string token =
      crypto::ToBase64Url(R"({"alg":"RS256","kid":"new"})") + "." + kRfcClaims + ".AA";
  CHECK_FALSE(verifier.Verify(token, kNow, unknown).ok());
  CHECK(unknown);
}

TEST_CASE("a JWK set that is none is refused, keys of other use are left out", "[jwt]") {
  CHECK_FALSE(ParseJwks("").ok());
  CHECK_FALSE(ParseJwks("[]").ok());
  CHECK_FALSE(ParseJwks(R"({"keys":1})").ok());
  CHECK(ParseJwks(R"({"keys":[1,{"kty":"RSA","use":"enc","n":"AA","e":"AQAB"},
                      {"kty":"RSA","n":"AA","e":"AQAB"},{"kty":"EC","crv":"P-384"}]})")
            ->empty());
}

}  // namespace
}  // namespace ctc::gateway
