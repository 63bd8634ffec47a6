// Rows of call_compliance_rule. Every statement names the tenant.
#pragma once

#include <string>
#include <vector>

#include "ctc/recording/v1/recording_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "services/recording/domain/compliance.h"

namespace ctc::recording {

struct RulePage {
  int total = 0;
  std::vector<v1::ComplianceRule> rules;
};

class RuleStore {
 public:
  explicit RuleStore(const base::TenantId& tenant) : tenant_(tenant) {}

  absl::Status Insert(db::Connection& c, const v1::ComplianceRule& rule) const;
  absl::StatusOr<RulePage> List(db::Connection& c, int limit, int offset) const;
  absl::StatusOr<bool> Delete(db::Connection& c, const std::string& id) const;
  absl::Status LoadPolicy(db::Connection& c, Policy& policy) const;

 private:
  const base::TenantId& tenant_;
};

}  // namespace ctc::recording
