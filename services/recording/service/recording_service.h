// The rpcs of RecordingService; each group of them is a file: phone_numbers, compliance_rules,
// call_check, recordings.
#pragma once

#include "ctc/recording/v1/recording_service.pb.h"
#include "ctc/session/v1/session.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/rpc/channel.h"
#include "services/recording/domain/compliance.h"
#include "services/recording/service/media_source.h"
#include "services/recording/service/number_cache.h"
#include "services/recording/service/policy_cache.h"
#include "services/recording/store/audit_store.h"
#include "services/recording/store/recording_store.h"

namespace ctc::recording {

template <class T>
using Answer = Task<absl::StatusOr<T>>;

class RecordingService {
 public:
  RecordingService(db::Database& database, const base::Clock& clock, base::Random& random,
                   MediaSource& media, rpc::Channel& sessions)
      : database_(database),
        clock_(clock),
        ids_(clock, random),
        policies_(database, clock),
        numbers_(database, clock),
        media_(media),
        sessions_(sessions) {}

  Answer<v1::CreatePhoneNumberResponse> CreatePhoneNumber(rpc::Context,
                                                          const v1::CreatePhoneNumberRequest&);
  Answer<v1::ListPhoneNumbersResponse> ListPhoneNumbers(rpc::Context,
                                                        const v1::ListPhoneNumbersRequest&);
  Answer<v1::GetPhoneNumberResponse> GetPhoneNumber(rpc::Context, const v1::GetPhoneNumberRequest&);
  Answer<v1::UpdatePhoneNumberResponse> UpdatePhoneNumber(rpc::Context,
                                                          const v1::UpdatePhoneNumberRequest&);
  Answer<v1::DeletePhoneNumberResponse> DeletePhoneNumber(rpc::Context,
                                                          const v1::DeletePhoneNumberRequest&);
  Answer<v1::ImportPhoneNumbersResponse> ImportPhoneNumbers(rpc::Context,
                                                            const v1::ImportPhoneNumbersRequest&);

  Answer<v1::CreateComplianceRuleResponse> CreateComplianceRule(
      rpc::Context, const v1::CreateComplianceRuleRequest&);
  Answer<v1::ListComplianceRulesResponse> ListComplianceRules(
      rpc::Context, const v1::ListComplianceRulesRequest&);
  Answer<v1::GetComplianceRuleResponse> GetComplianceRule(rpc::Context,
                                                          const v1::GetComplianceRuleRequest&);
  Answer<v1::UpdateComplianceRuleResponse> UpdateComplianceRule(
      rpc::Context, const v1::UpdateComplianceRuleRequest&);
  Answer<v1::DeleteComplianceRuleResponse> DeleteComplianceRule(
      rpc::Context, const v1::DeleteComplianceRuleRequest&);

  Answer<v1::CheckComplianceResponse> CheckCompliance(rpc::Context,
                                                      const v1::CheckComplianceRequest&);
  // On the way of every call: no SQL while the policy is fresh and nothing restrains the call.
  Answer<v1::CheckCallResponse> CheckCall(rpc::Context, const v1::CheckCallRequest&);
  // The same on the way of every caller.
  Answer<v1::CheckRecordingResponse> CheckRecording(rpc::Context, const v1::CheckRecordingRequest&);

  Answer<v1::GetRecordingConfigResponse> GetRecordingConfig(rpc::Context,
                                                            const v1::GetRecordingConfigRequest&);
  Answer<v1::PutRecordingConfigResponse> PutRecordingConfig(rpc::Context,
                                                            const v1::PutRecordingConfigRequest&);
  Answer<v1::ListRecordingsResponse> ListRecordings(rpc::Context, const v1::ListRecordingsRequest&);
  Answer<v1::GetRecordingResponse> GetRecording(rpc::Context, const v1::GetRecordingRequest&);
  Answer<v1::ListSessionRecordingsResponse> ListSessionRecordings(
      rpc::Context, const v1::ListSessionRecordingsRequest&);
  Answer<v1::GetRecordingMediaResponse> GetRecordingMedia(rpc::Context,
                                                          const v1::GetRecordingMediaRequest&);

 private:
  // A list of the tenant changed.
  void ForgetLists(const base::TenantId& tenant);
  Task<absl::StatusOr<Decision>> Ask(rpc::Context context, std::string to_phone, absl::Time at,
                                     CallQuestion::Record record);
  // Written down when a rule spoke.
  Task<absl::StatusOr<RecordingPage>> PageOf(rpc::Context context, RecordingFilter filter,
                                             db::ListPage page);
  Task<absl::StatusOr<v1::Recording>> Find(rpc::Context context, std::string id);
  Task<absl::StatusOr<session::v1::Session>> SessionOf(rpc::Context context, std::string id);
  Task<absl::Status> Audit(const rpc::Context& context, AuditEntry entry);

  db::Database& database_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
  PolicyCache policies_;
  NumberCache numbers_;
  MediaSource& media_;
  rpc::Channel& sessions_;
};

}  // namespace ctc::recording
