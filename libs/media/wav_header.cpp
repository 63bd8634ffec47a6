#include "libs/media/wav_header.h"

#include <string_view>

#include "libs/media/sound.h"

namespace ctc::media {
namespace {

void Little(std::string& out, uint32_t value, int width) {
  for (int i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace

std::string UlawWavHeader(uint32_t bytes) {
  std::string out = "RIFF";
  Little(out, static_cast<uint32_t>(kWavHeader) - 8 + bytes + (bytes & 1), 4);
  out += "WAVEfmt ";
  Little(out, 18, 4);
  Little(out, 7, 2);  // u-law
  Little(out, 1, 2);  // channel
  Little(out, kSampleRate, 4);
  Little(out, kSampleRate, 4);  // bytes a second
  Little(out, 1, 2);            // byte a sample
  Little(out, 8, 2);            // bits
  Little(out, 0, 2);            // no more of the format
  out += "fact";                // what is not PCM says how many samples there are
  Little(out, 4, 4);
  Little(out, bytes, 4);
  out += "data";
  Little(out, bytes, 4);
  return out;
}

}  // namespace ctc::media
