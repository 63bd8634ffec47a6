// Where objects end that wait for a thread when they do: on a thread of its own, so that the last
// reference to one may be let go on the event loop, under a lock, or on the very thread that is
// waited for. Thread-safe.
#pragma once

#include <absl/time/time.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/mutex.h"

namespace ctc::providers::sip::native {

class Reaper {
 public:
  Reaper();
  // Returns when all that was adopted has ended.
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  // Ends `object` here once the last reference has gone. T::Leave() is called where that happens,
  // so that several end beside each other; it must not wait. `place` is what one at a time may
  // hold; empty: none.
  template <class T>
  std::shared_ptr<T> Adopt(std::unique_ptr<T> object, std::string place) {
    Note(place);
    return std::shared_ptr<T>(object.release(), [this, place = std::move(place)](T* last) {
      last->Leave();
      Take({[last] { delete last; }, place});
    });
  }

  // Waits until all that was adopted has ended, at most so long. False when some has not.
  bool AwaitEnd(absl::Duration longest) const;

  // True until the one adopted for `place` has ended.
  bool IsHeld(const std::string& place) const;

 private:
  struct Retired {
    std::function<void()> end;
    std::string place;
  };

  void Note(const std::string& place);
  void Take(Retired retired);
  void Run();
  // False when there is nothing more to come.
  bool AwaitNext(std::vector<Retired>& next);
  void Forget(const std::string& place);

  mutable base::Mutex mutex_;
  mutable std::condition_variable wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  size_t adopted_ ABSL_GUARDED_BY(mutex_) = 0;  // that have not ended
  std::multiset<std::string> held_ ABSL_GUARDED_BY(mutex_);
  std::vector<Retired> retired_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace ctc::providers::sip::native
