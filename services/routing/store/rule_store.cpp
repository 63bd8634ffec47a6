#include "services/routing/store/rule_store.h"

#include "libs/base/proto_time.h"
#include "libs/transcoding/json_writer.h"
#include "services/routing/store/json_column.h"

namespace ctc::routing {
namespace {

#define CTC_RULE_COLUMNS                                                       \
  "SELECT id, rule_name, rule_type, condition_json, action_json, provider_id," \
  " fallback_provider_id, priority, is_active, created_at, updated_at FROM call_routing_rule "

// A tenant has tens; the bound keeps a runaway script out of every call's way.
constexpr int64_t kMaxActive = 1000;

absl::StatusOr<v1::RoutingRule> FromRow(const db::Row& row) {
  v1::RoutingRule rule;
  rule.set_id(row.Text(0));
  rule.set_rule_name(row.Text(1));
  v1::RoutingRule::Type type = v1::RoutingRule::TYPE_UNSPECIFIED;
  v1::RoutingRule::Type_Parse(row.Text(2), &type);
  rule.set_rule_type(type);
  CTC_RETURN_IF_ERROR(ReadJsonColumn("condition_json", row.Text(3), rule));
  CTC_RETURN_IF_ERROR(ReadJsonColumn("action_json", row.Text(4), rule));
  if (!row.IsNull(5)) rule.set_provider_id(row.Text(5));
  if (!row.IsNull(6)) rule.set_fallback_provider_id(row.Text(6));
  rule.set_priority(static_cast<int>(row.Int(7)));
  rule.set_is_active(row.Int(8) != 0);
  *rule.mutable_created_at() = base::ToProto(row.Time(9));
  *rule.mutable_updated_at() = base::ToProto(row.Time(10));
  return rule;
}

absl::StatusOr<std::vector<v1::RoutingRule>> FromRows(const db::Rows& rows) {
  std::vector<v1::RoutingRule> rules;
  for (const db::Row& row : rows) {
    CTC_ASSIGN_OR_RETURN(v1::RoutingRule rule, FromRow(row));
    rules.push_back(std::move(rule));
  }
  return rules;
}

constexpr db::SortKey kSortKeys[] = {{"priority", "priority", 7, /*is_number=*/true},
                                     {"rule_name", "rule_name", 1},
                                     {"created_at", "created_at", 9}};

}  // namespace

const db::ListOrders kRuleOrders = {"routing_rules", "priority", kSortKeys};

absl::Status RuleStore::Insert(db::Connection& c, const v1::RoutingRule& rule) const {
  return c
      .Execute(
          "INSERT INTO call_routing_rule (id, tenant_id, rule_name, rule_type, condition_json,"
          " action_json, provider_id, fallback_provider_id, priority, is_active, created_at,"
          " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {rule.id(), tenant_.value(), rule.rule_name(),
           v1::RoutingRule::Type_Name(rule.rule_type()), transcoding::ToJson(rule.condition_json()),
           transcoding::ToJson(rule.action_json()), db::TextOrNull(rule.provider_id()),
           db::TextOrNull(rule.fallback_provider_id()), int64_t{rule.priority()},
           int64_t{rule.is_active()}, base::FromProto(rule.created_at()),
           base::FromProto(rule.updated_at())})
      .status();
}

absl::Status RuleStore::Update(db::Connection& c, const v1::RoutingRule& rule) const {
  return c
      .Execute(
          "UPDATE call_routing_rule SET rule_name = ?, condition_json = ?, action_json = ?,"
          " provider_id = ?, fallback_provider_id = ?, priority = ?, is_active = ?,"
          " updated_at = ? WHERE tenant_id = ? AND id = ?",
          {rule.rule_name(), transcoding::ToJson(rule.condition_json()),
           transcoding::ToJson(rule.action_json()), db::TextOrNull(rule.provider_id()),
           db::TextOrNull(rule.fallback_provider_id()), int64_t{rule.priority()},
           int64_t{rule.is_active()}, base::FromProto(rule.updated_at()), tenant_.value(),
           rule.id()})
      .status();
}

absl::StatusOr<std::optional<v1::RoutingRule>> RuleStore::Get(db::Connection& c,
                                                              const std::string& id,
                                                              bool for_update) const {
  const db::Params params = {tenant_.value(), id};
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      for_update ? c.Query(CTC_RULE_COLUMNS "WHERE tenant_id = ? AND id = ? FOR UPDATE", params)
                 : c.Query(CTC_RULE_COLUMNS "WHERE tenant_id = ? AND id = ?", params));
  if (rows.empty()) return std::nullopt;
  CTC_ASSIGN_OR_RETURN(v1::RoutingRule rule, FromRow(rows[0]));
  return rule;
}

absl::StatusOr<RulePage> RuleStore::List(db::Connection& c, const db::ListPage& page) const {
  RulePage found;
  CTC_ASSIGN_OR_RETURN(
      const db::Rows count,
      c.Query("SELECT COUNT(*) FROM call_routing_rule WHERE tenant_id = ?", {tenant_.value()}));
  found.total = count[0].Int(0);
  CTC_ASSIGN_OR_RETURN(db::ListRows listed,
                       page.Select(c, CTC_RULE_COLUMNS "WHERE tenant_id = ?", {tenant_.value()}));
  CTC_ASSIGN_OR_RETURN(found.rules, FromRows(listed.rows));
  found.next_cursor = std::move(listed.next_cursor);
  return found;
}

absl::StatusOr<std::vector<v1::RoutingRule>> RuleStore::ListActive(db::Connection& c) const {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      c.Query(CTC_RULE_COLUMNS
              "WHERE tenant_id = ? AND is_active = 1 ORDER BY priority, id LIMIT ?",
              {tenant_.value(), kMaxActive}));
  return FromRows(rows);
}

absl::StatusOr<bool> RuleStore::Delete(db::Connection& c, const std::string& id) const {
  CTC_ASSIGN_OR_RETURN(const int64_t gone,
                       c.Execute("DELETE FROM call_routing_rule WHERE tenant_id = ? AND id = ?",
                                 {tenant_.value(), id}));
  return gone > 0;
}

}  // namespace ctc::routing
