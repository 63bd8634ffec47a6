// Times of rows and of messages.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/timestamp.pb.h>

namespace ctc::recording {

inline google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp out;
  const int64_t ms = absl::ToUnixMillis(time);
  out.set_seconds(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
  out.set_nanos(static_cast<int32_t>(ms - out.seconds() * 1000) * 1000000);
  return out;
}

inline absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace ctc::recording
