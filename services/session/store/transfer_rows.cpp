// SQL of call_transfer.
#include "services/session/store/transfer_rows.h"

#include "libs/base/proto_time.h"
#include "services/session/domain/state.h"

namespace ctc::session::store {

namespace {

constexpr std::string_view kHead =
    "INSERT INTO call_transfer (id, tenant_id, session_id, new_session_id, transfer_type, status,"
    " from_agent_id, to_agent_id, to_phone, to_queue_id, leg_id, reason, error_message,"
    " requested_at, completed_at, created_at, updated_at)";
constexpr std::string_view kTail =
    "ON DUPLICATE KEY UPDATE new_session_id = VALUES(new_session_id), status = VALUES(status),"
    " to_agent_id = VALUES(to_agent_id), leg_id = VALUES(leg_id),"
    " error_message = VALUES(error_message), completed_at = VALUES(completed_at),"
    " updated_at = VALUES(updated_at)";

}  // namespace

db::RowsText UpsertTransfers(const std::vector<TransferRow>& transfers, absl::Time now) {
  using db::NullIfEmpty;
  db::RowsText rows(kHead, kTail);
  for (const TransferRow& row : transfers) {
    const v1::Transfer& t = row.stored.transfer();
    const absl::Time requested = base::FromProto(t.requested_at());
    rows.BeginRow();
    rows.Add(t.id(), row.tenant.value(), t.session_id(), NullIfEmpty{t.new_session_id()},
             v1::Transfer::Type_Name(t.transfer_type()), v1::Transfer::Status_Name(t.status()),
             NullIfEmpty{t.from_agent_id()}, NullIfEmpty{t.to_agent_id()},
             NullIfEmpty{t.to_phone()}, NullIfEmpty{t.to_queue_id()}, row.stored.leg_id(),
             NullIfEmpty{t.reason()}, NullIfEmpty{t.error_message()}, requested,
             t.has_completed_at() ? base::FromProto(t.completed_at()) : absl::InfiniteFuture(),
             requested, now);
    rows.EndRow();
  }
  return rows;
}

}  // namespace ctc::session::store
