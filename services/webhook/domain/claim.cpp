// Reads the tenant out of a query string.
#include "services/webhook/domain/claim.h"

#include <algorithm>
#include <optional>
#include <string>

#include "libs/base/error_catalogue.h"

namespace ctc::webhook {
namespace {

constexpr size_t kLongestTenant = 64;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A broken escape stays as it is: it makes the value no tenant's id.
std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                        HexDigit(text[i + 2]) >= 0;
    if (escape) {
      out.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// The first one counts; a second, different one could mean another tenant to somebody else.
absl::StatusOr<std::optional<std::string>> TenantOfQuery(std::string_view query) {
  constexpr std::string_view kName = "tenant=";
  std::optional<std::string> tenant;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (!pair.starts_with(kName)) continue;
    std::string value = PercentDecoded(pair.substr(kName.size()));
    if (tenant && *tenant != value) return base::InvalidField("tenant", "is given twice");
    tenant = std::move(value);
  }
  return tenant;
}

}  // namespace

bool IsTenantId(std::string_view text) {
  return !text.empty() && text.size() <= kLongestTenant &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

absl::StatusOr<base::TenantId> ClaimedTenant(std::string_view query, std::string_view header) {
  CTC_ASSIGN_OR_RETURN(std::optional<std::string> tenant, TenantOfQuery(query));
  if (!tenant || tenant->empty()) {
    return base::MakeError(base::kTenantRequired, "the query has no tenant");
  }
  if (!IsTenantId(*tenant)) {
    return base::InvalidField("tenant", "must have 1 to 64 letters, digits and ._- only");
  }
  if (!header.empty() && header != *tenant) {
    return base::MakeError(base::kTenantMismatch, "X-Tenant-ID and the query name two tenants");
  }
  return base::TenantId(*std::move(tenant));
}

}  // namespace ctc::webhook
