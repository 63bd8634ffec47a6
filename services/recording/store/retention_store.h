// The recordings whose time is over, of all tenants, and how they are marked.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/db/database.h"

namespace ctc::recording {

struct DueRecording {
  std::string id;
  base::TenantId tenant;
  std::string session_id;
  std::string recording_url;
  absl::Time retain_until = absl::UnixEpoch();
};

// Those READY and due at `now`, oldest first, from behind `last` on.
absl::StatusOr<std::vector<DueRecording>> DueRecordings(db::Connection& c, absl::Time now,
                                                        const DueRecording& last, int limit);

// Marks it DELETED, with a line in compliance_audit. False, and nothing done, when another process
// did.
absl::StatusOr<bool> MarkDeleted(db::Connection& c, const DueRecording& recording,
                                 const std::string& audit_id, absl::Time now);

}  // namespace ctc::recording
