// Times of facts as precise as they are known: the session service tells one attempt to ring an
// agent from the next by when facts were heard of. Pure.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/timestamp.pb.h>

namespace ctc::providers {

inline void SetTime(google::protobuf::Timestamp& target, absl::Time at) {
  const int64_t nanos = absl::ToUnixNanos(at);
  target.set_seconds(nanos / 1'000'000'000);
  target.set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
}

}  // namespace ctc::providers
