// When a menu is open: hours of the week in a time zone, and days on which it is closed. Pure.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/struct.pb.h>

#include <set>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "services/routing/domain/conditions.h"

namespace ctc::routing {

class BusinessHours {
 public:
  // {"time_zone": "Europe/Berlin", "hours": [{"days": [1, 2, 3, 4, 5], "start": "08:00",
  // "end": "18:00"}], "holidays": ["2026-12-25"], "closed_text": "...", "closed_audio_url": "..."}.
  // Days are 1 (Monday) to 7 (Sunday), all when absent; "end" is exclusive, "24:00" the day's end.
  // Errors name the member, as "business_hours.hours[0].start".
  static absl::StatusOr<BusinessHours> Parse(const google::protobuf::Struct& json);

  bool IsOpen(absl::Time at) const;

  // Heard when closed, unless the menu has an option "c"; empty: our own words.
  std::string closed_text;
  std::string closed_audio_url;

 private:
  absl::TimeZone zone_;
  std::vector<TimeWindow> windows_;
  std::set<absl::CivilDay> holidays_;
};

}  // namespace ctc::routing
