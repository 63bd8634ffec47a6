// The webhook of switches that have no scheme of their own (Asterisk, SIP): one flat JSON object in
// the seed's words, signed by X-Signature = hex HMAC-SHA256 of the raw body. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <string_view>

#include "ctc/common/v1/http.pb.h"
#include "ctc/common/v1/provider_type.pb.h"
#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/providers/adapter.h"

namespace ctc::providers {

// True when the header is the HMAC of `body`, in hex, with or without "sha256=".
bool SignatureFits(const base::Secret& secret, std::string_view body, std::string_view header);

// Verifies, then reads. Verdict and facts as Adapter::ReadWebhook promises.
dispatch::v1::ReadWebhookResponse ReadSignedWebhook(const Account& account,
                                                    const common::v1::HttpRequest& request,
                                                    absl::Time now, const ReplayWindow& window);

}  // namespace ctc::providers
