// Which hosts a recording may be fetched from. Pure; thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace ctc::providers {

// True when `url` is http(s) without userinfo at one of `hosts` or a subdomain of it. An entry with
// a path, as "s3.example.com/bucket", also binds the beginning of the path.
bool IsAtHost(std::string_view url, std::span<const std::string_view> hosts);

// True when both URLs name the same host and port.
bool IsAtHostOf(std::string_view url, std::string_view other);

}  // namespace ctc::providers
