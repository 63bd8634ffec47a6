// What a provider answers that is never asked for flows, or keeps no recordings.
#include "libs/providers/adapter.h"

#include "libs/base/error.h"
#include "libs/base/error_catalogue.h"

namespace ctc::providers {

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

Task<absl::StatusOr<Recording>> Adapter::FetchRecording(const Account& /*account*/,
                                                        const std::string& /*recording_url*/) {
  base::ErrorDetail detail;
  detail.metadata["capability"] = "fetch_recording";
  co_return base::MakeError(base::kCapabilityMissing, "this provider type gives no recordings",
                            std::move(detail));
}

}  // namespace ctc::providers
