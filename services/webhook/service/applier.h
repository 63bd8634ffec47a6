// Takes committed events to the session service, in order, until each is applied or given up. One
// coroutine on one strand: what it takes at once is what came while it was busy, and for a moment
// after. Events that waited in a process that died, or for long, are claimed from the log.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/rpc/channel.h"
#include "services/webhook/service/event_queue.h"
#include "services/webhook/store/webhook_log.h"

namespace ctc::webhook {

struct ApplierOptions {
  absl::Duration sweep_interval = absl::Seconds(5);  // between looks into the log
  absl::Duration lease = absl::Seconds(30);          // for which claimed events are ours
  absl::Duration first_back_off = absl::Milliseconds(100);
  absl::Duration max_back_off = absl::Seconds(5);
};

class Applier {
 public:
  // The references outlive this object.
  Applier(asio::any_io_executor executor, rpc::Channel& session, db::Database& database,
          EventQueue& queue, const base::Clock& clock, base::Random& random,
          ApplierOptions options);
  void Start();
  // Returns when nothing of it runs any more. What it held is claimed by the next process.
  Task<void> Stop();

 private:
  Task<void> Loop();
  Task<void> MarkLoop();
  Task<void> MarkDone();
  size_t unmarked() const { return applied_.size() + duplicate_.size(); }
  Task<void> WaitForMarks(absl::Duration limit);
  Task<std::vector<WaitingEvent>> NextBatch();
  Task<absl::StatusOr<std::vector<WaitingEvent>>> Claim();
  Task<void> ApplyAll(std::vector<WaitingEvent> events);
  Task<void> ApplyTogether(const std::vector<WaitingEvent>& events);
  Task<void> ApplyOneByOne(const std::vector<WaitingEvent>& events);
  Task<absl::StatusOr<session::v1::ApplyFactsResponse>> Send(
      const session::v1::ApplyFactsRequest& request);
  Task<absl::StatusOr<session::v1::ApplyFactsResponse>> SendUntilAnswered(
      const session::v1::ApplyFactsRequest& request);
  Task<void> Settle(const std::vector<WaitingEvent>& events,
                    const session::v1::ApplyFactsResponse& response);
  store::Setback SetbackFor(const WaitingEvent& event, absl::Duration patience,
                            const absl::Status& why) const;
  Task<void> WriteSetbacks(const std::vector<store::Setback>& setbacks);
  Task<void> Wait(absl::Duration limit, bool until_news);
  void Wake(bool news);

  asio::any_io_executor strand_;
  rpc::Channel& session_;
  db::Database& database_;
  EventQueue& queue_;
  const base::Clock& clock_;
  base::Random& random_;
  const ApplierOptions options_;

  std::atomic<bool> started_{false};
  std::atomic<bool> stopped_{false};
  // Used on the strand only.
  std::shared_ptr<asio::steady_timer> timer_;
  std::shared_ptr<asio::steady_timer> marks_;
  std::shared_ptr<asio::steady_timer> done_;  // expires when both loops have ended
  // Applied, and not marked in the log yet.
  std::vector<std::string> applied_;
  std::vector<std::string> duplicate_;
  bool loop_ended_ = false;
  bool waits_for_news_ = false;
  bool behind_ = true;  // the log has, or may have, more that is due
  absl::Duration next_sweep_ = -absl::InfiniteDuration();

  const observability::Histogram lag_;
  const observability::Counter parked_unknown_;
  const observability::Counter parked_fault_;
};

}  // namespace ctc::webhook
