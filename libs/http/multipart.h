// Bodies of the type multipart/form-data (RFC 7578), as some providers post their callbacks.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/status.h"

namespace ctc::http {

// Pairs of name and content in order; a file is a field like any other. `content_type` names the
// boundary. INVALID_ARGUMENT for a body without its closing delimiter, a part without a name, more
// than 200 parts, or text that is not UTF-8. Pure; thread-safe.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseMultipart(
    std::string_view content_type, std::string_view body);

}  // namespace ctc::http
