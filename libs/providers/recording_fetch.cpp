#include "libs/providers/recording_fetch.h"

#include <absl/strings/match.h>

#include <utility>

#include "libs/base/error_catalogue.h"
#include "libs/providers/outcome.h"

namespace ctc::providers {
namespace {

constexpr absl::Duration kTimeout = absl::Minutes(2);
constexpr size_t kMaxBytes = 128 << 20;  // four hours at 64 kbit/s

bool IsAudio(std::string_view type) {
  const absl::string_view text(type.data(), type.size());
  return absl::StartsWithIgnoreCase(text, "audio/") ||
         absl::StartsWithIgnoreCase(text, "application/octet-stream") ||
         absl::StartsWithIgnoreCase(text, "binary/octet-stream");
}

http::ClientRequest MakeRequest(const std::string& url) {
  http::ClientRequest request;
  request.url = url;
  request.timeout = kTimeout;
  request.max_response_bytes = kMaxBytes;
  return request;
}

absl::StatusOr<Recording> Read(http::ClientResult result) {
  const int status = result.response.status;
  if (result.ok() && (status == 403 || status == 404)) {
    return base::MakeError(base::kNotFound, "the recording is not there, or not yet");
  }
  CTC_RETURN_IF_ERROR(ControlStatus(result));
  const std::string type(result.response.headers.Get("content-type"));
  if (!IsAudio(type) || result.response.body.empty()) {
    return base::MakeError(base::kProviderRefused, "what came is no recording");
  }
  return Recording{type, std::move(result.response.body)};
}

}  // namespace

Task<absl::StatusOr<Recording>> FetchFrom(http::Client& client, RecordingSource source,
                                          std::string url) {
  if (!source.is_known(url)) {
    co_return base::MakeError(base::kProviderRefused,
                              "the recording is at a host that is not the provider's");
  }
  http::ClientRequest request = MakeRequest(url);
  if (source.authorize) source.authorize(request);
  http::ClientResult result = co_await client.Send(std::move(request));
  const int status = result.response.status;
  const std::string next(result.response.headers.Get("location"));
  if (result.ok() && status >= 300 && status < 400) {
    if (!source.is_known(next)) {
      co_return base::MakeError(base::kProviderRefused,
                                "the recording moved to a host that is not the provider's");
    }
    http::ClientRequest again = MakeRequest(next);
    result = co_await client.Send(std::move(again));
  }
  co_return Read(std::move(result));
}

}  // namespace ctc::providers
