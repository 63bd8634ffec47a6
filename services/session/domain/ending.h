// Which of the facts ended a session, and how that is told: status and reason.
#pragma once

#include <optional>
#include <vector>

#include "services/session/domain/canonical_order.h"

namespace ctc::session::domain {

// What decides how an ending is named, besides the ending itself.
struct EndingContext {
  bool joined = false;  // agent and customer talked
  bool rang = false;
  bool cancel_requested = false;
  bool agent_answered = false;
  bool machine = false;
  v1::Session::Direction direction = v1::Session::OUTBOUND;
  // Why we asked for the end, where a caller's flow did.
  v1::EndReason asked_reason = v1::END_REASON_UNSPECIFIED;
};

struct Ending {
  Status status;
  v1::EndReason reason;
};

// The facts that say that the session is over, in canonical order: all endings of the conversation,
// and those of the agent's legs that left the customer alone.
std::vector<Placed> EndingsOf(v1::Session::Direction direction, const std::vector<Placed>& facts);

// The fact that ended the session: our own handover, else the heaviest evidence, then the first in
// canonical order, then the most specific. None while the session lives. A machine's answer yields
// to any other ending, since the call goes on after it; a transfer counts only once the parties
// were joined.
std::optional<Placed> DecidingEnding(v1::Session::Direction direction,
                                     const std::vector<Placed>& facts,
                                     const std::vector<Placed>& endings);

// The heaviest ending that says more than "over"; `deciding` itself when it does or nothing better
// is known. An unspecific word of a heavy source does not wipe out what a lighter one knew exactly.
Placed MostTelling(const std::vector<Placed>& endings, const Placed& deciding);

Ending NameEnding(const Fact& fact, const EndingContext& context);

}  // namespace ctc::session::domain
