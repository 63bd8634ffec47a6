// What jambonz asks and tells of a caller: the call hook, the action hooks of our verbs, and the
// call status hook. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

#include "libs/providers/adapter.h"

namespace ctc::providers::sip {

// Of a genuine question, "" or what cannot be read. `response` gets the session that the URL names.
std::string ReadHook(const common::v1::HttpRequest& request,
                     dispatch::v1::ReadFlowResponse& response);

// True for a status of a caller's call, or of the agent rung for it, which brings the tag of our
// dial verb back; legs of calls that we placed have another tag, or none.
bool IsCallerStatus(const common::v1::HttpRequest& request);
// Of a genuine status. "" or what cannot be read. It bears no time of its own: `signed_at`, when it
// was sent, is the next best.
std::string ReadCallerStatus(const Account& account, const common::v1::HttpRequest& request,
                             absl::Time now, std::optional<absl::Time> signed_at,
                             dispatch::v1::ReadWebhookResponse& response);

}  // namespace ctc::providers::sip
