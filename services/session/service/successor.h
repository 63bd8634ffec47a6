// The session of the one who takes a call over.
#pragma once

#include "services/session/store/record.h"

namespace ctc::session {

struct SuccessorIds {
  std::string id;          // UUID
  std::string session_id;  // sess_ id
};

// Pure. It is joined from `at` on; what the CRM gave with the call goes with it, wrap-up and
// figures do not.
store::Record MakeSuccessor(const store::Record& old, const v1::StoredTransfer& transfer,
                            const SuccessorIds& ids, absl::Time at, absl::Time watchdog_at);

}  // namespace ctc::session
