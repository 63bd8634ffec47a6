#include "libs/media/source_gate.h"

namespace ctc::media {

void SourceGate::Agree(const Endpoint& remote, Latch latch) {
  latch_ = latch;
  if (remote.address().is_unspecified() || remote_ == remote) return;
  // Of several agreements before any packet the first one's peer may have been sending.
  if (settled_ || !left_) left_ = target();
  remote_ = remote;
  settled_.reset();
}

bool SourceGate::Admits(const Endpoint& from) const {
  if (from == remote_) return true;
  if (settled_) return from == *settled_;
  if (!remote_ || from == left_) return false;
  switch (latch_) {
    case Latch::kNever:
      return false;
    case Latch::kSameIp:
      return from.address() == remote_->address();
    case Latch::kAny:
      return true;
  }
  return false;
}

void SourceGate::Settle(const Endpoint& from) {
  if (!settled_ || from == remote_) settled_ = from;
}

}  // namespace ctc::media
