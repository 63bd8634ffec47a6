// Rows of call_event and call_leg.
#pragma once

#include <vector>

#include "libs/db/database.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

// This and UpsertLegs: the rows of statements that are to be executed in their order.
db::RowsText InsertEvents(const std::vector<EventPtr>& events);
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
db::RowsText UpsertLegs(const std::vector<LegRow>& legs);

}  // namespace ctc::session::store
