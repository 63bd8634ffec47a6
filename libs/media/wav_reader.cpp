#include "libs/media/wav_reader.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>
#include <span>

#include "libs/base/status.h"
#include "libs/media/g711.h"
#include "libs/media/resample.h"

namespace ctc::media {
namespace {

constexpr uint32_t kPcm = 1;
constexpr uint32_t kAlaw = 6;
constexpr uint32_t kUlaw = 7;
constexpr uint32_t kExtensible = 0xfffe;  // the code proper is the begin of a GUID further on
constexpr size_t kSubFormat = 24;
constexpr uint32_t kMostSeconds = 600;

struct Format {
  uint32_t code = 0;
  uint32_t channels = 0;
  uint32_t rate = 0;
  uint32_t bits = 0;
};

uint32_t Little(std::string_view bytes, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = width; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

struct Chunk {
  std::string_view name;
  std::string_view body;
};

// The next chunk of a RIFF file, what of it is there; padded to an even length.
std::optional<Chunk> TakeChunk(std::string_view& rest) {
  if (rest.size() < 8) return std::nullopt;
  const size_t length = Little(rest, 4, 4);
  const Chunk chunk{rest.substr(0, 4), rest.substr(8, length)};
  rest.remove_prefix(std::min(rest.size(), 8 + length + (length & 1)));
  return chunk;
}

absl::StatusOr<Format> ReadFormat(std::string_view body) {
  if (body.size() < 16) return absl::InvalidArgumentError("the WAV file's format is cut short");
  Format format{Little(body, 0, 2), Little(body, 2, 2), Little(body, 4, 4), Little(body, 14, 2)};
  if (format.code == kExtensible && body.size() >= kSubFormat + 2) {
    format.code = Little(body, kSubFormat, 2);
  }
  const bool known = (format.code == kPcm && format.bits == 16) ||
                     ((format.code == kAlaw || format.code == kUlaw) && format.bits == 8);
  if (!known) {
    return absl::InvalidArgumentError(
        absl::StrCat("a WAV file must be 16 bit PCM or G.711, not code ", format.code, " of ",
                     format.bits, " bits"));
  }
  if (format.channels != 1 && format.channels != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("a WAV file must have one or two channels, not ", format.channels));
  }
  if (format.rate != 8000 && format.rate != 16000 && format.rate != 44100 && format.rate != 48000) {
    return absl::InvalidArgumentError(
        absl::StrCat("a WAV file must have 8, 16, 44.1 or 48 kHz, not ", format.rate, " Hz"));
  }
  return format;
}

int16_t SampleAt(const Format& format, std::string_view data, size_t at) {
  if (format.code == kPcm) return static_cast<int16_t>(Little(data, at * 2, 2));
  const auto code = static_cast<uint8_t>(data[at]);
  return format.code == kUlaw ? FromUlaw(code) : FromAlaw(code);
}

std::vector<int16_t> OneChannel(const Format& format, std::string_view data) {
  const size_t frames = data.size() / (format.bits / 8 * format.channels);
  std::vector<int16_t> samples(frames);
  for (size_t i = 0; i < frames; ++i) {
    if (format.channels == 1) {
      samples[i] = SampleAt(format, data, i);
    } else {
      const int both = SampleAt(format, data, 2 * i) + SampleAt(format, data, 2 * i + 1);
      samples[i] = static_cast<int16_t>(both / 2);
    }
  }
  return samples;
}

}  // namespace

absl::StatusOr<Sound> ReadWav(std::string_view bytes) {
  if (bytes.size() < 12 || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WAVE") {
    return absl::InvalidArgumentError("it is no WAV file");
  }
  bytes.remove_prefix(12);
  std::optional<Format> format;
  while (const auto chunk = TakeChunk(bytes)) {
    if (chunk->name == "fmt ") {
      CTC_ASSIGN_OR_RETURN(format, ReadFormat(chunk->body));
    }
    if (chunk->name != "data") continue;
    if (!format) return absl::InvalidArgumentError("the WAV file has no format before its sound");
    const std::vector<int16_t> samples = OneChannel(*format, chunk->body);
    if (samples.size() > size_t{kMostSeconds} * format->rate) {
      return absl::InvalidArgumentError("the WAV file is longer than ten minutes");
    }
    auto sound = std::make_shared<const std::vector<int16_t>>(
        Resampled(samples, static_cast<int>(format->rate)));
    if (sound->empty()) break;
    return sound;
  }
  return absl::InvalidArgumentError("the WAV file has no sound");
}

}  // namespace ctc::media
