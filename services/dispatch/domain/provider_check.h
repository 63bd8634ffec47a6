// What an account must look like before it is stored: every field at fault is named at once. Pure.
#pragma once

#include <string>
#include <vector>

#include "ctc/dispatch/v1/provider.pb.h"
#include "libs/base/error.h"
#include "libs/base/status.h"

namespace ctc::dispatch {

// Field errors of what all types have in common; empty when there are none. `own_url`: the type
// judges api_url itself.
std::vector<base::FieldError> CheckProvider(const v1::Provider& provider, bool own_url = false);

// http or https, absolute, with a host, without userinfo, query, fragment or control characters.
bool IsHttpUrl(std::string_view url);

// VALIDATION_FAILED with `fields`; OK when there are none.
absl::Status ToStatus(std::vector<base::FieldError> fields);

}  // namespace ctc::dispatch
