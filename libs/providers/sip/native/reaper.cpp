#include "libs/providers/sip/native/reaper.h"

#include <chrono>

namespace ctc::providers::sip::native {

Reaper::Reaper() : thread_([this] { Run(); }) {}

Reaper::~Reaper() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool Reaper::IsHeld(const std::string& place) const {
  const base::MutexLock lock(mutex_);
  return held_.contains(place);
}

void Reaper::Note(const std::string& place) {
  const base::MutexLock lock(mutex_);
  ++adopted_;
  if (!place.empty()) held_.insert(place);
}

void Reaper::Take(Retired retired) {
  const base::MutexLock lock(mutex_);
  retired_.push_back(std::move(retired));
  // Under the lock: once it is free this object may be gone.
  wake_.notify_all();
}

void Reaper::Forget(const std::string& place) {
  const base::MutexLock lock(mutex_);
  --adopted_;
  if (const auto found = held_.find(place); found != held_.end()) held_.erase(found);
  wake_.notify_all();
}

bool Reaper::AwaitEnd(absl::Duration longest) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  std::unique_lock<std::mutex> lock(mutex_.native());
  return wake_.wait_for(lock, absl::ToChronoNanoseconds(longest),
                        [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return adopted_ == 0; });
}

// A condition variable wants the lock of the mutex below ours.
bool Reaper::AwaitNext(std::vector<Retired>& next) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  std::unique_lock<std::mutex> lock(mutex_.native());
  wake_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return !retired_.empty() || (stopping_ && adopted_ == 0);
  });
  next = std::exchange(retired_, {});
  return !next.empty();
}

void Reaper::Run() {
  std::vector<Retired> next;
  while (AwaitNext(next)) {
    for (const Retired& one : next) {
      one.end();
      Forget(one.place);
    }
  }
}

}  // namespace ctc::providers::sip::native
