// Times of messages. A google.protobuf.Timestamp reaches from year 1 to 9999 and counts its
// nanoseconds forward, before 1970 too. Pure. Only a header, so that this library needs no
// protobuf.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>

namespace ctc::base {

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
inline constexpr int64_t kFirstProtoSecond = -62'135'596'800;
inline constexpr int64_t kLastProtoSecond = 253'402'300'799;

inline bool IsProtoTime(const google::protobuf::Timestamp& time) {
  return time.seconds() >= kFirstProtoSecond && time.seconds() <= kLastProtoSecond &&
         time.nanos() >= 0 && time.nanos() <= 999'999'999;
}

// Rounded down to nanoseconds; what is outside of the range is its nearest end. For facts: one
// attempt to ring an agent is told from the next by when it was heard of.
inline google::protobuf::Timestamp ToPreciseProto(absl::Time time) {
  const absl::Time first = absl::FromUnixSeconds(kFirstProtoSecond);
  const absl::Time last = absl::FromUnixSeconds(kLastProtoSecond + 1) - absl::Nanoseconds(1);
  const absl::Time near = std::clamp(time, first, last);
  google::protobuf::Timestamp out;
  out.set_seconds(absl::ToUnixSeconds(near));  // rounds down
  out.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(near - absl::FromUnixSeconds(out.seconds()))));
  return out;
}

// The same in whole milliseconds, as DATETIME(3) columns keep them: a message reads the same before
// and after it was stored.
inline google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp out = ToPreciseProto(time);
  out.set_nanos(out.nanos() / 1'000'000 * 1'000'000);
  return out;
}

inline absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace ctc::base
