// The rules of Idempotency-Key, apart from where the keys are kept. Pure.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>

namespace ctc::gateway {

// A key as it was found in the store.
struct StoredKey {
  std::string request_hash;
  bool done = false;
  absl::Time lease_until;
  int http_status = 0;
  std::string response_body;
};

enum class KeyVerdict {
  kReplay,      // answer with the stored answer
  kReused,      // the key belongs to another request
  kInProgress,  // the first request still runs
  kTakeOver,    // the first request died: this one goes on in its place
};

KeyVerdict Judge(const StoredKey& stored, std::string_view request_hash, absl::Time now);

// How a request that held a key ended.
struct Outcome {
  int http_status = 0;
  std::string_view code;        // of the error; empty for success
  bool names_resource = false;  // the error's metadata holds the id of what was made
  bool resumable = false;       // the service finds by the key what an earlier attempt made
  bool never_sent = false;      // the service was not asked at all
};

// True when the answer must be the answer to every repetition: the request succeeded, or failed
// after it may have had an effect. Otherwise the key is set free, so that a repetition tries again.
bool IsFinal(const Outcome& outcome);

}  // namespace ctc::gateway
