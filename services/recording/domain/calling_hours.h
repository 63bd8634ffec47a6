// When a number may be called: hours of a day in a time zone, on some days of the week. Pure.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/struct.pb.h>

#include <bitset>
#include <string>

#include "libs/base/status.h"

namespace ctc::recording {

// Half-open: at `end` it is closed (21:00:00 itself is too late; 47 CFR 64.1200(c)(1) read
// strictly).
class CallingHours {
 public:
  // {"start":"08:00","end":"21:00","time_zone":"America/New_York","days":[1,2,3,4,5]}; days are ISO
  // (1 is Monday) and all when absent. Errors name the field at fault, as "parameters.start".
  static absl::StatusOr<CallingHours> Parse(const google::protobuf::Struct& parameters);

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
  std::bitset<8> days_;  // by ISO number
};

}  // namespace ctc::recording
