// What is to be done for those who are in a call beside agent and customer, or were. Pure.
#pragma once

#include <vector>

#include "services/session/domain/transfer.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

// What the parties need at `now`, of what is not a step of an open transfer.
domain::CareStep CareAt(const Record& record, absl::Time now);

// Our word for each leg we rang that neither answered nor ended.
std::vector<const domain::Fact*> Unanswered(const Record& record);

// True when something is to be done for a party, or will be: somebody may be on hold.
bool NeedsCare(const Record& record);

// True when the watchdog is to look at the session before those that are only silent: it needs
// care, or has ended.
bool IsWatchedClosely(const Record& record);

}  // namespace ctc::session::store
