#include "services/gateway/service/jwks_source.h"

#include <fstream>
#include <sstream>

#include "libs/observability/log.h"

namespace ctc::gateway {
namespace {

constexpr absl::Duration kEvery = absl::Minutes(10);
constexpr absl::Duration kAtMostEvery = absl::Seconds(30);  // however many unknown keys are named

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::NotFoundError("the file of the JWK set cannot be read");
  }
  return text.str();
}

}  // namespace

Task<absl::StatusOr<std::string>> JwksSource::Read() {
  if (!location_.starts_with("http://") && !location_.starts_with("https://")) {
    co_return ReadFile(location_);
  }
  http::ClientRequest request;
  request.url = location_;
  request.timeout = absl::Seconds(5);
  http::ClientResult result = co_await http_.Send(std::move(request));
  if (!result.ok()) co_return result.error.status;
  if (result.response.status != 200) {
    co_return absl::UnavailableError("HTTP status " + std::to_string(result.response.status));
  }
  co_return std::move(result.response.body);
}

Task<void> JwksSource::Refresh() {
  if (location_.empty()) co_return;
  const absl::Duration age = clock_.Monotonic() - read_at_;
  const int64_t unknown = authenticator_.unknown_jwt_keys();
  const bool asked_for = unknown != unknown_seen_ && age >= kAtMostEvery;
  if (age < kEvery && !asked_for) co_return;
  unknown_seen_ = unknown;
  read_at_ = clock_.Monotonic();
  const absl::StatusOr<std::string> text = co_await Read();
  absl::StatusOr<std::vector<PublicKey>> keys =
      text.ok() ? ParseJwks(*text) : absl::StatusOr<std::vector<PublicKey>>(text.status());
  if (keys.ok()) {
    verifier_.SetKeys(*std::move(keys));
  } else {
    observability::Warn("JWK set not readable", {{"error", keys.status()}});
  }
}

}  // namespace ctc::gateway
