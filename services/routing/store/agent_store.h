// Rows of agent of one tenant.
#pragma once

#include <optional>
#include <vector>

#include "ctc/routing/v1/routing.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"

namespace ctc::routing {

// By id unless asked otherwise.
extern const db::ListOrders kAgentOrders;

struct AgentPage {
  int64_t total = 0;
  std::vector<v1::Agent> agents;
  std::string next_cursor;
};

class AgentStore {
 public:
  explicit AgentStore(base::TenantId tenant) : tenant_(std::move(tenant)) {}

  // ALREADY_EXISTS when the id is taken.
  absl::Status Insert(db::Connection& c, const v1::Agent& agent) const;
  absl::Status Update(db::Connection& c, const v1::Agent& agent) const;
  absl::StatusOr<std::optional<v1::Agent>> Get(db::Connection& c, const std::string& id,
                                               bool for_update) const;
  // An empty team or skill means any.
  absl::StatusOr<AgentPage> List(db::Connection& c, const std::string& team,
                                 const std::string& skill, const db::ListPage& page) const;
  absl::StatusOr<std::vector<v1::Agent>> LoadAll(db::Connection& c) const;
  absl::StatusOr<bool> Delete(db::Connection& c, const std::string& id) const;

 private:
  base::TenantId tenant_;
};

}  // namespace ctc::routing
