// Rows of call_recording of one tenant.
#pragma once

#include <string>
#include <vector>

#include "ctc/recording/v1/recording_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"

namespace ctc::recording {

// Newest first unless asked otherwise.
extern const db::ListOrders kRecordingOrders;
// Of one session's.
extern const db::ListOrders kSessionRecordingOrders;

struct RecordingPage {
  int64_t total = 0;
  std::vector<v1::Recording> recordings;
  std::string next_cursor;
};

// Empty: all.
struct RecordingFilter {
  std::string session_id;
  std::string state;
};

class RecordingStore {
 public:
  explicit RecordingStore(const base::TenantId& tenant) : tenant_(tenant) {}

  // In the order of their beginning, locked until the transaction ends.
  absl::StatusOr<std::vector<v1::Recording>> OfSession(db::Connection& c,
                                                       const std::string& session_id) const;
  // `retain_until` is kept where it was set before; infinite: not to be set yet.
  absl::Status Save(db::Connection& c, const v1::Recording& recording, absl::Time retain_until,
                    absl::Time now) const;
  absl::StatusOr<v1::Recording> Get(db::Connection& c, const std::string& id) const;
  absl::StatusOr<RecordingPage> List(db::Connection& c, const RecordingFilter& filter,
                                     const db::ListPage& page) const;

 private:
  const base::TenantId& tenant_;
};

}  // namespace ctc::recording
