// Which accounts are tried for a call, in which order, and why. Pure.
#pragma once

#include <string>
#include <vector>

#include "ctc/common/v1/provider_type.pb.h"
#include "services/routing/domain/conditions.h"

namespace ctc::routing {

// An active account, as dispatch tells of it.
struct Account {
  std::string id;
  common::v1::ProviderType::Value type = common::v1::ProviderType::PROVIDER_TYPE_UNSPECIFIED;
  std::string phone_number;
  int priority = 0;     // 1 is first
  int retry_count = 1;  // how many accounts may be tried for one call
  int timeout_seconds = 0;
  bool available = true;  // false while its circuit is open
  std::string unavailable_reason;
};

struct Accounts {
  std::vector<Account> active;
  std::vector<std::string> inactive_ids;
};

// An active rule that acts in this release.
struct Rule {
  enum class Kind { kFailover, kPriority };
  std::string id;
  std::string name;
  Kind kind = Kind::kPriority;
  Conditions conditions;
  std::string provider_id;
  std::string fallback_provider_id;
  int priority = 0;
};

struct Choice {
  Account account;
  std::string reason;
};

struct RuleTried {
  std::string rule_id;
  std::string rule_name;
  bool decided = false;
  std::string explanation;
};

struct Decision {
  std::vector<Choice> candidates;
  std::vector<Choice> skipped;
  std::vector<RuleTried> tried;
  bool provider_unknown = false;  // the account asked for does not exist
};

// The account asked for, and no other; else the first rule (by priority, then id) that holds and
// has an account that can take the call; else the accounts by priority. At most as many candidates
// as the first one's retry_count.
Decision Decide(const Question& question, std::vector<Rule> rules, Accounts accounts);

}  // namespace ctc::routing
