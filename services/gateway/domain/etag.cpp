#include "services/gateway/domain/etag.h"

#include <algorithm>

namespace ctc::gateway {
namespace {

constexpr std::string_view kWeak = "W/";
constexpr std::string_view kBetween = " \t,";

// The quoted part.
std::string_view OpaqueOf(std::string_view etag) {
  if (etag.starts_with(kWeak)) etag.remove_prefix(kWeak.size());
  return etag;
}

void SkipBetween(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(kBetween), list.size()));
}

}  // namespace

bool NamesETag(std::string_view list, std::string_view etag) {
  SkipBetween(list);
  if (list.starts_with('*')) {
    list.remove_prefix(1);
    SkipBetween(list);
    return list.empty();
  }
  while (!list.empty()) {
    const std::string_view rest = OpaqueOf(list);
    const size_t end = rest.starts_with('"') ? rest.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return false;  // no list of ETags
    if (rest.substr(0, end + 1) == OpaqueOf(etag)) return true;
    list = rest.substr(end + 1);
    SkipBetween(list);
  }
  return false;
}

}  // namespace ctc::gateway
