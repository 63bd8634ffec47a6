#include "libs/db/batch_order.h"

namespace ctc::db {

void BatchOrder::Take(Place& place) {
  taken_ = true;
  place = Place{++newest_, true, unpublished_.empty(), false};
  unpublished_.insert(place.number);
}

void BatchOrder::FreeTurn(Place& place) {
  if (!place.held) return;
  place.held = false;
  taken_ = false;
  on_free_();
}

void BatchOrder::Pass(Place& place) {
  if (place.last) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  FreeTurn(place);
  moved_.notify_all();
}

void BatchOrder::AwaitOlder(const Place& place) {
  std::unique_lock<std::mutex> lock(mutex_);
  moved_.wait(lock, [&] { return unpublished_.empty() || *unpublished_.begin() >= place.number; });
}

void BatchOrder::AwaitAlone(Place& place) {
  std::unique_lock<std::mutex> lock(mutex_);
  unpublished_.erase(place.number);
  moved_.notify_all();
  if (!place.held) {
    moved_.wait(lock, [&] { return !taken_; });
    taken_ = true;
  }
  moved_.wait(lock, [&] { return unpublished_.empty(); });
  place.held = place.alone = place.last = true;
}

void BatchOrder::Finish(Place& place) {
  const std::lock_guard<std::mutex> lock(mutex_);
  unpublished_.erase(place.number);
  FreeTurn(place);
  moved_.notify_all();
}

}  // namespace ctc::db
