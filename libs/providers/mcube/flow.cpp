#include "libs/providers/mcube/flow.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/providers/callback_token.h"
#include "libs/providers/mcube/push.h"
#include "libs/providers/mcube/request.h"
#include "libs/providers/missing_capability.h"

namespace ctc::providers::mcube {
namespace {

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;
using Json = nlohmann::json;

FlowInput::Kind InputOf(const Push& push) {
  if (push.word == "busy" || push.word == "executivebusy") return FlowInput::DIAL_BUSY;
  if (push.word == "noanswer") return FlowInput::DIAL_NO_ANSWER;
  return push.word == "cancel" ? FlowInput::CALLER_GONE : FlowInput::STARTED;
}

const char* CapabilityOf(const FlowStep& step) {
  if (step.has_gather()) return "gather";
  if (step.has_voicemail()) return "voicemail";
  if (step.has_wait()) return "wait";
  return "prompts";
}

}  // namespace

ReadFlowResponse ReadPull(const Account& account, const common::v1::HttpRequest& request) {
  ReadFlowResponse response;
  const CallbackVerdict verdict = CheckCallback(account, CredentialOf(account), request);
  response.set_verdict(verdict.verdict);
  response.set_reason(verdict.reason);
  if (verdict.verdict != ReadWebhookResponse::GENUINE) return response;
  response.set_provider_id(account.config.id());
  const absl::StatusOr<Push> push = ReadPush(request);
  if (!push.ok() || push->callid.empty()) {
    response.set_verdict(ReadWebhookResponse::UNREADABLE);
    response.set_reason(push.ok() ? "callid: is missing" : std::string(push.status().message()));
    return response;
  }
  dispatch::v1::FlowCall& call = *response.mutable_call();
  call.set_session(verdict.session);
  call.set_provider_call_id(push->callid);
  call.set_from_phone(push->customer);
  call.set_to_phone(push->did);
  response.mutable_input()->set_kind(InputOf(*push));
  return response;
}

absl::StatusOr<common::v1::HttpResponse> RenderAgent(const FlowStep& step) {
  const bool nothing_else = step.prompts_size() == 0 && (step.has_dial() || step.has_hang_up());
  if (!nothing_else && !step.has_hang_up()) return MissingCapability("mCube", CapabilityOf(step));
  const std::string agent = step.has_dial() ? DiallableNumber(step.dial().phone()) : "";
  if (step.has_dial() && agent.empty()) {
    return MissingCapability("mCube", "agents without a number");
  }
  const int seconds = agent.empty() ? 0 : std::max(1, step.dial().ring_seconds());
  const Json json = {{"agent", agent}, {"ring_seconds", seconds}};
  common::v1::HttpResponse response;
  response.set_status(200);
  response.set_content_type("application/json");
  response.set_body(json.dump());
  return response;
}

}  // namespace ctc::providers::mcube
