// Conversions of the values of state.h.
#include "services/session/domain/state.h"

namespace ctc::session::domain {

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  // Milliseconds, as the columns keep them: a session reads the same before and after a restart.
  const int64_t millis = absl::ToUnixMillis(time);
  const int64_t seconds = millis >= 0 ? millis / 1000 : -((-millis + 999) / 1000);
  google::protobuf::Timestamp out;
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>((millis - seconds * 1000) * 1000000));
  return out;
}

bool SameLeg(const v1::Leg& a, const v1::Leg& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace ctc::session::domain
