#include "services/webhook/store/log_retention.h"

#include "libs/base/ids.h"

namespace ctc::webhook::store {
namespace {

// Ids are of the time when a line came (UUIDv7), so that the old ones are the beginning of the
// primary key: no index is kept for this, and nothing young is read.
constexpr char kDelete[] =
    "DELETE FROM click_to_call_webhook_log"
    " WHERE id < ? AND received_at < ? AND state IN ('APPLIED', 'DUPLICATE', 'REFUSED', 'PARKED')"
    " ORDER BY id LIMIT ?";

}  // namespace

absl::StatusOr<int64_t> DeleteOld(db::Connection& connection, absl::Time before) {
  return connection.Execute(kDelete, {base::FirstUuidAt(before), before, kDeletedAtOnce});
}

}  // namespace ctc::webhook::store
