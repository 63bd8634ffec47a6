#include "services/gateway/service/gatekeeper.h"

#include "libs/base/error_catalogue.h"

namespace ctc::gateway {
namespace {

absl::Status CheckScope(const Caller& caller, std::string_view scope) {
  if (Covers(caller.principal.scopes, scope)) return absl::OkStatus();
  base::ErrorDetail extra;
  extra.metadata["scope"] = scope;
  return base::MakeError(base::kScopeMissing, "The token lacks the scope.", std::move(extra));
}

}  // namespace

absl::Status Gatekeeper::Check(const http::Request& request, const Caller& caller,
                               std::string_view scope) {
  const std::string_view tenant = request.headers.Get("X-Tenant-ID");
  if (tenant.empty()) {
    return base::MakeError(base::kTenantRequired, "The X-Tenant-ID header is missing.");
  }
  if (tenant != caller.tenant.value() || request.headers.Count("X-Tenant-ID") != 1) {
    return base::MakeError(base::kTenantMismatch, "The token does not belong to this tenant.");
  }
  CTC_RETURN_IF_ERROR(CheckScope(caller, scope));
  const absl::Duration wait = buckets_.Take(tenant, clock_.Monotonic());
  if (wait > absl::ZeroDuration()) {
    base::ErrorDetail extra;
    extra.retry_after = wait;
    return base::MakeError(base::kRateLimited, "The tenant sends too many requests.",
                           std::move(extra));
  }
  return absl::OkStatus();
}

Task<absl::StatusOr<CallerPtr>> Gatekeeper::CallerOf(std::string_view authorization,
                                                     absl::Time deadline) {
  const auto token = Authenticator::TokenOf(authorization);
  if (!token.ok()) co_return token.status();
  std::string hash = HashOfToken(*token);
  absl::StatusOr<CallerPtr> caller = authenticator_.FromCache(hash);
  if (caller.ok() && *caller == nullptr) {
    caller = co_await authenticator_.LookUp(std::string(*token), std::move(hash), deadline);
  }
  co_return caller;
}

Task<absl::StatusOr<CallerPtr>> Gatekeeper::Admit(const http::Request& request,
                                                  std::string_view scope, absl::Time deadline) {
  const std::string_view authorization = request.headers.Get("Authorization");
  absl::StatusOr<CallerPtr> caller = co_await CallerOf(authorization, deadline);
  if (!caller.ok()) co_return caller;
  if (absl::Status status = Check(request, **caller, scope); !status.ok()) co_return status;
  co_return caller;
}

Task<absl::Status> Gatekeeper::Readmit(std::string authorization, std::string_view scope,
                                       absl::Time deadline) {
  const absl::StatusOr<CallerPtr> caller = co_await CallerOf(authorization, deadline);
  if (!caller.ok()) co_return caller.status();
  co_return CheckScope(**caller, scope);
}

}  // namespace ctc::gateway
