// Recordings fetched from providers, kept for a moment: they are asked for piece by piece, most
// providers give only the whole. Bounded in bytes and in fetches at once. Thread-safe.
#pragma once

#include <absl/functional/any_invocable.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/providers/adapter.h"

namespace ctc::dispatch {

// What no adapter's recording exceeds, and so the least a shelf may hold.
inline constexpr int kLargestRecordingMib = 256;

class RecordingShelf {
 public:
  using Kept = std::shared_ptr<const providers::Recording>;
  using Fetch = std::function<Task<absl::StatusOr<providers::Recording>>()>;

  // `max_bytes` may be exceeded by what was under way when they were reached.
  RecordingShelf(const base::Clock& clock, size_t max_bytes)
      : clock_(clock), max_bytes_(max_bytes) {}

  // The recording under `key`, by `fetch` where it is neither kept nor being fetched. Errors:
  // fetch's; OVERLOADED while as many are being fetched as may be, and while all there is room for
  // is being listened to.
  Task<absl::StatusOr<Kept>> Get(std::string key, Fetch fetch);
  // Lets go of what nobody asked for lately.
  void Prune();
  size_t bytes() const;

 private:
  struct Entry {
    Kept recording;
    absl::Duration used;
  };
  using Result = absl::StatusOr<Kept>;
  // A fetch under way; under the lock.
  struct Flight {
    std::optional<Result> result;
    std::vector<absl::AnyInvocable<void(Result)>> waiters;
  };
  using FlightPtr = std::shared_ptr<Flight>;
  // What there is of a recording: itself, the fetch of it, or nothing when it may not be fetched.
  struct Found {
    Kept kept;
    FlightPtr flight;
    bool is_ours = false;  // the fetch is the finder's to make
  };

  Found Find(const std::string& key);
  Task<Result> Await(FlightPtr flight);
  void Land(const std::string& key, const Result& result);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(const std::string& key, Kept recording) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const base::Clock& clock_;
  const size_t max_bytes_;
  mutable base::Mutex mutex_;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, FlightPtr> flights_ ABSL_GUARDED_BY(mutex_);
};

// The piece of a recording at `url` that was asked for; `range` may lie beyond its end. Pure.
common::v1::MediaPiece PieceOf(const providers::Recording& recording, std::string_view url,
                               const common::v1::ByteRange& range);

}  // namespace ctc::dispatch
