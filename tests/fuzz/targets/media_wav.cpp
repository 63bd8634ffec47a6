// Prompts that somebody put into the folder.
#include "libs/media/wav_reader.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

void MediaWav(std::string_view bytes) {
  const auto sound = media::ReadWav(bytes);
  if (!sound.ok()) return;
  Require(*sound != nullptr && !(*sound)->empty(), "a prompt has sound");
  Require((*sound)->size() <= bytes.size(), "a file holds no more samples than bytes");
}

}  // namespace ctc::fuzz
