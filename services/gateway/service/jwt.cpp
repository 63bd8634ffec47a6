#include "services/gateway/service/jwt.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "services/gateway/domain/request_identity.h"

namespace ctc::gateway {
namespace {

using nlohmann::json;

constexpr absl::Duration kLeeway = absl::Seconds(30);  // between the issuer's clock and ours
constexpr size_t kMaxTokenBytes = 8 << 10;
constexpr size_t kMinSecretBytes = 32;  // RFC 7518, section 3.2: as long as the hash

absl::Status Refused(std::string_view why) {
  return base::MakeError(base::kUnauthenticated, "The JWT is not valid: " + std::string(why) + ".");
}

// A JSON object, or a discarded value.
json ParseObject(std::string_view text) {
  json value = json::parse(text.begin(), text.end(), nullptr, false);
  return value.is_object() ? value : json(json::value_t::discarded);
}

std::string Text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Seconds since 1970, or `otherwise` when the claim is absent. False when it is no number.
bool TimeClaim(const json& claims, const char* name, absl::Time& time) {
  const auto found = claims.find(name);
  if (found == claims.end()) return true;
  if (!found->is_number()) return false;
  const double seconds = found->get<double>();
  if (!(seconds >= 0 && seconds < 1e12)) return false;
  time = absl::FromUnixSeconds(static_cast<int64_t>(seconds));
  return true;
}

// A claim that is one text, several in a list, or several with blanks between: `texts` stays as it
// is when the claim is absent. False when it is anything else.
bool TextsClaim(const json& claims, const char* name,
                std::optional<std::vector<std::string>>& texts) {
  const auto found = claims.find(name);
  if (found == claims.end()) return true;
  texts.emplace();
  if (found->is_string()) {
    std::vector<std::string> words =
        absl::StrSplit(found->get<std::string>(), ' ', absl::SkipEmpty());
    texts = std::move(words);
    return true;
  }
  if (!found->is_array()) return false;
  for (const json& element : *found) {
    if (!element.is_string()) return false;
    texts->push_back(element.get<std::string>());
  }
  return true;
}

absl::Status CheckClaims(const json& claims, const JwtConfig& config, absl::Time now,
                         absl::Time& expires_at) {
  absl::Time not_before = absl::InfinitePast();
  expires_at = absl::InfinitePast();
  if (!TimeClaim(claims, "exp", expires_at) || expires_at == absl::InfinitePast()) {
    return Refused("it has no exp");
  }
  if (now >= expires_at + kLeeway) return Refused("it has expired");
  if (!TimeClaim(claims, "nbf", not_before)) return Refused("its nbf is no time");
  if (now + kLeeway < not_before) return Refused("it is not valid yet");
  if (!config.issuer.empty() && Text(claims, "iss") != config.issuer) {
    return Refused("it comes from another issuer");
  }
  if (config.audience.empty()) return absl::OkStatus();
  std::optional<std::vector<std::string>> audiences;
  if (!TextsClaim(claims, "aud", audiences)) return Refused("its aud is no text");
  const bool meant = audiences && std::find(audiences->begin(), audiences->end(),
                                            config.audience) != audiences->end();
  return meant ? absl::OkStatus() : Refused("it is meant for another audience");
}

absl::StatusOr<Caller> CallerOf(const json& claims) {
  Caller caller;
  const std::string tenant = Text(claims, "tenant_id");
  if (!IsTenantId(tenant)) return Refused("it has no tenant_id");
  caller.tenant = base::TenantId(tenant);
  const auto role = ParseRole(absl::AsciiStrToUpper(Text(claims, "role")));
  if (!role) return Refused("it has no role that is known");
  const std::string agent = Text(claims, "agent_id");
  if (*role == TokenRole::kAgent && agent.empty()) return Refused("it has no agent_id");
  // Only silence gives the role's: an issuer that sends an empty list means none.
  std::optional<std::vector<std::string>> scopes;
  if (!TextsClaim(claims, "scope", scopes)) return Refused("its scope is no text");
  caller.principal = MakePrincipal(Text(claims, "sub"), *role, agent, scopes);
  return caller;
}

// DER (X.690): a tag, the length, the content.
std::string Der(char tag, std::string_view content) {
  std::string out(1, tag);
  const size_t size = content.size();
  if (size < 0x80) {
    out += static_cast<char>(size);
  } else if (size < 0x100) {
    out += '\x81';
    out += static_cast<char>(size);
  } else {
    out += '\x82';
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
  }
  return out.append(content);
}

std::string DerInteger(std::string_view magnitude) {
  while (magnitude.size() > 1 && magnitude[0] == '\0') magnitude.remove_prefix(1);
  const bool high = !magnitude.empty() && (static_cast<unsigned char>(magnitude[0]) & 0x80) != 0;
  return Der(0x02, (high ? std::string(1, '\0') : std::string()).append(magnitude));
}

std::string Pem(std::string_view der) {
  const std::string base64 = crypto::ToBase64(der);
  std::string out = "-----BEGIN PUBLIC KEY-----\n";
  for (size_t i = 0; i < base64.size(); i += 64) out.append(base64, i, 64) += '\n';
  return out + "-----END PUBLIC KEY-----\n";
}

// SubjectPublicKeyInfo of an RSA key (RFC 3279, section 2.3.1).
std::string RsaPem(std::string_view modulus, std::string_view exponent) {
  constexpr std::string_view kAlgorithm(
      "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 15);
  const std::string key = Der(0x30, DerInteger(modulus) + DerInteger(exponent));
  const std::string bits = Der(0x03, std::string(1, '\0') + key);
  return Pem(Der(0x30, std::string(kAlgorithm) + bits));
}

// The same of a point of P-256 (RFC 5480).
std::string P256Pem(std::string_view x, std::string_view y) {
  constexpr std::string_view kAlgorithm(
      "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 21);
  const std::string point = std::string("\0\x04", 2) + std::string(x) + std::string(y);
  return Pem(Der(0x30, std::string(kAlgorithm) + Der(0x03, point)));
}

std::string Bytes(const json& key, const char* name) {
  return crypto::FromBase64Url(Text(key, name)).value_or("");
}

bool ToPublicKey(const json& jwk, PublicKey& key) {
  if (!jwk.is_object() || (jwk.contains("use") && Text(jwk, "use") != "sig")) return false;
  key.id = Text(jwk, "kid");
  const std::string type = Text(jwk, "kty");
  if (type == "RSA") {
    const std::string modulus = Bytes(jwk, "n");
    const std::string exponent = Bytes(jwk, "e");
    if (modulus.size() < 256 || exponent.empty()) return false;  // 2048 bits at least
    key.algorithm = "RS256";
    key.pem = RsaPem(modulus, exponent);
    return true;
  }
  const std::string x = Bytes(jwk, "x");
  const std::string y = Bytes(jwk, "y");
  if (type != "EC" || Text(jwk, "crv") != "P-256" || x.size() != 32 || y.size() != 32) return false;
  key.algorithm = "ES256";
  key.pem = P256Pem(x, y);
  return true;
}

}  // namespace

rpc::Principal MakePrincipal(std::string subject, TokenRole role, std::string agent_id,
                             const std::optional<std::vector<std::string>>& own_scopes) {
  rpc::Principal principal;
  principal.subject = std::move(subject);
  switch (role) {
    case TokenRole::kAgent:
      principal.role = rpc::Role::kAgent;
      break;
    case TokenRole::kSupervisor:
      principal.role = rpc::Role::kSupervisor;
      break;
    case TokenRole::kAdmin:
      principal.role = rpc::Role::kAdmin;
      break;
  }
  principal.agent_id = std::move(agent_id);
  principal.scopes = EffectiveScopes(role, own_scopes);
  return principal;
}

absl::Status CheckSecret(const base::Secret& secret) {
  if (secret.empty() || secret.Reveal().size() >= kMinSecretBytes) return absl::OkStatus();
  return absl::InvalidArgumentError("gateway.jwt_secret must have 32 bytes at least, or be empty");
}

absl::StatusOr<std::vector<PublicKey>> ParseJwks(std::string_view text) {
  const json set = ParseObject(text);
  const auto list = set.is_object() ? set.find("keys") : set.end();
  if (!set.is_object() || list == set.end() || !list->is_array()) {
    return absl::InvalidArgumentError("this is no JWK set: {\"keys\": [...]}");
  }
  std::vector<PublicKey> keys;
  for (const json& jwk : *list) {
    PublicKey key;
    if (ToPublicKey(jwk, key)) keys.push_back(std::move(key));
  }
  return keys;
}

void JwtVerifier::SetKeys(std::vector<PublicKey> keys) {
  auto shared = std::make_shared<const std::vector<PublicKey>>(std::move(keys));
  base::MutexLock lock(mutex_);
  keys_ = std::move(shared);
}

bool JwtVerifier::LooksLikeOne(std::string_view token) {
  const size_t first = token.find('.');
  return first != std::string_view::npos && token.find('.', first + 1) != std::string_view::npos;
}

bool JwtVerifier::SignatureIsRight(std::string_view algorithm, const std::string& key_id,
                                   std::string_view data, std::string_view signature,
                                   bool& unknown_key) const {
  if (algorithm == "HS256") {
    return !config_.secret.empty() &&
           crypto::ConstantTimeEqual(crypto::HmacSha256(config_.secret.Reveal(), data), signature);
  }
  if (algorithm != "RS256" && algorithm != "ES256") return false;
  std::shared_ptr<const std::vector<PublicKey>> keys;
  {
    base::MutexLock lock(mutex_);
    keys = keys_;
  }
  bool known = false;
  for (const PublicKey& key : *keys) {
    if (key.algorithm != algorithm || (!key_id.empty() && key.id != key_id)) continue;
    known = true;
    if (crypto::VerifySignature(algorithm, key.pem, data, signature)) return true;
  }
  unknown_key = !known;
  return false;
}

absl::StatusOr<Caller> JwtVerifier::Verify(std::string_view token, absl::Time now,
                                           bool& unknown_key) const {
  unknown_key = false;
  if (token.size() > kMaxTokenBytes) return Refused("it is too long");
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) {
    return Refused("it has not three parts");
  }
  const auto header_text = crypto::FromBase64Url(token.substr(0, first));
  const auto claims_text = crypto::FromBase64Url(token.substr(first + 1, second - first - 1));
  const auto signature = crypto::FromBase64Url(token.substr(second + 1));
  if (!header_text.ok() || !claims_text.ok() || !signature.ok()) {
    return Refused("it is not base64url");
  }
  const json header = ParseObject(*header_text);
  if (!header.is_object() || header.contains("crit"))
    return Refused("its header is not understood");
  // The signature comes first: nothing in the claims is believed before.
  if (!SignatureIsRight(Text(header, "alg"), Text(header, "kid"), token.substr(0, second),
                        *signature, unknown_key)) {
    return Refused("its signature is wrong");
  }
  const json claims = ParseObject(*claims_text);
  if (!claims.is_object()) return Refused("its claims are not JSON");
  absl::Time expires_at;
  CTC_RETURN_IF_ERROR(CheckClaims(claims, config_, now, expires_at));
  CTC_ASSIGN_OR_RETURN(Caller caller, CallerOf(claims));
  caller.expires_at = expires_at + kLeeway;
  return caller;
}

}  // namespace ctc::gateway
