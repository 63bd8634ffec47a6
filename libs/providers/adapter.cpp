// What a provider answers that is never asked for flows.
#include "libs/providers/adapter.h"

#include "libs/base/error.h"
#include "libs/base/error_catalogue.h"

namespace ctc::providers {

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

}  // namespace ctc::providers
