#include "services/gateway/domain/byte_range.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

namespace ctc::gateway {
namespace {

constexpr std::string_view kUnit = "bytes=";

// Digits only: SimpleAtoi would take signs and spaces too.
bool ParseNumber(std::string_view text, int64_t& value) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  return digits && absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &value);
}

}  // namespace

std::optional<RangeSpec> ParseRange(std::string_view header) {
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view from = header.substr(0, dash);
  const std::string_view to = header.substr(dash + 1);
  RangeSpec spec;
  int64_t number = 0;
  if (from.empty()) {
    if (!ParseNumber(to, number)) return std::nullopt;
    spec.suffix = number;
    return spec;
  }
  if (!ParseNumber(from, spec.first)) return std::nullopt;
  if (to.empty()) return spec;
  if (!ParseNumber(to, number) || number < spec.first) return std::nullopt;
  spec.last = number;
  return spec;
}

std::optional<ByteSpan> Resolve(const RangeSpec& spec, int64_t total) {
  ByteSpan span;
  if (spec.suffix.has_value()) {
    span.begin = total - std::min(*spec.suffix, total);
    span.end = total;
  } else {
    span.begin = spec.first;
    span.end = spec.last.has_value() && *spec.last < total ? *spec.last + 1 : total;
  }
  if (span.begin >= span.end) return std::nullopt;
  return span;
}

std::string ContentRange(const ByteSpan& span, int64_t total) {
  return absl::StrCat("bytes ", span.begin, "-", span.end - 1, "/", total);
}

bool RangeHolds(std::string_view if_range, std::string_view quoted_version) {
  return if_range.empty() || if_range == quoted_version;
}

}  // namespace ctc::gateway
