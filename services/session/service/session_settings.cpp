// Reading the settings; their table is libs/host/settings_table.h.
#include "services/session/service/session_settings.h"

namespace ctc::session {

SessionSettings SessionSettings::From(const host::Settings& settings) {
  SessionSettings s;
  s.cache_sessions = static_cast<size_t>(settings.Int("session.cache_sessions"));
  s.sweep_interval = settings.Seconds("session.sweep_seconds");
  s.refresh_interval = settings.Seconds("session.refresh_seconds");
  s.party_ring = settings.Seconds("session.party_ring_seconds");
  s.watchdog.submit = settings.Seconds("session.submit_limit_seconds");
  s.watchdog.submit_grace = settings.Seconds("session.submit_grace_seconds");
  s.watchdog.accepted = settings.Seconds("session.accepted_limit_seconds");
  s.watchdog.ring_limit = settings.Seconds("session.ring_limit_seconds");
  s.watchdog.ring_grace = settings.Seconds("session.ring_grace_seconds");
  s.watchdog.silence = settings.Seconds("session.silence_limit_seconds");
  s.watchdog.max_duration = settings.Seconds("session.max_duration_seconds");
  return s;
}

}  // namespace ctc::session
