// Old lines of click_to_call_webhook_log, of all tenants, and their end.
#pragma once

#include <absl/time/time.h>

#include <cstdint>

#include "libs/db/database.h"

namespace ctc::webhook::store {

constexpr int64_t kDeletedAtOnce = 500;
// Deletes what came before `before` and is not to be applied any more, at most kDeletedAtOnce
// lines, the oldest first. Returns how many; fewer when there are no more.
absl::StatusOr<int64_t> DeleteOld(db::Connection& connection, absl::Time before);

}  // namespace ctc::webhook::store
