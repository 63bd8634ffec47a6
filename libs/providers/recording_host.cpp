#include "libs/providers/recording_host.h"

#include <absl/strings/match.h>

#include <algorithm>
#include <string>

namespace ctc::providers {
namespace {

struct Place {
  std::string authority;  // lower case
  std::string_view path;  // without its first "/"
};

// Empty for what is no plain http(s) URL: the same characters must mean the same to whoever
// fetches.
Place PlaceOf(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!url.starts_with(scheme)) continue;
    const std::string_view rest = url.substr(scheme.size());
    const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    std::string authority(rest.substr(0, end));
    const bool plain = std::all_of(url.begin(), url.end(), [](char c) {
      return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
    });
    if (!plain || authority.empty() || authority.find('@') != std::string::npos) return {};
    for (char& c : authority) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return {std::move(authority), rest.substr(std::min(end + 1, rest.size()))};
  }
  return {};
}

}  // namespace

bool IsAtHost(std::string_view url, std::span<const std::string_view> hosts) {
  const Place place = PlaceOf(url);
  if (place.authority.empty()) return false;
  const std::string_view host =
      std::string_view(place.authority).substr(0, place.authority.find(':'));
  return std::any_of(hosts.begin(), hosts.end(), [&](std::string_view entry) {
    const size_t slash = std::min(entry.find('/'), entry.size());
    const std::string_view name = entry.substr(0, slash);
    const std::string_view path = entry.substr(std::min(slash + 1, entry.size()));
    const bool at_host = host == name || (host.size() > name.size() && host.ends_with(name) &&
                                          host[host.size() - name.size() - 1] == '.');
    const bool in_path = path.empty() || (place.path.starts_with(path) &&
                                          place.path.substr(path.size()).starts_with('/') &&
                                          place.path.find("..") == std::string_view::npos);
    return at_host && in_path;
  });
}

bool IsAtHostOf(std::string_view url, std::string_view other) {
  const std::string authority = PlaceOf(url).authority;
  return !authority.empty() && authority == PlaceOf(other).authority;
}

}  // namespace ctc::providers
