// Keeps call_recording in step with the feed: each recording.* event is applied exactly once, since
// its effect and the cursor commit together, whichever process is the first to come to it.
#pragma once

#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/events/feed_consumer.h"

namespace ctc::recording {

class RecordingFollower {
 public:
  RecordingFollower(db::Database& database, const base::Clock& clock, base::Random& random)
      : database_(database), clock_(clock), ids_(clock, random) {}

  Task<absl::StatusOr<int64_t>> LoadPosition();
  Task<absl::Status> Apply(const events::FeedConsumer::Batch& batch, int64_t last_seq);

 private:
  absl::Status ApplyOne(db::Connection& c, const session::v1::CallEvent& event);

  db::Database& database_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
  int64_t saved_seq_ = 0;  // touched by the consumer's one task only
};

}  // namespace ctc::recording
