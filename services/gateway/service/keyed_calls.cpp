#include "services/gateway/service/keyed_calls.h"

#include <absl/strings/str_cat.h>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "libs/observability/log.h"
#include "libs/rpc/fault.h"
#include "services/gateway/domain/request_identity.h"
#include "services/gateway/service/problem.h"

namespace ctc::gateway {
namespace {

constexpr absl::Duration kLeaseGrace = absl::Seconds(5);
constexpr absl::Duration kSettleTimeout = absl::Seconds(5);

// Another agent must not get the answer of the first; a renewed token of the same one shall.
std::string HashOf(const http::Request& request, const Caller& caller) {
  return crypto::ToHex(crypto::Sha256(absl::StrCat(request.path, "\n", request.query, "\n",
                                                   caller.principal.agent_id, "\n", request.body)));
}

absl::Status InProgress() {
  base::ErrorDetail extra;
  extra.retry_after = absl::Seconds(1);
  return base::MakeError(base::kIdempotencyInProgress,
                         "The first request with this Idempotency-Key is still running.",
                         std::move(extra));
}

CallResult Replay(const Route& route, StoredKey stored) {
  if (!route.keeps_answer && stored.http_status < 400) {
    return CallResult(base::MakeError(
        base::kAlreadyExists, "It was made by the first request; its secret is shown only once."));
  }
  CallResult result{absl::OkStatus()};
  result.response.status = stored.http_status;
  result.response.body = std::move(stored.response_body);
  result.response.headers.Add(
      "Content-Type", stored.http_status < 400 ? "application/json" : "application/problem+json");
  result.response.headers.Add("Idempotent-Replayed", "true");
  return result;
}

}  // namespace

KeyedCalls::KeyedCalls(IdempotencyStore& store, const base::Clock& clock, base::Random& random)
    : store_(store),
      clock_(clock),
      ids_(clock, random),
      replayed_(observability::MakeCounter("ctc_gateway_idempotency_total",
                                           "Requests whose Idempotency-Key was known, by result.",
                                           {{"result", "replayed"}})),
      refused_(observability::MakeCounter("ctc_gateway_idempotency_total",
                                          "Requests whose Idempotency-Key was known, by result.",
                                          {{"result", "refused"}})) {}

Task<CallResult> KeyedCalls::Run(const Route& route, const http::Request& request,
                                 const Caller& caller, absl::Time deadline,
                                 const std::function<Task<CallResult>()>& call,
                                 std::string request_id) {
  const std::string_view text = request.headers.Get("Idempotency-Key");
  if (!IsIdempotencyKey(text)) {
    co_return CallResult(
        base::InvalidField("Idempotency-Key", "must be 1 to 255 visible ASCII characters"));
  }
  const KeyId id(caller.tenant, route.name, std::string(text));
  const Attempt attempt(HashOf(request, caller), ids_.Uuid(), clock_.Now(), deadline + kLeaseGrace);
  absl::StatusOr<std::optional<StoredKey>> found = co_await store_.Claim(deadline, id, attempt);
  if (!found.ok()) {
    if (absl::IsAborted(found.status())) co_return CallResult(InProgress());
    co_return CallResult(std::move(found).status());
  }
  if (!found->has_value()) {
    CallResult result = co_await call();
    co_await Settle(id, attempt.owner, route, request, result, request_id);
    co_return result;
  }
  const KeyVerdict verdict = Judge(**found, attempt.request_hash, attempt.now);
  (verdict == KeyVerdict::kReplay ? replayed_ : refused_).Add();
  if (verdict == KeyVerdict::kReplay) co_return Replay(route, std::move(**found));
  if (verdict != KeyVerdict::kReused) co_return CallResult(InProgress());
  co_return CallResult(base::MakeError(base::kIdempotencyKeyReused,
                                       "The Idempotency-Key was used with another request."));
}

Task<void> KeyedCalls::Settle(const KeyId& id, const std::string& owner, const Route& route,
                              const http::Request& request, const CallResult& result,
                              const std::string& request_id) {
  http::Response problem;
  Outcome outcome;
  std::string code;
  if (!result.status.ok()) {
    const base::ErrorDetail detail = base::DetailOf(result.status);
    code = detail.code;
    outcome.names_resource = detail.metadata.contains("session_id");
    problem = ProblemResponse(result.status, request.path, request_id);
  }
  const http::Response& answer = result.status.ok() ? result.response : problem;
  outcome.http_status = answer.status;
  outcome.code = code;
  outcome.resumable = route.resumable;
  outcome.never_sent = rpc::WasNeverSent(result.status);
  const bool kept = route.keeps_answer || answer.status >= 400;  // an error holds no secret
  const std::string body = kept ? answer.body : std::string();
  const absl::Time deadline = clock_.Now() + kSettleTimeout;
  absl::Status status;
  if (IsFinal(outcome)) {
    status = co_await store_.Finish(deadline, id, owner, answer.status, body);
  } else {
    status = co_await store_.Release(deadline, id, owner);
  }
  // The key stays taken until its lease ends; then a repetition goes on where this one ended.
  if (!status.ok()) {
    observability::Warn("idempotency key not settled",
                        {{"route", route.name}, {"request_id", request_id}, {"error", status}});
  }
}

}  // namespace ctc::gateway
