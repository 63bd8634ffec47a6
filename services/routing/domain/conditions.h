// When a routing rule applies. Pure.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/struct.pb.h>

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace ctc::routing {

// What is known of the call that is to be routed.
struct Question {
  std::string to_phone;  // E.164
  std::string agent_id;
  std::string campaign_id;
  std::string provider_id;  // asked for by the caller; "" leaves it to rules and priority
  absl::Time at;
};

// Hours of a day in a time zone, half-open, on some days of the week.
struct TimeWindow {
  int start_minute = 0;
  int end_minute = 24 * 60;
  absl::TimeZone zone;
  std::bitset<8> days;  // by ISO number, 1 is Monday

  // {"start": "08:00", "end": "18:00", "days": [1, 2]}: all but the zone. Errors name the member at
  // fault below `path`.
  static absl::StatusOr<TimeWindow> Parse(const google::protobuf::Struct& json,
                                          const std::string& path);
  bool Contains(absl::Time at) const;
};

// All that are given must hold; of a list, one must.
class Conditions {
 public:
  // {"campaign_id": "c1" or ["c1", "c2"], "agent_id": ..., "to_phone_prefix": "+49" or [...],
  // "time_window": {"start": "08:00", "end": "18:00", "time_zone": "Europe/Berlin", "days": [1,
  // 2]}}. Errors name the key at fault, as "condition_json.time_window.start".
  static absl::StatusOr<Conditions> Parse(const google::protobuf::Struct& json);

  // "" when they hold, else the first that does not, for people.
  std::string WhyNot(const Question& question) const;

 private:
  std::vector<std::string> campaigns_;
  std::vector<std::string> agents_;
  std::vector<std::string> prefixes_;
  std::optional<TimeWindow> window_;
};

}  // namespace ctc::routing
