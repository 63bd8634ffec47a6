// Rows of compliance_audit: verdicts that restrained a call, written before they were answered, and
// recordings that were deleted.
#pragma once

#include <string>

#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "services/recording/domain/compliance.h"

namespace ctc::recording {

struct AuditEntry {
  std::string id;
  std::string session_id;
  std::string to_phone;
  std::string agent_id;
  Decision decision;
  absl::Time at;
};

absl::Status InsertAudit(db::Connection& c, const base::TenantId& tenant, const AuditEntry& entry);

struct DeletionEntry {
  std::string id;
  std::string session_id;
  Reason reason;  // with the recording for its rule
  absl::Time at;
};

absl::Status InsertDeletion(db::Connection& c, const base::TenantId& tenant,
                            const DeletionEntry& entry);

}  // namespace ctc::recording
