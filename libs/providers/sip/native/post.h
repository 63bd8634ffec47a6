// Runs something on the thread of a SIP stack's event loop.
#pragma once

#include <sofia-sip/su_wait.h>

#include <functional>

namespace ctc::providers::sip::native {

// In the order posted; from any thread. What is still waiting when the loop ends is not run.
void PostTo(su_root_t* root, std::function<void()> command);

}  // namespace ctc::providers::sip::native
