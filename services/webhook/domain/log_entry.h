// One line of the webhook log as the service thinks of it.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>

namespace ctc::webhook {

// Stored and shown as they are.
inline constexpr std::string_view kReceived = "RECEIVED";    // committed, not yet applied
inline constexpr std::string_view kApplied = "APPLIED";      // done
inline constexpr std::string_view kDuplicate = "DUPLICATE";  // done: all of it was known already
inline constexpr std::string_view kRefused = "REFUSED";  // answered with an error, never applied
inline constexpr std::string_view kParked = "PARKED";    // given up; can be replayed

inline constexpr std::string_view kFromWebhook = "WEBHOOK";
inline constexpr std::string_view kFromEventSocket = "EVENT_SOCKET";

struct LogEntry {
  std::string id;
  std::string tenant;  // as claimed, when refused
  std::string provider_type;
  std::string provider_id;  // empty when no account fitted
  std::string event_type;
  std::string session_id;
  std::string correlation_id;
  std::string source{kFromWebhook};
  bool signature_valid = false;
  std::string state{kReceived};
  std::string error_code;
  std::string error_message;
  std::string payload;  // cleaned
  std::string facts;    // serialised, until applied
  int attempts = 0;
  absl::Time next_attempt_at = absl::InfiniteFuture();  // infinite: none is due
  absl::Time received_at;
  absl::Time processed_at = absl::InfiniteFuture();
};

}  // namespace ctc::webhook
