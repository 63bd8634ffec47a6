// Runs a call under its Idempotency-Key: the same key gives the same answer. Thread-safe.
#pragma once

#include <functional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/http/message.h"
#include "libs/observability/metrics.h"
#include "services/gateway/service/caller.h"
#include "services/gateway/service/routes.h"
#include "services/gateway/store/idempotency_store.h"

namespace ctc::gateway {

// What a call came to: the answer, and the status behind it.
struct CallResult {
  explicit CallResult(absl::Status call_status) : status(std::move(call_status)) {}
  absl::Status status;
  http::Response response;  // with status OK only
};

class KeyedCalls {
 public:
  KeyedCalls(IdempotencyStore& store, const base::Clock& clock, base::Random& random);

  // `call` runs at most once; it must outlive the task. Errors besides its own:
  // kIdempotencyKeyReused, kIdempotencyInProgress, kUnavailable (without the store nothing is
  // promised, so nothing is done).
  Task<CallResult> Run(const Route& route, const http::Request& request, const Caller& caller,
                       absl::Time deadline, const std::function<Task<CallResult>()>& call,
                       std::string request_id);

 private:
  Task<void> Settle(const KeyId& id, const std::string& owner, const Route& route,
                    const http::Request& request, const CallResult& result,
                    const std::string& request_id);

  IdempotencyStore& store_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
  observability::Counter replayed_;
  observability::Counter refused_;
};

}  // namespace ctc::gateway
