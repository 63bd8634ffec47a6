// Submission outcomes (NOT_SENT, ACCEPTED, REFUSED, UNKNOWN) and control errors from HTTP answers:
// what is the same for every provider. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/status.h"
#include "libs/http/client.h"

namespace ctc::providers {

// Whether another account may be tried after a refusal: only when the fault is the provider's.
enum class FailOver { kAllowed, kForbidden };

dispatch::v1::PlaceCallResponse Accepted(std::string provider_call_id);
dispatch::v1::PlaceCallResponse Refused(const base::ErrorSpec& error, std::string_view detail,
                                        FailOver fail_over, session::v1::EndReason reason);
dispatch::v1::PlaceCallResponse NotSent(const base::ErrorSpec& error, std::string_view detail);
// Never followed by another dial: the request may have arrived.
dispatch::v1::PlaceCallResponse UnknownOutcome(const base::ErrorSpec& error,
                                               std::string_view detail);

// The outcome where it does not depend on the provider's own error codes: transport failures, 401,
// 402, 403, 429, 3xx and 5xx. Nothing for 2xx and the other 4xx.
std::optional<dispatch::v1::PlaceCallResponse> CommonOutcome(const http::ClientResult& result);

// The error of a live-control or look-up request; OK for 2xx. 404 and the provider's own codes are
// the caller's to judge before.
absl::Status ControlStatus(const http::ClientResult& result);

// True when a call that a look-up came upon is known to be another session's.
bool IsOfOthers(const dispatch::v1::LookUpCallRequest& request, std::string_view provider_call_id);

// True when an outcome is the provider's fault and counts against its circuit. A busy customer, a
// wrong number or a rate limit never does.
bool CountsAgainstProvider(const dispatch::v1::PlaceCallResponse& response);

// At most 200 characters of a provider's text, control characters replaced.
std::string Excerpt(std::string_view text);

}  // namespace ctc::providers
