// Searching sessions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctc/session/v1/session_service.pb.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

// Ids are in the order of their making. Newest first unless asked otherwise.
extern const db::ListOrders kSessionOrders;

// A checked request for a page.
struct ListQuery {
  base::TenantId tenant;
  v1::ListSessionsRequest filter;
  std::string own_agent_id;  // only this agent's, whatever the filter says
  int limit = 50;
  int offset = 0;
  std::string after_id;  // keyset: the last id of the page before
  bool newest_first = true;
};

struct IdPage {
  int64_t total = 0;
  std::vector<std::string> ids;
  bool has_more = false;
};

// Ids and total in one statement. The text is made of constant parts; every value is bound.
absl::StatusOr<IdPage> SelectPage(db::Connection& connection, const ListQuery& query);

// The moment in a UUIDv7.
absl::Time TimeOfId(const std::string& id);

}  // namespace ctc::session::store
