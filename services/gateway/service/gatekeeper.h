// Who may do what: token, tenant, scope, rate. Default deny. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/http/message.h"
#include "services/gateway/domain/token_buckets.h"
#include "services/gateway/service/authenticator.h"

namespace ctc::gateway {

class Gatekeeper {
 public:
  Gatekeeper(Authenticator& authenticator, TokenBuckets& buckets, const base::Clock& clock)
      : authenticator_(authenticator), buckets_(buckets), clock_(clock) {}

  // The caller, if the request may do what `scope` names. Errors, in this order: kUnauthenticated,
  // kTenantRequired, kTenantMismatch, kScopeMissing, kRateLimited.
  Task<absl::StatusOr<CallerPtr>> Admit(const http::Request& request, std::string_view scope,
                                        absl::Time deadline);
  // Whether the token of an `Authorization` header that was admitted for `scope` still would be;
  // counts for no rate. kUnauthenticated, kScopeMissing: it is refused. Other errors say nothing.
  Task<absl::Status> Readmit(std::string authorization, std::string_view scope,
                             absl::Time deadline);

 private:
  Task<absl::StatusOr<CallerPtr>> CallerOf(std::string_view authorization, absl::Time deadline);
  absl::Status Check(const http::Request& request, const Caller& caller, std::string_view scope);

  Authenticator& authenticator_;
  TokenBuckets& buckets_;
  const base::Clock& clock_;
};

}  // namespace ctc::gateway
