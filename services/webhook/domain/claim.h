// Which tenant a webhook claims to be for. Pure; thread-safe.
#pragma once

#include <string_view>

#include "libs/base/ids.h"
#include "libs/base/status.h"

namespace ctc::webhook {

// The `tenant` of the query. `header` is X-Tenant-ID, empty when not sent.
// Errors: kTenantRequired; VALIDATION_FAILED; kTenantMismatch when both are there and differ.
absl::StatusOr<base::TenantId> ClaimedTenant(std::string_view query, std::string_view header);

// True for 1 to 64 letters, digits and "._-": what a tenant's id can be.
bool IsTenantId(std::string_view text);

}  // namespace ctc::webhook
