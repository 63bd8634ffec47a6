// A port for tests that let go of one and want it again.
#pragma once

#include <cstdint>

namespace ctc::testing {

// An even port that is free on loopback with the next above it, for TCP and UDP. It is below those
// that the kernel gives to whoever asks for any, so that nobody takes it by chance. (Two programs
// that run at once look at different ones first.)
uint16_t QuietPort();

}  // namespace ctc::testing
