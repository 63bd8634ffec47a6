// What a provider answers that is never asked for flows, dials both parties itself, or keeps no
// recordings.
#include "libs/providers/adapter.h"

#include "libs/base/error.h"
#include "libs/base/error_catalogue.h"
#include "libs/providers/missing_capability.h"
#include "libs/providers/outcome.h"

namespace ctc::providers {
namespace {

constexpr std::string_view kThisType = "this provider type";

}  // namespace

std::vector<std::string> Adapter::CapabilitiesOf(const dispatch::v1::Provider& /*config*/) const {
  const dispatch::v1::ProviderTypeInfo info = Describe();
  return {info.capabilities().begin(), info.capabilities().end()};
}

dispatch::v1::ReadFlowResponse Adapter::ReadFlow(const Account& /*account*/,
                                                 const common::v1::HttpRequest& /*request*/,
                                                 absl::Time /*now*/) const {
  dispatch::v1::ReadFlowResponse response;
  response.set_verdict(dispatch::v1::ReadWebhookResponse::UNREADABLE);
  response.set_reason("this provider type asks for no call flow over HTTP");
  return response;
}

absl::StatusOr<common::v1::HttpResponse> Adapter::RenderFlow(
    const Account& /*account*/, const dispatch::v1::RenderFlowRequest& /*request*/) const {
  return base::MakeError(base::kCapabilityMissing,
                         "this provider type asks for no call flow over HTTP");
}

Task<dispatch::v1::PlaceCallResponse> Adapter::DialCustomer(
    const Account& /*account*/, const dispatch::v1::CallOrder& /*order*/) {
  co_return NotSent(base::kCapabilityMissing, "this provider type dials the customer itself");
}

Task<absl::StatusOr<dispatch::v1::LookUpCallResponse>> Adapter::LookUpCustomer(
    const Account& /*account*/, const dispatch::v1::LookUpCallRequest& /*request*/) {
  co_return MissingCapability(kThisType, "look_up");
}

Task<absl::StatusOr<Recording>> Adapter::FetchRecording(const Account& /*account*/,
                                                        const std::string& /*recording_url*/) {
  co_return MissingCapability(kThisType, "fetch_recording");
}

Task<absl::Status> Adapter::DeleteRecording(std::string /*account_id*/,
                                            std::string /*recording_url*/) {
  co_return absl::OkStatus();
}

Task<void> Adapter::EndLost(std::shared_ptr<const Account> /*account*/,
                            std::vector<session::v1::Session> /*live*/) {
  co_return;
}

Task<void> Adapter::Leave() { co_return; }

}  // namespace ctc::providers
