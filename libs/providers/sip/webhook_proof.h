// Whether a webhook comes from the switch: signatures, tokens and credentials. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

#include "libs/providers/adapter.h"
#include "libs/providers/sip/proof_settings.h"

namespace ctc::providers::sip {

struct WebhookProof {
  dispatch::v1::ReadWebhookResponse::Verdict verdict;
  std::string reason;                   // empty when GENUINE
  std::optional<absl::Time> signed_at;  // where the time is signed along
  std::string session;                  // the only one that it may be about; empty: any
};

// True for a time beyond the window, or older than the settings' tolerance where it is signed.
bool IsOutside(std::optional<absl::Time> at, absl::Time now, const ReplayWindow& window);
bool IsOutside(const WebhookProof& proof, const ProofSettings& settings, absl::Time now,
               const ReplayWindow& window);

WebhookProof ProveWebhook(const Account& account, const ProofSettings& settings,
                          const common::v1::HttpRequest& request);

}  // namespace ctc::providers::sip
