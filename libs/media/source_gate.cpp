#include "libs/media/source_gate.h"

namespace ctc::media {

void SourceGate::Agree(const Endpoint& remote, Latch latch) {
  latch_ = latch;
  if (remote.address().is_unspecified() || remote_ == remote) return;
  remote_ = remote;
  settled_.reset();
}

bool SourceGate::Admits(const Endpoint& from) const {
  if (settled_) return from == *settled_;
  if (!remote_) return false;
  switch (latch_) {
    case Latch::kNever:
      return from == *remote_;
    case Latch::kSameIp:
      return from.address() == remote_->address();
    case Latch::kAny:
      return true;
  }
  return false;
}

void SourceGate::Settle(const Endpoint& from) {
  if (!settled_) settled_ = from;
}

}  // namespace ctc::media
