#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/routing/service/routing_service.h"
#include "services/routing/store/rule_store.h"

namespace ctc::routing {
namespace {

constexpr int kDefaultPriority = 100;
constexpr int kMaxPriority = 10000;
constexpr size_t kMaxName = 255;

absl::Status NoSuchRule() { return base::MakeError(base::kNotFound, "there is no such rule"); }

// What can be said of a rule by itself.
absl::Status CheckShape(const v1::RoutingRule& rule) {
  using Type = v1::RoutingRule;
  if (rule.rule_name().empty() || rule.rule_name().size() > kMaxName) {
    return base::InvalidField("rule_name", "must have 1 to 255 bytes");
  }
  if (rule.rule_type() != Type::FAILOVER && rule.rule_type() != Type::PRIORITY) {
    return base::InvalidField("rule_type", "this release acts on FAILOVER and PRIORITY rules only");
  }
  if (rule.priority() < 1 || rule.priority() > kMaxPriority) {
    return base::InvalidField("priority", "must be 1 (first) to 10000");
  }
  if (rule.action_json().fields_size() > 0) {
    return base::InvalidField("action_json",
                              "must be empty: provider_id and fallback_provider_id say what to do");
  }
  if (rule.rule_type() == Type::FAILOVER && rule.provider_id().empty()) {
    return base::InvalidField("provider_id", "is required for FAILOVER");
  }
  if (rule.rule_type() == Type::PRIORITY && !rule.fallback_provider_id().empty()) {
    return base::InvalidField("fallback_provider_id", "acts with FAILOVER only");
  }
  return Conditions::Parse(rule.condition_json()).status();
}

bool Exists(const Accounts& accounts, const std::string& id) {
  if (id.empty()) return true;
  for (const Account& account : accounts.active) {
    if (account.id == id) return true;
  }
  for (const std::string& inactive : accounts.inactive_ids) {
    if (inactive == id) return true;
  }
  return false;
}

void Merge(const v1::UpdateRoutingRuleRequest& request, v1::RoutingRule& rule) {
  if (request.has_rule_name()) rule.set_rule_name(request.rule_name());
  if (request.has_condition_json()) *rule.mutable_condition_json() = request.condition_json();
  if (request.has_action_json()) *rule.mutable_action_json() = request.action_json();
  if (request.has_provider_id()) rule.set_provider_id(request.provider_id());
  if (request.has_fallback_provider_id()) {
    rule.set_fallback_provider_id(request.fallback_provider_id());
  }
  if (request.has_priority()) rule.set_priority(request.priority());
  if (request.has_is_active()) rule.set_is_active(request.is_active());
  if (rule.provider_id().empty()) rule.clear_provider_id();
  if (rule.fallback_provider_id().empty()) rule.clear_fallback_provider_id();
}

}  // namespace

Task<absl::Status> RoutingService::CheckRule(rpc::Context context, const v1::RoutingRule& rule) {
  CTC_CO_RETURN_IF_ERROR(CheckShape(rule));
  if (rule.provider_id().empty() && rule.fallback_provider_id().empty()) {
    co_return absl::OkStatus();
  }
  absl::StatusOr<Accounts> accounts = co_await AccountsOf(std::move(context));
  CTC_CO_RETURN_IF_ERROR(accounts.status());
  if (!Exists(*accounts, rule.provider_id())) {
    co_return base::InvalidField("provider_id", "there is no such provider");
  }
  if (!Exists(*accounts, rule.fallback_provider_id())) {
    co_return base::InvalidField("fallback_provider_id", "there is no such provider");
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<v1::CreateRoutingRuleResponse>> RoutingService::CreateRoutingRule(
    rpc::Context context, const v1::CreateRoutingRuleRequest& request) {
  v1::CreateRoutingRuleResponse response;
  v1::RoutingRule& rule = *response.mutable_rule();
  rule.set_id(ids_.Uuid());
  rule.set_rule_name(request.rule_name());
  rule.set_rule_type(request.rule_type());
  *rule.mutable_condition_json() = request.condition_json();
  *rule.mutable_action_json() = request.action_json();
  if (!request.provider_id().empty()) rule.set_provider_id(request.provider_id());
  if (!request.fallback_provider_id().empty()) {
    rule.set_fallback_provider_id(request.fallback_provider_id());
  }
  rule.set_priority(request.has_priority() ? request.priority() : kDefaultPriority);
  rule.set_is_active(!request.has_is_active() || request.is_active());
  *rule.mutable_created_at() = *rule.mutable_updated_at() = base::ToProto(clock_.Now());
  const absl::Status checked = co_await CheckRule(context, rule);
  CTC_CO_RETURN_IF_ERROR(checked);
  const RuleStore store(context.tenant);
  const absl::Status status = co_await database_.Run(
      context.deadline, [&](db::Connection& c) -> absl::Status { return store.Insert(c, rule); });
  directory_.ForgetRules(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Task<absl::StatusOr<v1::ListRoutingRulesResponse>> RoutingService::ListRoutingRules(
    rpc::Context context, const v1::ListRoutingRulesRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kRuleOrders, context.tenant, request));
  const RuleStore store(context.tenant);
  RulePage found;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(found, store.List(c, page));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  v1::ListRoutingRulesResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (v1::RoutingRule& rule : found.rules) *response.add_rules() = std::move(rule);
  co_return response;
}

Task<absl::StatusOr<v1::GetRoutingRuleResponse>> RoutingService::GetRoutingRule(
    rpc::Context context, const v1::GetRoutingRuleRequest& request) {
  const RuleStore store(context.tenant);
  std::optional<v1::RoutingRule> rule;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(rule, store.Get(c, request.id(), false));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  if (!rule) co_return NoSuchRule();
  v1::GetRoutingRuleResponse response;
  *response.mutable_rule() = *std::move(rule);
  co_return response;
}

Task<absl::StatusOr<v1::UpdateRoutingRuleResponse>> RoutingService::UpdateRoutingRule(
    rpc::Context context, const v1::UpdateRoutingRuleRequest& request) {
  v1::GetRoutingRuleRequest get;
  get.set_id(request.id());
  absl::StatusOr<v1::GetRoutingRuleResponse> before = co_await GetRoutingRule(context, get);
  CTC_CO_RETURN_IF_ERROR(before.status());
  v1::RoutingRule wanted = before->rule();
  Merge(request, wanted);
  const absl::Status checked = co_await CheckRule(context, wanted);
  CTC_CO_RETURN_IF_ERROR(checked);
  const RuleStore store(context.tenant);
  v1::UpdateRoutingRuleResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        // Merged again under the lock: another change of other fields must not be undone.
        CTC_ASSIGN_OR_RETURN(auto rule, store.Get(c, request.id(), true));
        if (!rule) return NoSuchRule();
        Merge(request, *rule);
        CTC_RETURN_IF_ERROR(CheckShape(*rule));
        *rule->mutable_updated_at() = base::ToProto(clock_.Now());
        *response.mutable_rule() = *std::move(rule);
        return store.Update(c, response.rule());
      });
  directory_.ForgetRules(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Task<absl::StatusOr<v1::DeleteRoutingRuleResponse>> RoutingService::DeleteRoutingRule(
    rpc::Context context, const v1::DeleteRoutingRuleRequest& request) {
  const RuleStore store(context.tenant);
  bool found = false;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(found, store.Delete(c, request.id()));
        return absl::OkStatus();
      });
  directory_.ForgetRules(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  if (!found) co_return NoSuchRule();
  co_return v1::DeleteRoutingRuleResponse();
}

}  // namespace ctc::routing
