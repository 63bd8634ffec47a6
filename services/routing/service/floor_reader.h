// Agents and callers at this moment, read in one transaction.
#pragma once

#include <string>
#include <vector>

#include "ctc/routing/v1/routing.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "services/routing/domain/queue_choice.h"
#include "services/routing/service/directory.h"

namespace ctc::routing {

// As the session's caller sees them; "" for an onlooker. `agents`: all that are registered.
// Leaves last_offered as it is.
absl::Status ReadFloor(db::Connection& c, Directory& directory, const base::TenantId& tenant,
                       const std::vector<v1::Agent>& agents, const std::string& session_id,
                       absl::Time now, Floor& floor);

}  // namespace ctc::routing
