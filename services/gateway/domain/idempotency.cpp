#include "services/gateway/domain/idempotency.h"

#include "libs/base/error_catalogue.h"

namespace ctc::gateway {

KeyVerdict Judge(const StoredKey& stored, std::string_view request_hash, absl::Time now) {
  if (stored.request_hash != request_hash) return KeyVerdict::kReused;
  if (stored.done) return KeyVerdict::kReplay;
  return now < stored.lease_until ? KeyVerdict::kInProgress : KeyVerdict::kTakeOver;
}

bool IsFinal(const Outcome& outcome) {
  if (outcome.http_status < 400) return true;
  if (outcome.http_status < 500) return false;  // refused before it had an effect
  if (outcome.names_resource) return true;      // a session was made: repeating shows it again
  if (outcome.resumable || outcome.never_sent) return false;
  // Not begun or undone, and said so; anything else may have happened.
  return outcome.code != base::kOverloaded.code &&
         outcome.code != base::kProvidersUnavailable.code &&
         outcome.code != base::kDatabaseBusy.code;
}

}  // namespace ctc::gateway
