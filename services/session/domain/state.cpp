// Conversions of the values of state.h.
#include "services/session/domain/state.h"

namespace ctc::session::domain {

bool SameLeg(const v1::Leg& a, const v1::Leg& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace ctc::session::domain
