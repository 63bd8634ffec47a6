// Fetching a recording over plain HTTP from the hosts of one provider.
#pragma once

#include <functional>
#include <string>

#include "libs/base/asio.h"
#include "libs/http/client.h"
#include "libs/providers/adapter.h"

namespace ctc::providers {

struct RecordingSource {
  // Whether a recording may be at this URL at all.
  std::function<bool(const std::string& url)> is_known;
  // Adds credentials for the hosts that may see them; unset: none are needed.
  std::function<void(http::ClientRequest&)> authorize;
};

// One redirect to a known host is followed, without credentials. Errors: kProviderRefused for an
// unknown host and for what is no audio; kNotFound for 403 and 404, as the file comes later than
// the word of it; else as of any request.
Task<absl::StatusOr<Recording>> FetchFrom(http::Client& client, RecordingSource source,
                                          std::string url);

}  // namespace ctc::providers
