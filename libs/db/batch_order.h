// Whose turn it is among the batches of one writer: they are made one at a time and published in
// that order, while their transactions overlap. Private to this library. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>

namespace ctc::db {

class BatchOrder {
 public:
  // A batch's place in the order. Belongs to one thread.
  struct Place {
    int64_t number = 0;
    bool held = false;   // it has the turn
    bool alone = false;  // all before it were published when it took the turn
    bool last = false;   // it keeps the turn to its end
  };

  // `mutex` guards the order along with the writer's queue; `on_free` is called under it when the
  // turn is free again.
  BatchOrder(std::mutex& mutex, std::function<void()> on_free)
      : mutex_(mutex), on_free_(std::move(on_free)) {}

  // Under the mutex: whether some batch has the turn, and taking it when none has.
  bool taken() const { return taken_; }
  void Take(Place& place);

  // Gives the turn to whoever is next.
  void Pass(Place& place);
  // Waits until all that were made before are published or gave up their place.
  void AwaitOlder(const Place& place);
  // Gives up its place, takes the turn for good and waits until all others are published.
  void AwaitAlone(Place& place);
  // It is published.
  void Finish(Place& place);

 private:
  void FreeTurn(Place& place);

  std::mutex& mutex_;
  const std::function<void()> on_free_;
  std::condition_variable moved_;
  // Under the mutex:
  bool taken_ = false;
  int64_t newest_ = 0;
  std::set<int64_t> unpublished_;
};

}  // namespace ctc::db
