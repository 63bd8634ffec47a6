// Whether a webhook comes from the switch: signatures and credentials. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

#include "libs/providers/adapter.h"
#include "libs/providers/sip/webhook_mapping.h"

namespace ctc::providers::sip {

struct WebhookProof {
  dispatch::v1::ReadWebhookResponse::Verdict verdict;
  std::string reason;                   // empty when GENUINE
  std::optional<absl::Time> signed_at;  // where the time is signed along
};

WebhookProof ProveWebhook(const base::Secret& secret, const WebhookMapping& mapping,
                          const common::v1::HttpRequest& request);

}  // namespace ctc::providers::sip
