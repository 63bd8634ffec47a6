// rpcs that ask whether a call may be made, and recorded.
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/telephony/number_zones.h"
#include "libs/telephony/phone_number.h"
#include "services/recording/service/recording_service.h"

namespace ctc::recording {
namespace {

using Record = CallQuestion::Record;

template <class Request>
Record RecordOf(const Request& request) {
  if (!request.has_record()) return Record::kByConfiguration;
  return request.record() ? Record::kYes : Record::kNo;
}

void Tell(const Reason& reason, v1::CheckComplianceResponse::Reason& out) {
  out.set_code(reason.code);
  out.set_detail(reason.detail);
  out.set_rule_id(reason.rule_id);
}

}  // namespace

Task<absl::StatusOr<Decision>> RecordingService::Ask(rpc::Context context, std::string to_phone,
                                                     absl::Time at, Record record) {
  auto number = telephony::E164::Parse(to_phone);
  if (!number.ok())
    co_return base::InvalidField("to_phone", std::string(number.status().message()));
  CTC_CO_ASSIGN_OR_RETURN(const auto policy,
                          co_await policies_.Get(context.tenant, context.deadline));
  CallQuestion question;
  question.to_phone = number->value();
  if (policy->needs_region()) question.region = telephony::RegionOf(*number);
  if (policy->needs_zones()) question.zones = telephony::ZonesOf(*number);
  question.at = at;
  question.record = record;
  if (!policy->lists_are_whole) {
    CTC_CO_ASSIGN_OR_RETURN(
        question.entries,
        co_await numbers_.Get(context.tenant, question.to_phone, context.deadline));
  }
  co_return Decide(*policy, question);
}

Answer<v1::CheckComplianceResponse> RecordingService::CheckCompliance(
    rpc::Context context, const v1::CheckComplianceRequest& request) {
  const absl::Time at = request.has_at() ? base::FromProto(request.at()) : clock_.Now();
  CTC_CO_ASSIGN_OR_RETURN(const Decision decision,
                          co_await Ask(context, request.to_phone(), at, Record::kByConfiguration));
  v1::CheckComplianceResponse response;
  response.set_verdict(std::string(VerdictName(decision.verdict)));
  for (const Reason& reason : decision.reasons) Tell(reason, *response.add_reasons());
  if (decision.verdict == Verdict::kDefer) {
    *response.mutable_allowed_from() = base::ToProto(decision.allowed_from);
  }
  co_return response;
}

Answer<v1::CheckCallResponse> RecordingService::CheckCall(rpc::Context context,
                                                          const v1::CheckCallRequest& request) {
  const absl::Time now = clock_.Now();
  CTC_CO_ASSIGN_OR_RETURN(Decision decision,
                          co_await Ask(context, request.to_phone(), now, RecordOf(request)));
  v1::CheckCallResponse response;
  response.set_verdict(std::string(VerdictName(decision.verdict)));
  response.set_record(decision.record);
  for (const Reason& reason : decision.reasons) Tell(reason, *response.add_reasons());
  AuditEntry entry;
  entry.session_id = request.session_id();
  entry.to_phone = request.to_phone();
  entry.agent_id = request.agent_id();
  entry.decision = std::move(decision);
  entry.at = now;
  CTC_CO_RETURN_IF_ERROR(co_await Audit(context, std::move(entry)));
  co_return response;
}

Answer<v1::CheckRecordingResponse> RecordingService::CheckRecording(
    rpc::Context context, const v1::CheckRecordingRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const auto policy,
                          co_await policies_.Get(context.tenant, context.deadline));
  CallQuestion question;
  // Of a caller who cannot be told every country's rules hold.
  const auto number = telephony::E164::Parse(request.phone());
  if (number.ok() && policy->needs_region()) question.region = telephony::RegionOf(*number);
  question.at = clock_.Now();
  question.record = RecordOf(request);
  question.message = request.subject() == v1::CheckRecordingRequest::MESSAGE;
  Decision decision = DecideRecording(*policy, question);
  v1::CheckRecordingResponse response;
  response.set_record(decision.record);
  for (const Reason& reason : decision.reasons) Tell(reason, *response.add_reasons());
  AuditEntry entry;
  entry.session_id = request.session_id();
  if (number.ok()) entry.to_phone = number->value();
  entry.agent_id = request.agent_id();
  entry.decision = std::move(decision);
  entry.at = question.at;
  CTC_CO_RETURN_IF_ERROR(co_await Audit(context, std::move(entry)));
  co_return response;
}

Task<absl::Status> RecordingService::Audit(const rpc::Context& context, AuditEntry entry) {
  if (entry.decision.reasons.empty()) co_return absl::OkStatus();
  entry.id = ids_.Uuid();
  co_return co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
    return InsertAudit(c, context.tenant, entry);
  });
}

}  // namespace ctc::recording
