// When a number may be called: hours of a day in a time zone, on some days of the week. Pure.
// The zone is one that is named, or that of whoever is called.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/struct.pb.h>

#include <bitset>
#include <optional>
#include <string>

#include "libs/base/status.h"

namespace ctc::recording {

// Half-open: at `end` it is closed (21:00:00 itself is too late; 47 CFR 64.1200(c)(1) read
// strictly).
class CallingHours {
 public:
  // {"start":"08:00","end":"21:00","time_zone":"callee","days":[1,2,3,4,5]}; the zone may be named,
  // as "America/New_York"; days are ISO (1 is Monday) and all when absent. Errors name the field at
  // fault, as "parameters.start".
  static absl::StatusOr<CallingHours> Parse(const google::protobuf::Struct& parameters);

  // With time_zone "callee": then only In() the zones of the number these are hours.
  bool follow_callee() const { return follow_callee_; }
  // The same hours in that zone; empty when this machine has none of that name.
  std::optional<CallingHours> In(const std::string& zone) const;

  bool IsOpen(absl::Time at) const;
  // The first moment from `at` on when it is open. Uses the zone's own rules, so a day of changing
  // clocks is as long as it is.
  absl::Time NextOpen(absl::Time at) const;
  const std::string& zone_name() const { return zone_name_; }

 private:
  bool IsOpenOn(absl::CivilDay day) const;

  int start_minute_ = 0;
  int end_minute_ = 24 * 60;
  absl::TimeZone zone_;
  std::string zone_name_;
  bool follow_callee_ = false;
  std::bitset<8> days_;  // by ISO number
};

}  // namespace ctc::recording
