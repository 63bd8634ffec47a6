// Every error code a client can see, with its HTTP status and what to do next. Codes are stable:
// never rename one. docs/errors.md is generated from AllErrors().
#pragma once

#include <span>

#include "libs/base/error.h"

namespace ctc::base {

// Requests.
inline constexpr ErrorSpec kValidationFailed{
    "VALIDATION_FAILED", absl::StatusCode::kInvalidArgument, 400, "The request is not valid",
    "Correct the fields named in `errors` and send it again."};
inline constexpr ErrorSpec kMalformedJson{
    "MALFORMED_JSON", absl::StatusCode::kInvalidArgument, 400, "The body is not valid JSON",
    "Send one JSON object in UTF-8, without duplicate keys and at most 32 levels deep."};
inline constexpr ErrorSpec kUnknownField{"UNKNOWN_FIELD", absl::StatusCode::kInvalidArgument, 400,
                                         "The request has an unknown field",
                                         "Remove or correct the field named in `errors`."};
inline constexpr ErrorSpec kUnsupportedMediaType{
    "UNSUPPORTED_MEDIA_TYPE", absl::StatusCode::kInvalidArgument, 415,
    "The body's media type is not supported", "Send Content-Type: application/json."};
inline constexpr ErrorSpec kBodyTooLarge{"BODY_TOO_LARGE", absl::StatusCode::kInvalidArgument, 413,
                                         "The body is too large",
                                         "Send at most 1 MiB (an import: 3.5 MiB)."};
inline constexpr ErrorSpec kNotFound{"NOT_FOUND", absl::StatusCode::kNotFound, 404,
                                     "There is no such thing", "Check the id and the tenant."};
inline constexpr ErrorSpec kRouteNotFound{"ROUTE_NOT_FOUND", absl::StatusCode::kNotFound, 404,
                                          "There is no such path",
                                          "See GET /api/v1/openapi.json for the paths there are."};
inline constexpr ErrorSpec kMethodNotAllowed{"METHOD_NOT_ALLOWED", absl::StatusCode::kUnimplemented,
                                             405, "The path does not know this method",
                                             "Use one of the methods in the Allow header."};
inline constexpr ErrorSpec kAlreadyExists{"ALREADY_EXISTS", absl::StatusCode::kAlreadyExists, 409,
                                          "It exists already", "Use or change the one there is."};
inline constexpr ErrorSpec kInUse{"IN_USE", absl::StatusCode::kFailedPrecondition, 409,
                                  "It is in use", "End what uses it first."};

// Who may what.
inline constexpr ErrorSpec kUnauthenticated{
    "UNAUTHENTICATED", absl::StatusCode::kUnauthenticated, 401, "No valid token",
    "Send Authorization: Bearer with a valid API key or JWT."};
inline constexpr ErrorSpec kTenantRequired{"TENANT_REQUIRED", absl::StatusCode::kInvalidArgument,
                                           400, "X-Tenant-ID is missing", "Send X-Tenant-ID."};
inline constexpr ErrorSpec kTenantMismatch{"TENANT_MISMATCH", absl::StatusCode::kPermissionDenied,
                                           403, "The token does not belong to this tenant",
                                           "Send the X-Tenant-ID of the token's tenant."};
inline constexpr ErrorSpec kScopeMissing{"SCOPE_MISSING", absl::StatusCode::kPermissionDenied, 403,
                                         "The token lacks the scope",
                                         "Use a token with the scope named in `metadata.scope`."};
inline constexpr ErrorSpec kRateLimited{"RATE_LIMITED", absl::StatusCode::kResourceExhausted, 429,
                                        "Too many requests", "Wait as long as Retry-After says."};
inline constexpr ErrorSpec kOverloaded{"OVERLOADED", absl::StatusCode::kUnavailable, 503,
                                       "The service is overloaded",
                                       "Wait as long as Retry-After says, then try again."};

// Idempotency.
inline constexpr ErrorSpec kIdempotencyKeyReused{
    "IDEMPOTENCY_KEY_REUSED", absl::StatusCode::kInvalidArgument, 422,
    "The Idempotency-Key was used with another request", "Use a new key for a new request."};
inline constexpr ErrorSpec kIdempotencyInProgress{
    "IDEMPOTENCY_IN_PROGRESS", absl::StatusCode::kAborted, 409,
    "The first request with this Idempotency-Key is still running",
    "Wait as long as Retry-After says, then send it again."};

// Calls.
inline constexpr ErrorSpec kIllegalTransition{
    "ILLEGAL_TRANSITION", absl::StatusCode::kFailedPrecondition, 409,
    "The session cannot change to this status", "Use one of the statuses in `metadata.legal`."};
inline constexpr ErrorSpec kCallNotLive{"CALL_NOT_LIVE", absl::StatusCode::kFailedPrecondition, 409,
                                        "The call is not in a state for this",
                                        "See `metadata.status`; the call must be connected."};
inline constexpr ErrorSpec kCallAlreadyRunning{"CALL_ALREADY_RUNNING",
                                               absl::StatusCode::kFailedPrecondition, 409,
                                               "This agent is already calling this number",
                                               "Use the running session in `metadata.session_id`."};
inline constexpr ErrorSpec kAgentBusy{
    "AGENT_BUSY", absl::StatusCode::kFailedPrecondition, 409, "The agent is on a call",
    "End the call in `metadata.session_id`, or raise the capacity."};
inline constexpr ErrorSpec kTransferOpen{
    "TRANSFER_OPEN", absl::StatusCode::kFailedPrecondition, 409, "The call is being handed over",
    "Complete or cancel the transfer in `metadata.transfer_id` first."};
inline constexpr ErrorSpec kTransferState{"TRANSFER_STATE", absl::StatusCode::kFailedPrecondition,
                                          409, "The transfer is not in a state for this",
                                          "See `metadata.status` of the transfer."};
inline constexpr ErrorSpec kTransferLimit{"TRANSFER_LIMIT", absl::StatusCode::kFailedPrecondition,
                                          409, "The conversation was handed over too often",
                                          "End the call, or keep it."};
inline constexpr ErrorSpec kPartyLimit{"PARTY_LIMIT", absl::StatusCode::kFailedPrecondition, 409,
                                       "The call has as many parties as it may",
                                       "Take a party out first."};
inline constexpr ErrorSpec kNoAgentAvailable{
    "NO_AGENT_AVAILABLE", absl::StatusCode::kFailedPrecondition, 409,
    "No agent of the queue can take the call", "Try again later, or choose another target."};
inline constexpr ErrorSpec kAgentInactive{"AGENT_INACTIVE", absl::StatusCode::kFailedPrecondition,
                                          409, "The agent is not active", "Activate the agent."};
inline constexpr ErrorSpec kBlockedByPolicy{
    "BLOCKED_BY_POLICY", absl::StatusCode::kFailedPrecondition, 403, "The call is not allowed",
    "See `errors` for each rule that forbids it."};
inline constexpr ErrorSpec kNoActiveProvider{
    "NO_ACTIVE_PROVIDER", absl::StatusCode::kFailedPrecondition, 422, "No active provider",
    "Create or activate a provider under /api/v1/voip-providers."};
inline constexpr ErrorSpec kProvidersUnavailable{
    "PROVIDERS_UNAVAILABLE", absl::StatusCode::kUnavailable, 503, "No provider can take calls now",
    "Wait as long as Retry-After says; see the providers' health."};

// Providers.
inline constexpr ErrorSpec kProviderUnreachable{
    "PROVIDER_UNREACHABLE", absl::StatusCode::kUnavailable, 502, "The provider cannot be reached",
    "Check api_url and the provider's status."};
inline constexpr ErrorSpec kProviderError{"PROVIDER_ERROR", absl::StatusCode::kUnavailable, 502,
                                          "The provider failed",
                                          "Try again, or use another provider."};
inline constexpr ErrorSpec kProviderRefused{
    "PROVIDER_REFUSED", absl::StatusCode::kFailedPrecondition, 502, "The provider refused the call",
    "See the detail for the provider's reason."};
inline constexpr ErrorSpec kProviderRateLimited{
    "PROVIDER_RATE_LIMITED", absl::StatusCode::kResourceExhausted, 502,
    "The provider's rate limit is reached", "Wait, or spread calls over more providers."};
inline constexpr ErrorSpec kProviderCredentials{
    "PROVIDER_CREDENTIALS", absl::StatusCode::kFailedPrecondition, 502,
    "The provider does not accept our credentials", "Correct the provider's credentials."};
inline constexpr ErrorSpec kProviderTimeout{
    "PROVIDER_TIMEOUT", absl::StatusCode::kDeadlineExceeded, 504,
    "The provider did not answer in time",
    "The call may have been placed; see the session before calling again."};
inline constexpr ErrorSpec kSubmissionUnknown{
    "SUBMISSION_UNKNOWN", absl::StatusCode::kUnavailable, 502, "The provider's answer was lost",
    "The call may have been placed and is being looked up; see the session before calling again."};
inline constexpr ErrorSpec kInvalidDestination{
    "INVALID_DESTINATION", absl::StatusCode::kFailedPrecondition, 422,
    "The provider cannot call this number", "Check the number."};
inline constexpr ErrorSpec kCapabilityMissing{
    "CAPABILITY_MISSING", absl::StatusCode::kUnimplemented, 501, "The provider cannot do this",
    "Use another provider; see `metadata.capability`."};

// Recordings.
inline constexpr ErrorSpec kRecordingNotReady{
    "RECORDING_NOT_READY", absl::StatusCode::kFailedPrecondition, 409, "The recording is not ready",
    "Wait until its state is READY."};
inline constexpr ErrorSpec kRecordingMissing{
    "RECORDING_MISSING", absl::StatusCode::kNotFound, 404,
    "The provider does not have the recording",
    "Try again in a minute; if it stays away, the provider has deleted it."};
inline constexpr ErrorSpec kRangeNotSatisfiable{
    "RANGE_NOT_SATISFIABLE", absl::StatusCode::kInvalidArgument, 416,
    "The range lies beyond the end", "See Content-Range for the length there is."};

// Webhooks.
inline constexpr ErrorSpec kSignatureMissing{
    "SIGNATURE_MISSING", absl::StatusCode::kUnauthenticated, 401, "The webhook is not signed",
    "Sign the raw body; see docs/webhooks.md."};
inline constexpr ErrorSpec kSignatureInvalid{
    "SIGNATURE_INVALID", absl::StatusCode::kUnauthenticated, 401,
    "The webhook's signature is wrong", "Check the webhook secret and the public URL."};
inline constexpr ErrorSpec kWebhookOutsideWindow{
    "WEBHOOK_OUTSIDE_WINDOW", absl::StatusCode::kInvalidArgument, 400,
    "The event's time is outside the accepted window", "Check the sender's clock."};
inline constexpr ErrorSpec kWebhookUnreadable{
    "WEBHOOK_UNREADABLE", absl::StatusCode::kInvalidArgument, 400, "The webhook cannot be read",
    "See `errors` and the webhook log."};
inline constexpr ErrorSpec kUnknownSession{"UNKNOWN_SESSION", absl::StatusCode::kNotFound, 404,
                                           "The webhook names no session of this tenant",
                                           "Check session_id and tenant."};
inline constexpr ErrorSpec kUnknownProviderType{
    "UNKNOWN_PROVIDER_TYPE", absl::StatusCode::kNotFound, 404, "There is no such provider type",
    "See GET /api/v1/voip-providers/types."};

// Ourselves.
inline constexpr ErrorSpec kUnavailable{"UNAVAILABLE", absl::StatusCode::kUnavailable, 503,
                                        "A part of the system is not available",
                                        "Wait as long as Retry-After says, then try again."};
inline constexpr ErrorSpec kDeadlineExceeded{
    "DEADLINE_EXCEEDED", absl::StatusCode::kDeadlineExceeded, 504, "It took too long",
    "It may have been done: look before you repeat it. A POST with the same Idempotency-Key gets "
    "this answer again; only initiate goes on with the call there is."};
inline constexpr ErrorSpec kConflict{"CONFLICT", absl::StatusCode::kAborted, 409,
                                     "Someone else changed it at the same time",
                                     "Read it again, then repeat the change."};
// Undone as a whole: a deadlock or a wait for rows that repetition did not help.
inline constexpr ErrorSpec kDatabaseBusy{"DATABASE_BUSY", absl::StatusCode::kAborted, 503,
                                         "The database is busy",
                                         "Wait as long as Retry-After says, then try again."};
inline constexpr ErrorSpec kInternal{"INTERNAL", absl::StatusCode::kInternal, 500,
                                     "An error of ours", "Report the request_id to the operator."};

// All of the above, for the documentation and its test.
std::span<const ErrorSpec* const> AllErrors();

}  // namespace ctc::base
