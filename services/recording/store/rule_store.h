// Rows of call_compliance_rule. Every statement names the tenant.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctc/recording/v1/recording_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"
#include "services/recording/domain/compliance.h"

namespace ctc::recording {

// Oldest first unless asked otherwise.
extern const db::ListOrders kRuleOrders;

struct RulePage {
  int64_t total = 0;
  std::vector<v1::ComplianceRule> rules;
  std::string next_cursor;
};

class RuleStore {
 public:
  explicit RuleStore(const base::TenantId& tenant) : tenant_(tenant) {}

  absl::Status Insert(db::Connection& c, const v1::ComplianceRule& rule) const;
  // Everything but id, type and creation time.
  absl::Status Update(db::Connection& c, const v1::ComplianceRule& rule, absl::Time now) const;
  // Locks the row until the transaction ends when `for_update`.
  absl::StatusOr<std::optional<v1::ComplianceRule>> Get(db::Connection& c, const std::string& id,
                                                        bool for_update) const;
  absl::StatusOr<RulePage> List(db::Connection& c, const db::ListPage& page) const;
  absl::StatusOr<bool> Delete(db::Connection& c, const std::string& id) const;
  absl::Status LoadPolicy(db::Connection& c, Policy& policy) const;

 private:
  const base::TenantId& tenant_;
};

}  // namespace ctc::recording
