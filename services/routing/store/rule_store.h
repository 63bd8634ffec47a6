// Rows of call_routing_rule of one tenant.
#pragma once

#include <optional>
#include <vector>

#include "ctc/routing/v1/routing.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"

namespace ctc::routing {

// By priority unless asked otherwise.
extern const db::ListOrders kRuleOrders;

struct RulePage {
  int64_t total = 0;
  std::vector<v1::RoutingRule> rules;
  std::string next_cursor;
};

class RuleStore {
 public:
  explicit RuleStore(base::TenantId tenant) : tenant_(std::move(tenant)) {}

  absl::Status Insert(db::Connection& c, const v1::RoutingRule& rule) const;
  // Everything but id, type and creation time.
  absl::Status Update(db::Connection& c, const v1::RoutingRule& rule) const;
  // Locks the row until the transaction ends when `for_update`.
  absl::StatusOr<std::optional<v1::RoutingRule>> Get(db::Connection& c, const std::string& id,
                                                     bool for_update) const;
  absl::StatusOr<RulePage> List(db::Connection& c, const db::ListPage& page) const;
  absl::StatusOr<std::vector<v1::RoutingRule>> ListActive(db::Connection& c) const;
  absl::StatusOr<bool> Delete(db::Connection& c, const std::string& id) const;

 private:
  base::TenantId tenant_;
};

}  // namespace ctc::routing
