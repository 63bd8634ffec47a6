// The fold. Read Fold() first: each step asks one question of the ordered facts.
#include "services/session/domain/fold.h"

#include <algorithm>
#include <tuple>

#include "libs/base/proto_time.h"
#include "services/session/domain/canonical_order.h"
#include "services/session/domain/ending.h"
#include "services/session/domain/inbound.h"
#include "services/session/domain/legs.h"
#include "services/session/domain/parties.h"

namespace ctc::session::domain {
namespace {

using Kind = v1::CallFact;

// The end by a source that outweighs a client says that nobody talked.
bool RefutesClient(const Fact& ending) {
  if (Weight(ending) <= static_cast<int>(v1::CLIENT)) return false;
  if (ending.kind() == Kind::CALL_ENDED) {
    return ending.has_duration_seconds() && ending.duration_seconds() == 0;
  }
  return ending.kind() != Kind::CALL_TRANSFERRED && ending.kind() != Kind::CALL_MACHINE;
}

// An answer counts when it came before the end: by the canonical order, or because we heard of it
// first (the provider's clock stepped in between).
bool CameBefore(const Placed& answer, const Placed& ending) {
  return Precedes(answer, ending) || base::FromProto(answer.fact->received_time()) <
                                         base::FromProto(ending.fact->received_time());
}

// When the parties were joined. A client's claim is used only where no provider speaks.
std::optional<Placed> FindAnswer(v1::Session::Direction direction, const std::vector<Placed>& facts,
                                 const std::optional<Placed>& ending) {
  std::optional<Placed> best;
  const auto key = [](const Placed& p) {
    return std::make_tuple(p.fact->source() == v1::CLIENT, !p.timed, p.at);
  };
  for (const Placed& p : facts) {
    if (!Joins(direction, *p.fact)) continue;
    if (ending && !CameBefore(p, *ending)) continue;
    if (ending && p.fact->source() == v1::CLIENT && RefutesClient(*ending->fact)) continue;
    if (!best || key(p) < key(*best)) best = p;
  }
  return best;
}

// The provider's own count of talk seconds: evidence of an answer that got lost. Of an inbound call
// the agent's leg tells it, since the caller's counts from the menu on.
int32_t CountedSeconds(v1::Session::Direction direction, const std::vector<Placed>& facts) {
  const bool inbound = direction == v1::Session::INBOUND;
  int32_t seconds = 0;
  int weight = -1;
  for (const Placed& p : facts) {
    if (!IsEnding(p.fact->kind())) continue;
    if (!(inbound ? OfAgentLeg(*p.fact) : OfConversation(*p.fact))) continue;
    if (p.fact->duration_seconds() <= 0 || Weight(*p.fact) < weight) continue;
    seconds = Weight(*p.fact) > weight ? p.fact->duration_seconds()
                                       : std::max(seconds, p.fact->duration_seconds());
    weight = Weight(*p.fact);
  }
  return seconds;
}

struct Signs {
  std::optional<Placed> ring;  // the first sign that a phone rang
  bool agent_answered = false;
  bool machine = false;
  v1::EndReason asked_reason = v1::END_REASON_UNSPECIFIED;
  v1::KnownBy caller_source = v1::KNOWN_BY_UNSPECIFIED;
  v1::KnownBy ring_source = v1::KNOWN_BY_UNSPECIFIED;
};

void ReadSigns(v1::Session::Direction direction, const std::vector<Placed>& facts,
               SessionState& state, Signs& signs) {
  for (const Placed& p : facts) {
    const Fact& fact = *p.fact;
    const bool agent_up = fact.kind() == Kind::CALL_ANSWERED && fact.party() == v1::Leg::AGENT;
    signs.agent_answered |= agent_up;
    if (OfConversation(fact)) signs.caller_source = std::max(signs.caller_source, fact.source());
    signs.machine |= fact.kind() == Kind::CALL_MACHINE && OfConversation(fact);
    const bool may_ring = direction != v1::Session::INBOUND || OfAgentLeg(fact);
    if (agent_up || (fact.kind() == Kind::CALL_RINGING && may_ring)) {
      // Our clock and the provider's do not compare: a timed sign replaces one of ours.
      if (!signs.ring || (p.timed && !signs.ring->timed)) signs.ring = p;
      signs.ring_source = std::max(signs.ring_source, fact.source());
    }
    if (fact.kind() == Kind::CANCEL_REQUESTED) {
      state.cancel_requested = true;
      signs.asked_reason = std::max(signs.asked_reason, fact.reason());
    }
    if (fact.kind() == Kind::RECORDING_READY && !fact.recording_url().empty()) {
      state.recording_url = fact.recording_url();
    }
  }
}

void FoldRecording(const std::vector<Placed>& facts, SessionState& state) {
  for (const Placed& p : facts) {
    switch (p.fact->kind()) {
      case Kind::RECORDING_STARTED:
      case Kind::RECORDING_RESUMED:
        state.recording = RecordingState::kRunning;
        break;
      case Kind::RECORDING_PAUSED:
        state.recording = RecordingState::kPaused;
        break;
      case Kind::RECORDING_STOPPED:
      case Kind::RECORDING_READY:
      case Kind::RECORDING_FAILED:
        state.recording = RecordingState::kStopped;
        break;
      default:
        continue;
    }
    state.is_recorded = true;
  }
}

// Hold and mute, between the join and the end.
void FoldControl(const std::vector<Placed>& facts, const std::optional<Placed>& ending,
                 SessionState& state) {
  std::optional<Placed> held;
  absl::Duration on_hold;
  for (const Placed& p : facts) {
    if (ending && Precedes(*ending, p)) continue;
    if (p.fact->kind() == Kind::CALL_HELD && !held) held = p;
    if (p.fact->kind() == Kind::CALL_RESUMED && held) {
      on_hold += Between(*held, p);
      held.reset();
      state.known_by = p.fact->source();
    }
    if (p.fact->kind() == Kind::CALL_MUTED) state.is_muted = true;
    if (p.fact->kind() == Kind::CALL_UNMUTED) state.is_muted = false;
  }
  if (held && ending) on_hold += Between(*held, *ending);
  state.hold_seconds = static_cast<int32_t>(absl::ToInt64Seconds(on_hold));
  if (ending) {
    state.is_muted = false;
  } else if (held) {
    state.status = v1::Session::ON_HOLD;
    state.known_by = held->fact->source();
  }
}

void FoldTalk(const std::optional<Placed>& answer, const std::optional<Placed>& ending,
              int32_t counted, SessionState& state) {
  if (answer) state.answered_at = answer->at;
  if (!ending) return;
  state.ended_at = ending->at;
  absl::Duration talk = absl::Seconds(counted);
  if (answer && (counted == 0 || (answer->timed && ending->timed)))
    talk = Between(*answer, *ending);
  if (!answer) state.answered_at = *state.ended_at - talk;
  if (*state.ended_at < *state.answered_at) state.ended_at = *state.answered_at + talk;
  state.duration_seconds = static_cast<int32_t>(absl::ToInt64Seconds(talk));
  state.hold_seconds = std::min(state.hold_seconds, state.duration_seconds);
}

// Keeps started <= answered <= ended, and counts the seconds of ringing.
void FoldRinging(const Signs& signs, const std::optional<Placed>& answer,
                 const std::optional<Placed>& ending, SessionState& state) {
  if (signs.ring) state.started_at = signs.ring->at;
  const std::optional<absl::Time> limit = state.answered_at ? state.answered_at : state.ended_at;
  if (state.started_at && limit && *state.started_at > *limit) state.started_at = *limit;
  if (!state.started_at && state.answered_at) state.started_at = state.answered_at;
  const std::optional<Placed>& until = answer ? answer : ending;
  if (!signs.ring || !until || (state.answered_at && !answer)) return;
  if (Precedes(*until, *signs.ring)) return;
  state.ring_seconds = static_cast<int32_t>(absl::ToInt64Seconds(Between(*signs.ring, *until)));
}

void FoldEnding(const std::vector<Placed>& facts, const Placed& telling, const Placed& deciding,
                EndingContext context, SessionState& state) {
  const Ending ending = NameEnding(*telling.fact, context);
  state.status = ending.status;
  state.end_reason = ending.reason;
  state.known_by = deciding.fact->source();
  state.cause = telling.fact->cause();
  if (ending.status == v1::Session::FAILED) {
    state.error_code = telling.fact->error_code();
    state.error_message = telling.fact->message();
  }
  for (const Placed& p : facts) {
    if (state.cause.empty() && IsEnding(p.fact->kind())) state.cause = p.fact->cause();
  }
}

// What is said of those consulted, of guests and of supervisors makes their legs, nothing else.
std::vector<Placed> OfAgentAndCustomer(const std::vector<Placed>& facts) {
  std::vector<Placed> kept;
  for (const Placed& p : facts) {
    if (!IsExtra(p.fact->party())) kept.push_back(p);
  }
  return kept;
}

v1::KnownBy HeaviestAnswer(v1::Session::Direction direction, const std::vector<Placed>& facts) {
  v1::KnownBy source = v1::KNOWN_BY_UNSPECIFIED;
  for (const Placed& p : facts) {
    if (Joins(direction, *p.fact)) {
      source = std::max(source, p.fact->source());
    }
  }
  return source;
}

}  // namespace

SessionState Fold(const CallStart& start, const Facts& given) {
  const std::vector<Placed> all = Order(given);
  const std::vector<Placed> facts = OfAgentAndCustomer(all);
  SessionState state;
  Signs signs;
  ReadSigns(start.direction, facts, state, signs);
  FoldRecording(facts, state);

  const bool inbound = start.direction == v1::Session::INBOUND;
  const Offers offers = inbound ? ReadOffers(facts) : Offers();
  const std::vector<Placed> endings = EndingsOf(start.direction, all);
  const std::optional<Placed> ending = DecidingEnding(start.direction, facts, endings);
  const std::optional<Placed> answer = FindAnswer(start.direction, facts, ending);
  const int32_t counted = ending ? CountedSeconds(start.direction, facts) : 0;
  const bool joined = answer.has_value() || counted > 0;

  if (joined) {
    state.status = v1::Session::CONNECTED;
    state.known_by = HeaviestAnswer(start.direction, facts);
    FoldControl(facts, ending, state);
    FoldTalk(answer, ending, counted, state);
  } else if (inbound ? offers.rings : signs.ring.has_value()) {
    state.status = v1::Session::RINGING;
    state.known_by = signs.ring_source;
  } else if (inbound) {
    state.known_by = std::max(signs.caller_source, v1::SUBMISSION);
  }
  if (ending) {
    if (!state.ended_at) state.ended_at = ending->at;
    FoldEnding(facts, MostTelling(endings, *ending), *ending,
               {joined, signs.ring.has_value(), state.cancel_requested, signs.agent_answered,
                signs.machine, start.direction, signs.asked_reason},
               state);
  }
  state.offer_open = offers.open && !joined && !ending;
  FoldRinging(signs, answer, ending, state);
  state.legs = FoldLegs(start, all, state.answered_at, state.ended_at);
  return state;
}

}  // namespace ctc::session::domain
