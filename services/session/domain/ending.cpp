// Endings: domain rules 2.1 (ended without answer), 2.2 (nothing but COMPLETED after the join).
#include "services/session/domain/ending.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "services/session/domain/inbound.h"
#include "services/session/domain/parties.h"

namespace ctc::session::domain {
namespace {

using Kind = v1::CallFact;

// 0 first: says how it ended. 1: only that it ended.
int Vagueness(const Fact& fact) {
  return fact.kind() == Kind::CALL_ENDED && fact.reason() == v1::END_REASON_UNSPECIFIED ? 1 : 0;
}

bool Decides(const Placed& a, const Placed& b) {
  const auto key = [](const Placed& p) {
    // Without the provider's time, arrival must not decide: such facts come after timed ones.
    return std::make_tuple(-Weight(*p.fact), p.fact->kind() == Kind::CALL_MACHINE,
                           p.timed ? p.at : absl::InfiniteFuture(), Vagueness(*p.fact),
                           static_cast<int>(p.fact->kind()), std::string_view(p.fact->event_key()));
  };
  return key(a) < key(b);
}

Status StatusOfReason(v1::EndReason reason) {
  switch (reason) {
    case v1::CUSTOMER_BUSY:
    case v1::CUSTOMER_REJECTED:
    case v1::AGENT_REJECTED:
      return v1::Session::BUSY;
    case v1::CUSTOMER_NO_ANSWER:
    case v1::AGENT_NO_ANSWER:
    case v1::RING_TIMEOUT:
      return v1::Session::NO_ANSWER;
    case v1::CANCELLED_BY_AGENT:
    case v1::CALLER_ABANDONED:
      return v1::Session::CANCELLED;
    case v1::MACHINE:
      return v1::Session::VOICEMAIL;
    default:
      return v1::Session::FAILED;
  }
}

v1::EndReason CancelReason(const EndingContext& context) {
  const bool caller_left = context.direction == v1::Session::INBOUND && !context.cancel_requested;
  return caller_left ? v1::CALLER_ABANDONED : v1::CANCELLED_BY_AGENT;
}

// After the join a session can only be COMPLETED or TRANSFERRED; the reason tells an abnormal end.
Ending NameJoined(const Fact& fact, const EndingContext& context) {
  if (fact.kind() == Kind::CALL_TRANSFERRED) return {v1::Session::TRANSFERRED, v1::HANDED_OVER};
  v1::EndReason reason = v1::NORMAL;
  // In an inbound call a machine took a message, before or after the talk.
  if (context.machine && context.direction != v1::Session::INBOUND) reason = v1::MACHINE;
  // After a failed transfer the agent is rung again, as "agent-2".
  const bool rung_again = fact.party() == v1::Leg::AGENT && LegIdOf(fact) != "agent";
  if (rung_again && fact.kind() == Kind::CALL_NO_ANSWER) reason = v1::AGENT_NO_ANSWER;
  if (rung_again && (fact.kind() == Kind::CALL_BUSY || fact.kind() == Kind::CALL_REJECTED)) {
    reason = v1::AGENT_REJECTED;
  }
  if (fact.kind() == Kind::CALL_FAILED) reason = v1::PROVIDER_ERROR;
  if (fact.reason() == v1::LOST || fact.reason() == v1::MAX_DURATION ||
      fact.reason() == v1::PROVIDER_ERROR) {
    reason = fact.reason();
  }
  return {v1::Session::COMPLETED, reason};
}

// "Over" without an answer and without further word: asked for evidence.
Ending NameUnanswered(const Fact& fact, const EndingContext& context) {
  const bool agent = fact.party() == v1::Leg::AGENT;
  if (context.cancel_requested || (agent && context.agent_answered)) {
    return {v1::Session::CANCELLED, CancelReason(context)};
  }
  if (context.rang) {
    return {v1::Session::NO_ANSWER, agent ? v1::AGENT_NO_ANSWER : v1::CUSTOMER_NO_ANSWER};
  }
  return {v1::Session::FAILED, v1::PROVIDER_ERROR};
}

// A caller who left without having talked to an agent, unless we sent it away or something broke.
Ending NameInbound(const Fact& fact, const EndingContext& context) {
  if (fact.kind() == Kind::CALL_FAILED) {
    const bool said = fact.reason() != v1::END_REASON_UNSPECIFIED;
    return {v1::Session::FAILED, said ? fact.reason() : v1::PROVIDER_ERROR};
  }
  if (context.asked_reason == v1::NORMAL) return {v1::Session::CANCELLED, v1::NORMAL};
  if (context.asked_reason != v1::END_REASON_UNSPECIFIED) {
    return {StatusOfReason(context.asked_reason), context.asked_reason};
  }
  return {v1::Session::CANCELLED, CancelReason(context)};
}

v1::EndReason Or(v1::EndReason given, v1::EndReason otherwise) {
  return given != v1::END_REASON_UNSPECIFIED ? given : otherwise;
}

}  // namespace

std::vector<Placed> EndingsOf(v1::Session::Direction direction, const std::vector<Placed>& facts) {
  std::vector<Placed> endings;
  for (const Placed& p : facts) {
    if (!IsEnding(p.fact->kind()) || !MayEndSession(direction, facts, p)) continue;
    const bool agents = p.fact->party() == v1::Leg::AGENT && !LeavesCompany(facts, p);
    if (agents || OfConversation(*p.fact)) endings.push_back(p);
  }
  return endings;
}

std::optional<Placed> DecidingEnding(v1::Session::Direction direction,
                                     const std::vector<Placed>& facts,
                                     const std::vector<Placed>& endings) {
  const bool answered = std::any_of(facts.begin(), facts.end(), [&](const Placed& p) {
    return Joins(direction, *p.fact) ||
           (OfConversation(*p.fact) && IsEnding(p.fact->kind()) && p.fact->duration_seconds() > 0);
  });
  std::optional<Placed> best;
  for (const Placed& p : endings) {
    if (p.fact->kind() == Kind::CALL_TRANSFERRED && !answered) continue;
    if (IsHandover(*p.fact)) return p;
    if (!best || Decides(p, *best)) best = p;
  }
  return best;
}

Placed MostTelling(const std::vector<Placed>& endings, const Placed& deciding) {
  if (Vagueness(*deciding.fact) == 0) return deciding;
  std::optional<Placed> best;
  for (const Placed& p : endings) {
    if (Vagueness(*p.fact) > 0) continue;
    if (p.fact->source() == v1::TIMEOUT || p.fact->kind() == Kind::CALL_TRANSFERRED) continue;
    if (!best || Decides(p, *best)) best = p;
  }
  return best ? *best : deciding;
}

Ending NameEnding(const Fact& fact, const EndingContext& context) {
  if (context.joined) return NameJoined(fact, context);
  if (context.machine) return {v1::Session::VOICEMAIL, v1::MACHINE};
  if (context.direction == v1::Session::INBOUND && fact.source() != v1::CLIENT) {
    return NameInbound(fact, context);
  }
  const bool agent = fact.party() == v1::Leg::AGENT;
  switch (fact.kind()) {
    case Kind::CALL_BUSY:
      return {v1::Session::BUSY, Or(fact.reason(), agent ? v1::AGENT_REJECTED : v1::CUSTOMER_BUSY)};
    case Kind::CALL_REJECTED:
      return {v1::Session::FAILED,
              Or(fact.reason(), agent ? v1::AGENT_REJECTED : v1::CUSTOMER_REJECTED)};
    case Kind::CALL_NO_ANSWER:
      if (context.cancel_requested) return {v1::Session::CANCELLED, CancelReason(context)};
      return {v1::Session::NO_ANSWER,
              Or(fact.reason(), agent ? v1::AGENT_NO_ANSWER : v1::CUSTOMER_NO_ANSWER)};
    case Kind::CALL_CANCELLED:
      return {v1::Session::CANCELLED, Or(fact.reason(), CancelReason(context))};
    case Kind::CALL_FAILED:
      return {v1::Session::FAILED, Or(fact.reason(), v1::PROVIDER_ERROR)};
    default:
      break;
  }
  if (fact.reason() != v1::END_REASON_UNSPECIFIED && fact.reason() != v1::NORMAL &&
      !context.cancel_requested) {
    return {StatusOfReason(fact.reason()), fact.reason()};
  }
  return NameUnanswered(fact, context);
}

}  // namespace ctc::session::domain
