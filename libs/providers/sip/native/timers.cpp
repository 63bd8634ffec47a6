#include "libs/providers/sip/native/timers.h"

#include <utility>

namespace ctc::providers::sip::native {

void Timers::After(su_root_t* root, absl::Duration time, std::function<void()> then) {
  su_timer_t* timer = su_timer_create(su_root_task(root), absl::ToInt64Milliseconds(time));
  waiting_[timer] = std::move(then);
  su_timer_set(timer, &Timers::OnTimer, reinterpret_cast<su_timer_arg_t*>(this));
}

void Timers::EndAll() {
  for (auto& [timer, then] : waiting_) su_timer_destroy(timer);
  waiting_.clear();
}

void Timers::OnTimer(su_root_magic_t*, su_timer_t* timer, su_timer_arg_t* argument) {
  auto node = reinterpret_cast<Timers*>(argument)->waiting_.extract(timer);
  su_timer_destroy(timer);
  if (!node.empty()) node.mapped()();
}

}  // namespace ctc::providers::sip::native
