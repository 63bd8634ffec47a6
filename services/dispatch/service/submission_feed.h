// The session feed as those who send something to a provider follow it: what a batch asks for is
// committed as rows together with the cursor, then sent by whoever got the row. A batch that asks
// for nothing moves the cursor now and then only. Used by one task.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/events/feed_consumer.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/store/submission_store.h"

namespace ctc::dispatch {

class SubmissionFeed {
 public:
  using Batch = events::FeedConsumer::Batch;
  // What is to be sent because of `batch`. After an error it is asked again.
  using Choose = std::function<Task<absl::StatusOr<std::vector<Submission>>>(const Batch& batch)>;
  // Called once for each row that is ours; must not wait.
  using Send = std::function<void(const Submission& submission)>;

  // `consumer` is the key of the cursor.
  SubmissionFeed(std::string consumer, rpc::Channel& session, SubmissionStore& submissions,
                 const base::Clock& clock, Choose choose, Send send);

  // Follows the feed until Stop.
  Task<void> Follow() { return consumer_.Run(); }
  // Returns when no row is written any more whose Send is still to be called. From any executor.
  Task<void> Stop();

 private:
  Task<absl::StatusOr<int64_t>> LoadCursor();
  Task<absl::Status> Apply(const Batch& batch, int64_t last_seq);

  const std::string name_;
  SubmissionStore& submissions_;
  const base::Clock& clock_;
  const Choose choose_;
  const Send send_;
  int64_t saved_seq_ = -1;  // -1: no cursor is stored
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> writing_ = false;
  events::FeedConsumer consumer_;
};

}  // namespace ctc::dispatch
