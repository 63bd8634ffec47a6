#include "services/webhook/store/log_retention.h"

#include <absl/strings/str_format.h>

#include <algorithm>

namespace ctc::webhook::store {
namespace {

// Ids are of the time when a line came (UUIDv7), so that the old ones are the beginning of the
// primary key: no index is kept for this, and nothing young is read.
constexpr char kDelete[] =
    "DELETE FROM click_to_call_webhook_log"
    " WHERE id < ? AND received_at < ? AND state IN ('APPLIED', 'DUPLICATE', 'REFUSED', 'PARKED')"
    " ORDER BY id LIMIT ?";

// Not greater than any id that is made at `time` or later.
std::string FirstIdAt(absl::Time time) {
  const auto ms = static_cast<uint64_t>(std::max(absl::ToUnixMillis(time), int64_t{0}));
  return absl::StrFormat("%08x-%04x", ms >> 16, ms & 0xffff);
}

}  // namespace

absl::StatusOr<int64_t> DeleteOld(db::Connection& connection, absl::Time before) {
  return connection.Execute(kDelete, {FirstIdAt(before), before, kDeletedAtOnce});
}

}  // namespace ctc::webhook::store
