// Callers of a switch that asks over HTTP what to do with them: proven as the account's webhooks
// are, read and answered in the dialect of its settings. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "libs/base/status.h"
#include "libs/providers/adapter.h"
#include "libs/providers/sip/switch_template.h"

namespace ctc::providers::sip {

// The answer of an account that asks nothing: another one of the tenant may be meant.
dispatch::v1::ReadFlowResponse NoFlow(std::string reason);

// As Adapter::ReadFlow and RenderFlow promise.
dispatch::v1::ReadFlowResponse ReadCallerQuestion(const Account& account,
                                                  const SwitchTemplate& settings,
                                                  const common::v1::HttpRequest& request,
                                                  absl::Time now, const ReplayWindow& window);
absl::StatusOr<common::v1::HttpResponse> AnswerCaller(
    const Account& account, const SwitchTemplate& settings,
    const dispatch::v1::RenderFlowRequest& request);

// As Adapter::ReadWebhook promises; nothing for webhooks that tell of no caller.
std::optional<dispatch::v1::ReadWebhookResponse> ReadCallerEvent(
    const Account& account, const SwitchTemplate& settings, const common::v1::HttpRequest& request,
    absl::Time now, const ReplayWindow& window);

}  // namespace ctc::providers::sip
