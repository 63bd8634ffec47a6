// The settings of this service, read once.
#pragma once

#include "libs/host/service.h"
#include "services/session/domain/watchdog_policy.h"

namespace ctc::session {

struct SessionSettings {
  size_t cache_sessions = 50000;
  size_t ring_events = 20000;
  absl::Duration write_timeout = absl::Seconds(10);
  absl::Duration sweep_interval = absl::Seconds(1);
  absl::Duration refresh_interval = absl::Milliseconds(250);
  absl::Duration place_grace = absl::Seconds(5);  // beyond the account's own timeout
  absl::Duration party_ring = absl::Seconds(30);  // of those consulted, guests and supervisors
  domain::WatchdogTimes watchdog;

  static SessionSettings From(const host::Settings& settings);
};

}  // namespace ctc::session
