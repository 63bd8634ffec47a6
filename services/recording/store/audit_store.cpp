#include "services/recording/store/audit_store.h"

#include "libs/transcoding/json_writer.h"

namespace ctc::recording {
namespace {

std::string ReasonsJson(const std::vector<Reason>& reasons) {
  std::string json = "[";
  for (const Reason& reason : reasons) {
    if (json.size() > 1) json += ',';
    v1::CheckComplianceResponse::Reason message;
    message.set_code(reason.code);
    message.set_detail(reason.detail);
    message.set_rule_id(reason.rule_id);
    json += transcoding::ToJson(message);
  }
  return json + "]";
}

constexpr std::string_view kInsert =
    "INSERT INTO compliance_audit (id, tenant_id, session_id, to_phone, agent_id, verdict,"
    " reasons_json, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

}  // namespace

absl::Status InsertAudit(db::Connection& c, const base::TenantId& tenant, const AuditEntry& entry) {
  return c
      .Execute(kInsert,
               {entry.id, tenant.value(), db::TextOrNull(entry.session_id), entry.to_phone,
                db::TextOrNull(entry.agent_id), std::string(VerdictName(entry.decision.verdict)),
                ReasonsJson(entry.decision.reasons), entry.at})
      .status();
}

absl::Status InsertDeletion(db::Connection& c, const base::TenantId& tenant,
                            const DeletionEntry& entry) {
  return c
      .Execute(kInsert, {entry.id, tenant.value(), db::TextOrNull(entry.session_id), "", db::Null{},
                         "DELETED", ReasonsJson({entry.reason}), entry.at})
      .status();
}

}  // namespace ctc::recording
