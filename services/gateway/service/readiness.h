// Whether the process can serve, asked for whoever asks us: one question at a time, and its answer
// for half a second, as the page is open to everybody and each question is a transaction.
// Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <functional>
#include <memory>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"

namespace ctc::gateway {

class Readiness {
 public:
  using Question = std::function<Task<absl::Status>()>;
  // `clock` outlives this object.
  Readiness(Question question, const base::Clock& clock);

  Task<absl::Status> Ask();

 private:
  using Turn = std::shared_ptr<asio::steady_timer>;
  void Keep(const absl::Status& answer);

  const Question question_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  absl::Status answer_ ABSL_GUARDED_BY(mutex_);
  absl::Duration answered_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  bool asking_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Turn> waiting_ ABSL_GUARDED_BY(mutex_);  // for the answer to the question under way
};

}  // namespace ctc::gateway
