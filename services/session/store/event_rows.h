// Rows of call_event and call_leg.
#pragma once

#include <vector>

#include "libs/db/database.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

absl::Status InsertEvents(db::Connection& connection, const std::vector<v1::CallEvent>& events);
// Events with seq > `after`, in order.
absl::StatusOr<std::vector<v1::CallEvent>> SelectEventsAfter(db::Connection& connection,
                                                             int64_t after, int limit);
absl::StatusOr<std::vector<v1::CallEvent>> SelectEventsOf(db::Connection& connection,
                                                          const base::TenantId& tenant,
                                                          const std::string& id);

// A leg of a session, to be written.
struct LegRow {
  RecordPtr record;
  int index = 0;
};
absl::Status UpsertLegs(db::Connection& connection, const std::vector<LegRow>& legs);

}  // namespace ctc::session::store
