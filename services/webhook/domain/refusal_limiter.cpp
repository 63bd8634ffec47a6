#include "services/webhook/domain/refusal_limiter.h"

#include <utility>

namespace ctc::webhook {

RefusalLimiter::Decision RefusalLimiter::Count(std::string_view key, bool invented,
                                               absl::Duration now) {
  const base::MutexLock lock(mutex_);
  Decision decision;
  if (now - began_ >= absl::Minutes(1)) {
    began_ = now;
    keys_.clear();
    shared_ = Limit();
    decision.left_out_before = std::exchange(left_out_, 0);
  }
  auto found = keys_.find(key);
  const bool place = found != keys_.end() || keys_.size() < kMaxKeys;
  const bool shares = invented || !place;
  Limit* full = shares && shared_.written >= kSharedLimit ? &shared_ : nullptr;
  if (full == nullptr && place) {
    if (found == keys_.end()) found = keys_.emplace(std::string(key), Limit()).first;
    if (found->second.written >= kKeyLimit) full = &found->second;
  }
  if (full != nullptr) {
    ++left_out_;
    decision.limit_met = !std::exchange(full->met, true);
    return decision;
  }
  if (place) ++found->second.written;
  if (shares) ++shared_.written;
  decision.write = true;
  return decision;
}

}  // namespace ctc::webhook
