// The webhooks of a switch that has its own form, by the mapping of its template. Pure;
// thread-safe.
#pragma once

#include "libs/providers/adapter.h"
#include "libs/providers/sip/webhook_mapping.h"

namespace ctc::providers::sip {

// Verifies, then reads. Verdict and facts as Adapter::ReadWebhook promises; an event that says
// nothing to us is genuine and brings no facts.
dispatch::v1::ReadWebhookResponse ReadMappedWebhook(const Account& account,
                                                    const WebhookMapping& mapping,
                                                    const common::v1::HttpRequest& request,
                                                    absl::Time now, const ReplayWindow& window);

// True when the body is the flat one of signed_webhook.h, which any switch may send as well.
bool IsSeedWebhook(const common::v1::HttpRequest& request);

}  // namespace ctc::providers::sip
