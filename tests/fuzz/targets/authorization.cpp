// The Authorization header and JSON Web Tokens. First byte: 's' signs "header.claims" rightly with
// HS256, so that the claims are read; 'k' reads a JWK set; else the text is the header as it came.
#include "libs/crypto/crypto.h"
#include "services/gateway/service/authenticator.h"
#include "services/gateway/service/jwt.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

constexpr char kSecret[] = "a-secret-of-thirty-two-characters";

// Two lines of JSON as a signed token.
std::string Sign(std::string_view bytes) {
  const std::string header = crypto::ToBase64Url(TakeLine(bytes));
  const std::string signed_part = header + "." + crypto::ToBase64Url(bytes);
  return signed_part + "." + crypto::ToBase64Url(crypto::HmacSha256(kSecret, signed_part));
}

void CheckToken(std::string_view token, bool right) {
  const absl::Time now = absl::FromUnixSeconds(1764757800);
  const gateway::JwtVerifier verifier({base::Secret(kSecret), "issuer", "audience"});
  bool unknown_key = false;
  const auto caller = verifier.Verify(token, now, unknown_key);
  if (!caller.ok()) {
    Require(caller.status().code() == absl::StatusCode::kUnauthenticated, "a bad token is a 401");
    return;
  }
  Require(right, "nobody else can sign");
  Require(!caller->tenant.empty(), "a caller has a tenant");
  Require(caller->principal.role != rpc::Role::kService, "nobody outside is one of our processes");
}

}  // namespace

void Authorization(std::string_view bytes) {
  switch (TakeByte(bytes)) {
    case 's':
      return CheckToken(Sign(bytes), true);
    case 'k':
      (void)gateway::ParseJwks(bytes);
      return;
    default:
      const auto token = gateway::Authenticator::TokenOf(bytes);
      if (token.ok()) CheckToken(*token, false);
  }
}

}  // namespace ctc::fuzz
