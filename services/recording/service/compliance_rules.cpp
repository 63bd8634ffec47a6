// rpcs of the compliance rules and of the recording settings.
#include <absl/strings/ascii.h>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/recording/domain/calling_hours.h"
#include "services/recording/service/recording_service.h"
#include "services/recording/store/config_store.h"
#include "services/recording/store/rule_store.h"

namespace ctc::recording {
namespace {

using Rule = v1::ComplianceRule;

absl::Status NoSuchRule() {
  return base::MakeError(base::kNotFound, "there is no such compliance rule");
}

absl::Status CheckJurisdiction(const std::string& text) {
  const bool fits = text.empty() || (text.size() == 2 && absl::ascii_isupper(text[0]) &&
                                     absl::ascii_isupper(text[1]));
  return fits ? absl::OkStatus()
              : base::InvalidField("jurisdiction", "must be a country of ISO 3166, as \"US\"");
}

absl::Status CheckRule(const Rule& rule) {
  if (rule.rule_name().empty() || rule.rule_name().size() > 255) {
    return base::InvalidField("rule_name", "is required, with at most 255 characters");
  }
  CTC_RETURN_IF_ERROR(CheckJurisdiction(rule.jurisdiction()));
  if (rule.rule_type() == Rule::CALLING_HOURS) {
    return CallingHours::Parse(rule.parameters()).status();
  }
  if (rule.rule_type() != Rule::RECORDING_CONSENT) {
    return base::InvalidField("rule_type",
                              "must be CALLING_HOURS or RECORDING_CONSENT in this release");
  }
  return ReadConsentParameters(rule.parameters()).status();
}

void Merge(const v1::UpdateComplianceRuleRequest& request, Rule& rule) {
  if (request.has_rule_name()) rule.set_rule_name(request.rule_name());
  if (request.has_jurisdiction()) rule.set_jurisdiction(request.jurisdiction());
  if (request.has_parameters()) *rule.mutable_parameters() = request.parameters();
  if (request.has_is_active()) rule.set_is_active(request.is_active());
}

absl::Status OneOf(std::string_view field, std::string_view value,
                   std::initializer_list<std::string_view> allowed) {
  for (std::string_view one : allowed) {
    if (value == one) return absl::OkStatus();
  }
  std::string detail = "must be one of";
  for (std::string_view one : allowed) absl::StrAppend(&detail, " ", std::string(one));
  return base::InvalidField(field, detail);
}

// Whoever asks for more than is done must not take it for done.
void TellWhatIsNotEnforced(v1::RecordingConfig& config) {
  if (config.storage_type() != "LOCAL") config.add_not_enforced("storage_type");
  if (config.format() != "WAV") config.add_not_enforced("format");
  config.add_not_enforced("bitrate_kbps");
  if (config.encryption_enabled()) config.add_not_enforced("encryption_enabled");
}

absl::StatusOr<v1::RecordingConfig> ConfigFrom(const v1::PutRecordingConfigRequest& request) {
  v1::RecordingConfig config = DefaultConfig();
  config.set_auto_record(request.auto_record());
  if (request.has_storage_type()) config.set_storage_type(request.storage_type());
  if (request.has_format()) config.set_format(request.format());
  if (request.has_bitrate_kbps()) config.set_bitrate_kbps(request.bitrate_kbps());
  if (request.has_retention_days()) config.set_retention_days(request.retention_days());
  config.set_encryption_enabled(request.encryption_enabled());
  CTC_RETURN_IF_ERROR(
      OneOf("storage_type", config.storage_type(), {"LOCAL", "S3", "GCS", "AZURE"}));
  CTC_RETURN_IF_ERROR(OneOf("format", config.format(), {"MP3", "WAV", "OGG", "M4A"}));
  if (config.bitrate_kbps() < 8 || config.bitrate_kbps() > 320) {
    return base::InvalidField("bitrate_kbps", "must be 8 to 320");
  }
  if (config.retention_days() < 1 || config.retention_days() > 3650) {
    return base::InvalidField("retention_days", "must be 1 to 3650");
  }
  return config;
}

}  // namespace

Answer<v1::CreateComplianceRuleResponse> RecordingService::CreateComplianceRule(
    rpc::Context context, const v1::CreateComplianceRuleRequest& request) {
  v1::CreateComplianceRuleResponse response;
  Rule& rule = *response.mutable_rule();
  rule.set_id(ids_.Uuid());
  rule.set_rule_name(request.rule_name());
  rule.set_rule_type(request.rule_type());
  rule.set_jurisdiction(request.jurisdiction());
  *rule.mutable_parameters() = request.parameters();
  rule.set_is_active(!request.has_is_active() || request.is_active());
  *rule.mutable_created_at() = base::ToProto(clock_.Now());
  CTC_CO_RETURN_IF_ERROR(CheckRule(rule));
  const absl::Status status = co_await database_.Run(
      context.deadline,
      [&](db::Connection& c) -> absl::Status { return RuleStore(context.tenant).Insert(c, rule); });
  policies_.Invalidate(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Answer<v1::ListComplianceRulesResponse> RecordingService::ListComplianceRules(
    rpc::Context context, const v1::ListComplianceRulesRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kRuleOrders, context.tenant, request));
  v1::ListComplianceRulesResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(auto found, RuleStore(context.tenant).List(c, page));
        response.Clear();
        page.Describe(found.total, found.next_cursor, response);
        for (auto& rule : found.rules) *response.add_rules() = std::move(rule);
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Answer<v1::GetComplianceRuleResponse> RecordingService::GetComplianceRule(
    rpc::Context context, const v1::GetComplianceRuleRequest& request) {
  v1::GetComplianceRuleResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(auto rule, RuleStore(context.tenant).Get(c, request.id(), false));
        if (!rule) return NoSuchRule();
        *response.mutable_rule() = *std::move(rule);
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Answer<v1::UpdateComplianceRuleResponse> RecordingService::UpdateComplianceRule(
    rpc::Context context, const v1::UpdateComplianceRuleRequest& request) {
  v1::UpdateComplianceRuleResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        const RuleStore store(context.tenant);
        CTC_ASSIGN_OR_RETURN(auto rule, store.Get(c, request.id(), true));
        if (!rule) return NoSuchRule();
        Merge(request, *rule);
        CTC_RETURN_IF_ERROR(CheckRule(*rule));
        *response.mutable_rule() = *std::move(rule);
        return store.Update(c, response.rule(), clock_.Now());
      });
  policies_.Invalidate(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Answer<v1::DeleteComplianceRuleResponse> RecordingService::DeleteComplianceRule(
    rpc::Context context, const v1::DeleteComplianceRuleRequest& request) {
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const bool gone, RuleStore(context.tenant).Delete(c, request.id()));
        return gone ? absl::OkStatus() : NoSuchRule();
      });
  policies_.Invalidate(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return v1::DeleteComplianceRuleResponse{};
}

Answer<v1::GetRecordingConfigResponse> RecordingService::GetRecordingConfig(
    rpc::Context context, const v1::GetRecordingConfigRequest&) {
  v1::GetRecordingConfigResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(*response.mutable_config(), LoadConfig(c, context.tenant));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  TellWhatIsNotEnforced(*response.mutable_config());
  co_return response;
}

Answer<v1::PutRecordingConfigResponse> RecordingService::PutRecordingConfig(
    rpc::Context context, const v1::PutRecordingConfigRequest& request) {
  v1::PutRecordingConfigResponse response;
  v1::RecordingConfig& config = *response.mutable_config();
  CTC_CO_ASSIGN_OR_RETURN(config, ConfigFrom(request));
  *config.mutable_updated_at() = base::ToProto(clock_.Now());
  const absl::Status status = co_await database_.Run(
      context.deadline,
      [&](db::Connection& c) -> absl::Status { return SaveConfig(c, context.tenant, config); });
  policies_.Invalidate(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  TellWhatIsNotEnforced(config);
  co_return response;
}

}  // namespace ctc::recording
