// SQL of call_transfer.
#include "services/session/store/transfer_rows.h"

#include "services/session/domain/state.h"

namespace ctc::session::store {

using db::Value;

absl::Status UpsertTransfers(db::Connection& connection, const std::vector<TransferRow>& rows,
                             absl::Time now) {
  if (rows.empty()) return absl::OkStatus();
  constexpr int kWidth = 17;
  db::Params params;
  for (const TransferRow& row : rows) {
    const v1::Transfer& t = row.stored.transfer();
    params.insert(
        params.end(),
        {Value(t.id()), Value(row.tenant.value()), Value(t.session_id()),
         db::TextOrNull(t.new_session_id()), Value(v1::Transfer::Type_Name(t.transfer_type())),
         Value(v1::Transfer::Status_Name(t.status())), db::TextOrNull(t.from_agent_id()),
         db::TextOrNull(t.to_agent_id()), db::TextOrNull(t.to_phone()),
         db::TextOrNull(t.to_queue_id()), Value(row.stored.leg_id()), db::TextOrNull(t.reason()),
         db::TextOrNull(t.error_message()), Value(domain::FromProto(t.requested_at())),
         t.has_completed_at() ? Value(domain::FromProto(t.completed_at())) : Value(db::Null{}),
         Value(domain::FromProto(t.requested_at())), Value(now)});
  }
  return connection
      .ExecuteRows(
          "INSERT INTO call_transfer (id, tenant_id, session_id, new_session_id, transfer_type,"
          " status, from_agent_id, to_agent_id, to_phone, to_queue_id, leg_id, reason,"
          " error_message, requested_at, completed_at, created_at, updated_at)",
          kWidth, params,
          " ON DUPLICATE KEY UPDATE new_session_id = VALUES(new_session_id),"
          " status = VALUES(status), to_agent_id = VALUES(to_agent_id), leg_id = VALUES(leg_id),"
          " error_message = VALUES(error_message),"
          " completed_at = VALUES(completed_at), updated_at = VALUES(updated_at)")
      .status();
}

}  // namespace ctc::session::store
