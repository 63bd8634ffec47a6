#include "libs/providers/outcome.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <charconv>

namespace ctc::providers {
namespace {

using dispatch::v1::PlaceCallResponse;

constexpr size_t kMaxExcerpt = 200;
constexpr int kMaxRetryAfterSeconds = 3600;

PlaceCallResponse Make(PlaceCallResponse::Outcome outcome, const base::ErrorSpec& error,
                       std::string_view detail, session::v1::EndReason reason) {
  PlaceCallResponse response;
  response.set_outcome(outcome);
  response.set_error_code(std::string(error.code));
  response.set_error_message(Excerpt(detail));
  response.set_end_reason(reason);
  return response;
}

// Only the seconds form of Retry-After; a date is not worth trusting the provider's clock for.
int RetryAfterSeconds(const http::Headers& headers) {
  const std::string_view text = headers.Get("retry-after");
  int seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc() || seconds < 0) return 0;
  return std::min(seconds, kMaxRetryAfterSeconds);
}

PlaceCallResponse TransportOutcome(const http::ClientError& error) {
  const std::string_view detail(error.status.message().data(), error.status.message().size());
  if (error.reached == http::Reached::kNotSent) return NotSent(base::kProviderUnreachable, detail);
  if (error.status.code() == absl::StatusCode::kDeadlineExceeded) {
    return UnknownOutcome(base::kProviderTimeout, detail);
  }
  return UnknownOutcome(base::kSubmissionUnknown, detail);
}

}  // namespace

PlaceCallResponse Accepted(std::string provider_call_id) {
  PlaceCallResponse response;
  response.set_outcome(PlaceCallResponse::ACCEPTED);
  response.set_provider_call_id(std::move(provider_call_id));
  return response;
}

PlaceCallResponse Refused(const base::ErrorSpec& error, std::string_view detail, FailOver fail_over,
                          session::v1::EndReason reason) {
  PlaceCallResponse response = Make(PlaceCallResponse::REFUSED, error, detail, reason);
  response.set_may_fail_over(fail_over == FailOver::kAllowed);
  return response;
}

PlaceCallResponse NotSent(const base::ErrorSpec& error, std::string_view detail) {
  PlaceCallResponse response =
      Make(PlaceCallResponse::NOT_SENT, error, detail, session::v1::PROVIDER_UNREACHABLE);
  response.set_may_fail_over(true);
  return response;
}

PlaceCallResponse UnknownOutcome(const base::ErrorSpec& error, std::string_view detail) {
  return Make(PlaceCallResponse::UNKNOWN_OUTCOME, error, detail, session::v1::LOST);
}

std::optional<PlaceCallResponse> CommonOutcome(const http::ClientResult& result) {
  if (!result.ok()) return TransportOutcome(result.error);
  const int status = result.response.status;
  if (status == 401 || status == 402 || status == 403) {
    return Refused(base::kProviderCredentials,
                   absl::StrCat("HTTP ", status, ": the provider does not accept this account"),
                   FailOver::kAllowed, session::v1::PROVIDER_REJECTED);
  }
  if (status == 429) {
    PlaceCallResponse response = Refused(base::kProviderRateLimited, "HTTP 429: too many requests",
                                         FailOver::kAllowed, session::v1::PROVIDER_REJECTED);
    response.set_retry_after_seconds(RetryAfterSeconds(result.response.headers));
    return response;
  }
  if (status >= 300 && status < 400) {
    // A redirect is not followed (SSRF); the server that answered took no call.
    return Refused(base::kProviderError, absl::StrCat("HTTP ", status, ": redirects are refused"),
                   FailOver::kAllowed, session::v1::PROVIDER_ERROR);
  }
  if (status >= 500) {
    return UnknownOutcome(base::kSubmissionUnknown,
                          absl::StrCat("HTTP ", status, " after the request was sent"));
  }
  return std::nullopt;
}

absl::Status ControlStatus(const http::ClientResult& result) {
  if (!result.ok()) {
    const auto message = result.error.status.message();
    const std::string detail = Excerpt({message.data(), message.size()});
    return result.error.status.code() == absl::StatusCode::kDeadlineExceeded
               ? base::MakeError(base::kProviderTimeout, detail)
               : base::MakeError(base::kProviderUnreachable, detail);
  }
  const int status = result.response.status;
  if (status >= 200 && status < 300) return absl::OkStatus();
  const std::string detail = absl::StrCat("HTTP ", status, ": ", Excerpt(result.response.body));
  if (status == 401 || status == 402 || status == 403) {
    return base::MakeError(base::kProviderCredentials,
                           absl::StrCat("HTTP ", status, " from the provider"));
  }
  if (status == 429) return base::MakeError(base::kProviderRateLimited, detail);
  if (status >= 500 || status < 400) return base::MakeError(base::kProviderError, detail);
  return base::MakeError(base::kProviderRefused, detail);
}

bool IsOfOthers(const dispatch::v1::LookUpCallRequest& request, std::string_view provider_call_id) {
  return std::ranges::find(request.calls_of_others(), provider_call_id) !=
         request.calls_of_others().end();
}

bool CountsAgainstProvider(const PlaceCallResponse& response) {
  if (response.outcome() == PlaceCallResponse::ACCEPTED) return false;
  if (response.outcome() != PlaceCallResponse::REFUSED) return true;
  return response.error_code() == base::kProviderCredentials.code ||
         response.error_code() == base::kProviderError.code;
}

std::string Excerpt(std::string_view text) {
  std::string out(text.substr(0, kMaxExcerpt));
  // A sequence cut in the middle, or the provider's own broken bytes, must not reach protobuf.
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
    if (byte >= 0x80) c = '?';
  }
  return out;
}

}  // namespace ctc::providers
