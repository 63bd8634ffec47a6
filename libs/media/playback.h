// What one party is played: pieces one after the other, or one for ever. One thread at a time.
#pragma once

#include <cstddef>
#include <vector>

#include "libs/media/sound.h"

namespace ctc::media {

// A clip as samples.
struct Piece {
  Sound sound;  // null: silence
  size_t length = 0;
};

// Computes tones; nothing is left to do for who plays it. Tones of more than a minute are cut.
std::vector<Piece> PiecesOf(const std::vector<Clip>& clips);

class Playback {
 public:
  Playback() = default;
  explicit Playback(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  void Add(Piece piece) { pieces_.push_back(std::move(piece)); }
  // Nothing is left.
  bool done() const { return at_ == pieces_.size(); }
  // The next 20 ms; false when they are silent, `out` being silence. The frame in which it ends is
  // filled up with silence.
  bool Take(Frame& out);

 private:
  std::vector<Piece> pieces_;
  size_t at_ = 0;
  size_t position_ = 0;  // within the piece
};

// The same sound again and again. None for a sound that is null or empty.
class Loop {
 public:
  Loop() = default;
  explicit Loop(Sound sound) : sound_(std::move(sound)) {}

  bool Take(Frame& out);

 private:
  Sound sound_;
  size_t position_ = 0;
};

}  // namespace ctc::media
