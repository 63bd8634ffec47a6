// Calls back later, on the thread of a SIP stack's event loop. Used there only.
#pragma once

#include <absl/time/time.h>
#include <sofia-sip/su_wait.h>

#include <functional>
#include <map>

namespace ctc::providers::sip::native {

class Timers {
 public:
  void After(su_root_t* root, absl::Duration time, std::function<void()> then);
  // Nobody is called any more.
  void EndAll();

 private:
  static void OnTimer(su_root_magic_t*, su_timer_t* timer, su_timer_arg_t* argument);

  std::map<su_timer_t*, std::function<void()>> waiting_;
};

}  // namespace ctc::providers::sip::native
