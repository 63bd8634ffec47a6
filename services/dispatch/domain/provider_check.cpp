#include "services/dispatch/domain/provider_check.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"

namespace ctc::dispatch {
namespace {

constexpr int kMaxAccountsTried = 10;
constexpr int kMaxTimeoutSeconds = 120;
constexpr int kMaxPriority = 1000;
constexpr size_t kMaxSettingsBytes = 8 << 10;

bool IsPhone(std::string_view text) {
  if (text.size() < 3 || text.size() > 16 || text.front() != '+') return false;
  text.remove_prefix(1);
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

bool IsDialable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '*' || c == '#';
  });
}

// host, host:port or [v6]:port of an authority.
bool IsAuthority(std::string_view text) {
  if (text.empty() || text.find('@') != std::string_view::npos) return false;
  const size_t bracket = text.rfind(']');
  const size_t colon = text.rfind(':');
  std::string_view host = text;
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view port = text.substr(colon + 1);
    host = text.substr(0, colon);
    const bool digits =
        std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (port.empty() || port.size() > 5 || !digits) return false;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == '[' || c == ']' || c == ':';
  });
}

class Faults {
 public:
  void CheckText(const char* field, const std::string& text, size_t limit) {
    if (text.size() > limit) Add(field, absl::StrCat("must be at most ", limit, " characters"));
    if (HasControl(text)) Add(field, "must not hold control characters");
  }
  void CheckRange(const char* field, int value, int low, int high) {
    if (value < low || value > high) Add(field, absl::StrCat("must be from ", low, " to ", high));
  }
  void Add(const char* field, std::string detail) { list.push_back({field, std::move(detail)}); }

  std::vector<base::FieldError> list;
};

}  // namespace

bool IsHttpUrl(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  if (url.substr(0, scheme) != "http" && url.substr(0, scheme) != "https") return false;
  const std::string_view rest = url.substr(scheme + 3);
  if (rest.find_first_of("?#\\ ") != std::string_view::npos || HasControl(rest)) return false;
  return IsAuthority(rest.substr(0, rest.find('/')));
}

std::vector<base::FieldError> CheckProvider(const v1::Provider& provider, bool own_url) {
  Faults faults;
  if (provider.provider_name().empty()) faults.Add("provider_name", "is required");
  faults.CheckText("provider_name", provider.provider_name(), 255);
  if (provider.api_url().empty()) {
    faults.Add("api_url", "is required");
  } else if (provider.api_url().size() > 1024 || (!own_url && !IsHttpUrl(provider.api_url()))) {
    faults.Add("api_url", "must be an absolute http or https URL without user, query or fragment");
  }
  if (provider.phone_number().empty()) {
    faults.Add("phone_number", "is required");
  } else if (!IsPhone(provider.phone_number())) {
    faults.Add("phone_number", "must be E.164: + and 2 to 15 digits");
  }
  faults.CheckText("caller_id", provider.caller_id(), 128);
  if (provider.dial_plan_prefix().size() > 32 || !IsDialable(provider.dial_plan_prefix())) {
    faults.Add("dial_plan_prefix", "must be at most 32 letters, digits, +, * and #");
  }
  if (!provider.callback_url().empty() &&
      (provider.callback_url().size() > 1024 || !IsHttpUrl(provider.callback_url()))) {
    faults.Add("callback_url",
               "must be an absolute http or https URL without user, query or fragment");
  }
  faults.CheckText("account_sid", provider.account_sid(), 128);
  faults.CheckText("application_id", provider.application_id(), 128);
  faults.CheckText("region", provider.region(), 64);
  if (provider.settings().ByteSizeLong() > kMaxSettingsBytes) {
    faults.Add("settings", "must be at most 8 kB");
  }
  faults.CheckRange("retry_count", provider.retry_count(), 0, kMaxAccountsTried);
  faults.CheckRange("timeout_seconds", provider.timeout_seconds(), 1, kMaxTimeoutSeconds);
  faults.CheckRange("priority", provider.priority(), 1, kMaxPriority);
  return std::move(faults.list);
}

absl::Status ToStatus(std::vector<base::FieldError> fields) {
  if (fields.empty()) return absl::OkStatus();
  base::ErrorDetail detail;
  const std::string message = absl::StrCat(fields.front().field, " ", fields.front().detail);
  detail.fields = std::move(fields);
  return base::MakeError(base::kValidationFailed, message, std::move(detail));
}

}  // namespace ctc::dispatch
