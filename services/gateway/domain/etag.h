// If-None-Match (RFC 9110, section 13.1.2), compared weakly. Pure.
#pragma once

#include <string_view>

namespace ctc::gateway {

// True when the header's list names `etag`, which is "v1" or W/"v1" with its quotes, or is *.
bool NamesETag(std::string_view if_none_match, std::string_view etag);

}  // namespace ctc::gateway
