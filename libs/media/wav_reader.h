// Prompts and hold music out of WAV files. Pure.
#pragma once

#include <absl/status/statusor.h>

#include <string_view>

#include "libs/media/sound.h"

namespace ctc::media {

// The sound of a WAV file, made 8 kHz and one channel: 16 bit PCM, G.711 u-law or A-law, one or two
// channels, 8, 16, 44.1 or 48 kHz. INVALID_ARGUMENT for any other, one without sound, and one
// longer than ten minutes. What a file cut short has, is taken.
absl::StatusOr<Sound> ReadWav(std::string_view bytes);

}  // namespace ctc::media
