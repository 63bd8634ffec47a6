// Rows of call_transfer: what a session's own row remembers of its handovers, for queries.
#pragma once

#include <vector>

#include "ctc/session/v1/stored.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"

namespace ctc::session::store {

struct TransferRow {
  base::TenantId tenant;
  v1::StoredTransfer stored;
};

// The rows as they are now; a later one of the same transfer wins.
db::RowsText UpsertTransfers(const std::vector<TransferRow>& transfers, absl::Time now);

}  // namespace ctc::session::store
