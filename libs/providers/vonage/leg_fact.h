// Vonage's words for what happens to a leg, in ours. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/providers/adapter.h"

namespace ctc::providers::vonage {

// What a status event or a call's record says of a leg.
struct LegStatus {
  std::string status;  // "answered"
  std::string detail;  // "cannot_route"
  int sip_code = 0;
};

// Kind unset for words that say nothing.
session::v1::CallFact FactOf(session::v1::Leg::Party party, const LegStatus& leg);

// Of our id of a leg, as "consult-1"; unspecified for what is none.
session::v1::Leg::Party PartyOf(std::string_view leg_id);

// "2026-01-01T12:00:00.000Z" or "2026-01-01 12:00:00", UTC; nothing when unreadable.
std::optional<absl::Time> ReadTime(std::string_view text);

}  // namespace ctc::providers::vonage
