#include "services/recording/store/rule_store.h"

#include "libs/base/proto_time.h"
#include "libs/transcoding/json_reader.h"
#include "libs/transcoding/json_writer.h"

namespace ctc::recording {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, rule_name, rule_type, jurisdiction, parameters_json, is_active, created_at"
    " FROM call_compliance_rule ";

absl::StatusOr<v1::ComplianceRule> FromRow(const db::Row& row) {
  v1::ComplianceRule rule;
  rule.set_id(row.Text(0));
  rule.set_rule_name(row.Text(1));
  v1::ComplianceRule::RuleType type = v1::ComplianceRule::RULE_TYPE_UNSPECIFIED;
  v1::ComplianceRule::RuleType_Parse(row.Text(2), &type);
  rule.set_rule_type(type);
  rule.set_jurisdiction(row.Text(3));
  if (!row.Text(4).empty()) {
    // Free data is read as a field: the reader starts from a message of the contract.
    v1::ComplianceRule holder;
    CTC_RETURN_IF_ERROR(
        transcoding::ReadJson(absl::StrCat(R"({"parameters":)", row.Text(4), "}"),
                              transcoding::TableOf(v1::ComplianceRule::descriptor()), holder));
    rule.mutable_parameters()->Swap(holder.mutable_parameters());
  }
  rule.set_is_active(row.Int(5) != 0);
  *rule.mutable_created_at() = base::ToProto(row.Time(6));
  return rule;
}

// Ids are in the order of their making.
constexpr db::SortKey kSortKeys[] = {
    {"created_at", "id", 0}, {"rule_name", "rule_name", 1}, {"rule_type", "rule_type", 2}};

}  // namespace

const db::ListOrders kRuleOrders = {"compliance_rules", "created_at", kSortKeys};

absl::Status RuleStore::Insert(db::Connection& c, const v1::ComplianceRule& rule) const {
  const absl::Time created = base::FromProto(rule.created_at());
  return c
      .Execute(
          "INSERT INTO call_compliance_rule (id, tenant_id, rule_name, rule_type, jurisdiction,"
          " parameters_json, is_active, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {rule.id(), tenant_.value(), rule.rule_name(),
           v1::ComplianceRule::RuleType_Name(rule.rule_type()), rule.jurisdiction(),
           transcoding::ToJson(rule.parameters()), int64_t{rule.is_active()}, created, created})
      .status();
}

absl::Status RuleStore::Update(db::Connection& c, const v1::ComplianceRule& rule,
                               absl::Time now) const {
  return c
      .Execute(
          "UPDATE call_compliance_rule SET rule_name = ?, jurisdiction = ?, parameters_json = ?,"
          " is_active = ?, updated_at = ? WHERE tenant_id = ? AND id = ?",
          {rule.rule_name(), rule.jurisdiction(), transcoding::ToJson(rule.parameters()),
           int64_t{rule.is_active()}, now, tenant_.value(), rule.id()})
      .status();
}

absl::StatusOr<std::optional<v1::ComplianceRule>> RuleStore::Get(db::Connection& c,
                                                                 const std::string& id,
                                                                 bool for_update) const {
  static const std::string kRead = std::string(kColumns) + "WHERE tenant_id = ? AND id = ?";
  static const std::string kLock = kRead + " FOR UPDATE";
  CTC_ASSIGN_OR_RETURN(const auto rows, c.Query(for_update ? kLock : kRead, {tenant_.value(), id}));
  if (rows.empty()) return std::nullopt;
  CTC_ASSIGN_OR_RETURN(auto rule, FromRow(rows[0]));
  return rule;
}

absl::StatusOr<RulePage> RuleStore::List(db::Connection& c, const db::ListPage& page) const {
  static const std::string kList = std::string(kColumns) + "WHERE tenant_id = ?";
  RulePage found;
  CTC_ASSIGN_OR_RETURN(
      const auto count,
      c.Query("SELECT COUNT(*) FROM call_compliance_rule WHERE tenant_id = ?", {tenant_.value()}));
  found.total = count[0].Int(0);
  CTC_ASSIGN_OR_RETURN(db::ListRows listed, page.Select(c, kList, {tenant_.value()}));
  for (const auto& row : listed.rows) {
    CTC_ASSIGN_OR_RETURN(auto rule, FromRow(row));
    found.rules.push_back(std::move(rule));
  }
  found.next_cursor = std::move(listed.next_cursor);
  return found;
}

absl::StatusOr<bool> RuleStore::Delete(db::Connection& c, const std::string& id) const {
  CTC_ASSIGN_OR_RETURN(const auto gone,
                       c.Execute("DELETE FROM call_compliance_rule WHERE tenant_id = ? AND id = ?",
                                 {tenant_.value(), id}));
  return gone > 0;
}

absl::Status RuleStore::LoadPolicy(db::Connection& c, Policy& policy) const {
  static const std::string kActive =
      std::string(kColumns) + "WHERE tenant_id = ? AND is_active = 1 ORDER BY id";
  CTC_ASSIGN_OR_RETURN(const auto rows, c.Query(kActive, {tenant_.value()}));
  for (const auto& row : rows) {
    CTC_ASSIGN_OR_RETURN(auto rule, FromRow(row));
    if (rule.rule_type() == v1::ComplianceRule::CALLING_HOURS) {
      CTC_ASSIGN_OR_RETURN(auto hours, CallingHours::Parse(rule.parameters()));
      policy.hours.push_back({rule.id(), rule.rule_name(), rule.jurisdiction(), std::move(hours)});
    } else if (rule.rule_type() == v1::ComplianceRule::RECORDING_CONSENT) {
      CTC_ASSIGN_OR_RETURN(const bool messages, ReadConsentParameters(rule.parameters()));
      policy.consent.push_back({rule.id(), rule.rule_name(), rule.jurisdiction(), messages});
    }
  }
  return absl::OkStatus();
}

}  // namespace ctc::recording
