#include "libs/media/playback.h"

#include <algorithm>
#include <array>
#include <utility>

#include "libs/media/tone.h"

namespace ctc::media {
namespace {

constexpr absl::Duration kLongestTone = absl::Minutes(1);
constexpr double kBeepLevel = 8000;

Piece Of(std::vector<int16_t> samples) {
  const size_t length = samples.size();
  return {std::make_shared<const std::vector<int16_t>>(std::move(samples)), length};
}

Piece PieceOf(const Sound& sound) { return {sound, sound == nullptr ? 0 : sound->size()}; }

Piece PieceOf(const DigitTone& tone) {
  return Of(DigitSamples(tone.digit, std::min(tone.length, kLongestTone)));
}

Piece PieceOf(const Beep& beep) {
  const std::array<double, 1> hertz = {static_cast<double>(beep.hertz)};
  return Of(ToneSamples(hertz, std::min(beep.length, kLongestTone), kBeepLevel));
}

Piece PieceOf(const Silence& silence) { return {nullptr, SamplesIn(silence.length)}; }

}  // namespace

std::vector<Piece> PiecesOf(const std::vector<Clip>& clips) {
  std::vector<Piece> pieces;
  pieces.reserve(clips.size());
  for (const Clip& clip : clips) {
    pieces.push_back(std::visit([](const auto& each) { return PieceOf(each); }, clip));
  }
  return pieces;
}

bool Playback::Take(Frame& out) {
  bool heard = false;
  size_t filled = 0;
  while (filled < out.size() && at_ < pieces_.size()) {
    const Piece& piece = pieces_[at_];
    const size_t count = std::min(out.size() - filled, piece.length - position_);
    if (piece.sound != nullptr) {
      std::copy_n(piece.sound->begin() + static_cast<std::ptrdiff_t>(position_), count,
                  out.begin() + static_cast<std::ptrdiff_t>(filled));
      heard = heard || count > 0;
    } else {
      std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(filled), count, int16_t{0});
    }
    filled += count;
    position_ += count;
    if (position_ < piece.length) continue;
    position_ = 0;
    if (++at_ == pieces_.size()) {
      pieces_.clear();
      at_ = 0;
    }
  }
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(filled), out.end(), int16_t{0});
  return heard;
}

bool Loop::Take(Frame& out) {
  if (sound_ == nullptr || sound_->empty()) return false;
  for (int16_t& sample : out) {
    sample = (*sound_)[position_];
    if (++position_ == sound_->size()) position_ = 0;
  }
  return true;
}

}  // namespace ctc::media
