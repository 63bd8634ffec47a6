// Exotel's callbacks in our words: status callbacks of placed calls, and what the applets of a
// dashboard flow report of a caller. Pure; thread-safe.
#pragma once

#include "libs/providers/adapter.h"
#include "libs/providers/callback_fields.h"

namespace ctc::providers::exotel {

// Our token in the URL, or X-Signature, then the facts. Exotel signs nothing itself.
dispatch::v1::ReadWebhookResponse ReadCallback(const Account& account,
                                               const common::v1::HttpRequest& request,
                                               absl::Time now, const ReplayWindow& window);

// Exotel's id of a call: opaque, but it stands in URLs and keys of ours.
bool IsCallSid(std::string_view text);

// True when a recording's URL is at a host where Exotel keeps them, or at the account's api_url:
// whoever forges a callback could name any other.
bool IsRecordingHost(const Account& account, std::string_view url);

// True for those of them that may see the account's credentials: at a host of Exotel's, by https.
// Without it only where the account's api_url is without it, too.
bool MaySeeCredentials(const Account& account, std::string_view url);

}  // namespace ctc::providers::exotel
