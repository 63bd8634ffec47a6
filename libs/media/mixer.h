// Adds voices up. Pure.
#pragma once

#include <span>

#include "libs/media/sound.h"

namespace ctc::media {

// The sum of `voices`, held within 16 bits; silence for none. `out` may be none of them.
void Mix(std::span<const Frame* const> voices, Frame& out);

}  // namespace ctc::media
