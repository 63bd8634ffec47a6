// Digest authentication (RFC 7616) as SIP uses it since RFC 8760: MD5, SHA-256 and SHA-512-256, as
// the side that is challenged and as the one that challenges. Pure.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/secret.h"

namespace ctc::providers::sip::native {

// From weak to strong.
enum class DigestHash { kMd5, kSha256, kSha512256 };

// What a challenge and the answer to it have in common.
struct DigestTerms {
  std::string realm;
  std::string nonce;
  std::string opaque;
  std::string algorithm;  // as it came; empty means MD5
  DigestHash hash = DigestHash::kMd5;
  bool session = false;  // "-sess"
  std::string qop;       // "auth", "auth-int" or empty
  bool stale = false;
};

// Whom it is about and what is asked for.
struct DigestSubject {
  const base::Secret& user;
  const base::Secret& password;
  std::string method;
  std::string uri;
  std::string body;
};

// `params` are "name=value" or "name=\"value\"". INVALID_ARGUMENT without realm or nonce;
// UNIMPLEMENTED for an algorithm or a protection that is none of ours.
absl::StatusOr<DigestTerms> ReadChallenge(const std::vector<std::string_view>& params);

// The value of Authorization or Proxy-Authorization. `count` is how often the nonce was used, this
// time included.
std::string AnswerChallenge(const DigestTerms& terms, const DigestSubject& subject,
                            std::string_view cnonce, uint32_t count);

// What proves the password among `params` of Authorization, however it is written.
std::string ResponseIn(const std::vector<std::string_view>& params);

// A random key of a Challenger.
base::Secret NewNonceKey();

// How long a nonce of ours may be used.
inline constexpr absl::Duration kNonceLife = absl::Minutes(5);

// The side that challenges. Nothing is remembered: a nonce proves itself and is bound to a dialog.
class Challenger {
 public:
  // `key` is random; who knows it can make nonces.
  Challenger(std::string realm, base::Secret key)
      : realm_(std::move(realm)), key_(std::move(key)) {}

  // The values of WWW-Authenticate, the strongest first.
  std::vector<std::string> Challenges(std::string_view dialog, absl::Time now, bool stale) const;

  enum class Verdict { kGood, kWrong, kStale };
  // `params` of Authorization.
  Verdict Judge(const std::vector<std::string_view>& params, const DigestSubject& subject,
                std::string_view dialog, absl::Time now) const;

 private:
  std::string Nonce(std::string_view dialog, int64_t seconds) const;

  std::string realm_;
  base::Secret key_;
};

}  // namespace ctc::providers::sip::native
