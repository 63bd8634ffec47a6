// Errors as RFC 9457 problem+json. Pure; thread-safe.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "libs/http/message.h"

namespace ctc::gateway {

// The answer to a request that failed. INTERNAL, UNKNOWN and their like keep their text to
// themselves: the request id finds it in the log. `instance` is the path of the request.
http::Response ProblemResponse(const absl::Status& status, std::string_view instance,
                               std::string_view request_id);

// The HTTP status of ProblemResponse.
int HttpStatusOf(const absl::Status& status);

// For errors that the HTTP server makes by itself, before there is a request.
http::Response ServerProblem(int status, std::string_view code, std::string_view detail,
                             std::string_view request_id);

}  // namespace ctc::gateway
