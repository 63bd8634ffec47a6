// Keeps the JWT verifier's keys current: a JWK set from a file or a URL, read at the start, every
// ten minutes, and soon after a token named a key that is not known. Thread-safe.
#pragma once

#include <string>

#include "libs/base/clock.h"
#include "libs/http/client.h"
#include "services/gateway/service/authenticator.h"
#include "services/gateway/service/jwt.h"

namespace ctc::gateway {

class JwksSource {
 public:
  // `location`: a path, or http(s)://...; empty: there is none.
  JwksSource(std::string location, http::Client& http, JwtVerifier& verifier,
             const Authenticator& authenticator, const base::Clock& clock)
      : location_(std::move(location)),
        http_(http),
        verifier_(verifier),
        authenticator_(authenticator),
        clock_(clock) {}

  // Reads the set where it is due. What cannot be read leaves the old keys.
  Task<void> Refresh();

 private:
  Task<absl::StatusOr<std::string>> Read();

  const std::string location_;
  http::Client& http_;
  JwtVerifier& verifier_;
  const Authenticator& authenticator_;
  const base::Clock& clock_;
  absl::Duration read_at_ = -absl::InfiniteDuration();
  int64_t unknown_seen_ = 0;
};

}  // namespace ctc::gateway
