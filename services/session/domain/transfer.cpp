// The rules of domain section 5; read NextStep() first.
#include "services/session/domain/transfer.h"

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/session/domain/canonical_order.h"
#include "services/session/domain/parties.h"

namespace ctc::session::domain {
namespace {

using Kind = v1::CallFact;
using T = v1::Transfer;

bool Knows(const Facts& facts, const std::string& key) {
  return std::any_of(facts.begin(), facts.end(),
                     [&](const Fact& fact) { return fact.event_key() == key; });
}

bool Answered(const Facts& facts, const std::string& leg) {
  return std::any_of(facts.begin(), facts.end(), [&](const Fact& fact) {
    return fact.kind() == Kind::CALL_ANSWERED && LegIdOf(fact) == leg;
  });
}

std::string WhyEnded(const Facts& facts, const std::string& leg) {
  if (Answered(facts, leg)) return "The target hung up";
  const Fact* best = nullptr;
  for (const Fact& fact : facts) {
    if (!IsEnding(fact.kind()) || LegIdOf(fact) != leg) continue;
    // "Over" says least; among the others the first.
    if (best == nullptr || best->kind() == Kind::CALL_ENDED) best = &fact;
  }
  if (best == nullptr) return "";
  switch (best->kind()) {
    case Kind::CALL_BUSY:
      return "The target was busy";
    case Kind::CALL_REJECTED:
      return "The target declined";
    case Kind::CALL_FAILED:
      return best->message().empty() ? "The target could not be reached" : best->message();
    default:
      return "The target did not answer";
  }
}

// Agents' legs in a session whose switch finds the agent are unknown: then it is taken to be there.
bool AgentIsThere(const SessionState& state) {
  bool known = false;
  for (const v1::Leg& leg : state.legs) {
    if (leg.party() != v1::Leg::AGENT) continue;
    if (leg.state() == v1::Leg::ANSWERED) return true;
    known = true;
  }
  return !known && IsJoined(state.status);
}

void GiveBack(const PartyView& view, bool on_hold, TransferStep& step) {
  if (!view.agent_is_there) {
    step.actions.push_back(PartyAction::kRingAgent);
  } else if (on_hold) {
    step.actions.push_back(PartyAction::kResume);
  }
}

TransferStep Over(T::Status status, std::string why) {
  TransferStep step;
  step.status = status;
  step.error_message = std::move(why);
  return step;
}

TransferStep HandOver() {
  TransferStep step = Over(T::COMPLETED, "");
  step.actions.push_back(PartyAction::kHandOver);
  return step;
}

TransferStep CallOff(const PartyView& view) {
  TransferStep step = Over(T::CANCELLED, "");
  step.actions.push_back(PartyAction::kDropTarget);
  GiveBack(view, view.is_on_hold, step);
  return step;
}

TransferStep Fail(const T& transfer, const PartyView& view, std::string why) {
  TransferStep step = Over(T::FAILED, std::move(why));
  // A target who drops while being consulted leaves the customer on hold with the agent, who knows
  // and takes it back; one who never spoke was not noticed by anybody.
  GiveBack(view, view.is_on_hold && transfer.status() != T::CONSULTING, step);
  return step;
}

bool MayRingNext(const T& transfer, const PartyView& view) {
  return view.queue_goes_on && transfer.status() != T::CONSULTING &&
         view.target != v1::Leg::ANSWERED;
}

TransferStep RingNext(const T& transfer) {
  TransferStep step = Over(transfer.status(), "");
  step.actions.push_back(PartyAction::kRingNext);
  return step;
}

TransferStep GiveUpTarget(const T& transfer, const PartyView& view, std::string why) {
  TransferStep step =
      MayRingNext(transfer, view) ? RingNext(transfer) : Fail(transfer, view, std::move(why));
  step.actions.insert(step.actions.begin(), PartyAction::kDropTarget);
  return step;
}

// The target speaks: with the agent, or with the customer when no agent is meant to or left to.
TransferStep Consult(const T& transfer, const PartyView& view) {
  const bool meets_agent = !IsUnannounced(transfer.transfer_type()) && !view.referred;
  if (!meets_agent || !view.agent_is_there) return HandOver();
  TransferStep step = Over(T::CONSULTING, "");
  const bool begins = transfer.status() != T::CONSULTING;
  if (begins && transfer.transfer_type() == T::WARM && view.is_on_hold) {
    step.actions.push_back(PartyAction::kResume);
  }
  return step;
}

TransferStep WaitForQueue(const T& transfer, const PartyView& view) {
  if (MayRingNext(transfer, view)) return RingNext(transfer);
  return GiveUpTarget(transfer, view, "No agent of the queue took the call in time");
}

absl::Status NotToBeSpokenTo(const T& transfer) {
  base::ErrorDetail extra;
  extra.metadata["status"] = T::Status_Name(transfer.status());
  return base::MakeError(base::kTransferState, "The target did not pick up yet", std::move(extra));
}

}  // namespace

PartyView ViewOf(const SessionState& state, const Facts& facts, const std::string& target_leg) {
  PartyView view;
  view.is_live = IsJoined(state.status);
  view.handed_on = state.status == v1::Session::TRANSFERRED;
  view.is_on_hold = state.status == v1::Session::ON_HOLD;
  view.agent_is_there = AgentIsThere(state);
  for (const v1::Leg& leg : state.legs) {
    if (leg.id() != target_leg) continue;
    view.target = leg.state();
    view.target_waits = leg.state() == v1::Leg::DIALLING && leg.phone().empty();
  }
  if (view.target == v1::Leg::ENDED) view.target_end = WhyEnded(facts, target_leg);
  return view;
}

absl::StatusOr<TransferStep> NextStep(const T& transfer, const PartyView& view,
                                      TransferEvent event) {
  if (!IsOpen(transfer.status())) return Over(transfer.status(), transfer.error_message());
  if (view.handed_on) return Over(T::COMPLETED, "");
  if (!view.is_live) return Over(T::CANCELLED, "The call ended");
  if (event == TransferEvent::kCancel) return CallOff(view);
  if (event == TransferEvent::kNotHeld) {
    return Fail(transfer, view, "The customer could not be put on hold");
  }
  if (view.target_waits && event != TransferEvent::kComplete) return WaitForQueue(transfer, view);
  const bool next = MayRingNext(transfer, view);
  if (event == TransferEvent::kNotDialled) {
    return next ? RingNext(transfer) : Fail(transfer, view, "The target could not be rung");
  }
  if (view.target == v1::Leg::ENDED) {
    return next ? RingNext(transfer) : Fail(transfer, view, view.target_end);
  }
  const bool target_speaks = view.target == v1::Leg::ANSWERED;
  if (event == TransferEvent::kTooLong && !target_speaks) {
    return GiveUpTarget(transfer, view, "The target did not answer in time");
  }
  if (event == TransferEvent::kComplete) {
    if (!target_speaks) return NotToBeSpokenTo(transfer);
    return HandOver();
  }
  if (target_speaks) return Consult(transfer, view);
  TransferStep step = Over(transfer.status(), "");
  const bool rings = view.target == v1::Leg::RINGING;
  if (rings && transfer.status() == T::REQUESTED) step.status = T::RINGING;
  const bool rung = rings || event == TransferEvent::kDialled;
  const bool leaves = IsUnannounced(transfer.transfer_type()) && !view.referred;
  if (rung && view.agent_is_there && leaves) {
    step.actions.push_back(PartyAction::kDropAgent);
  }
  return step;
}

bool OwesResume(const v1::StoredTransfer& stored, const Facts& facts) {
  const T& transfer = stored.transfer();
  if (!stored.owes_resume() || IsOpen(transfer.status())) return false;
  const absl::Time over = base::FromProto(transfer.completed_at());
  return std::none_of(facts.begin(), facts.end(), [&](const Fact& fact) {
    return fact.kind() == Kind::CALL_RESUMED && base::FromProto(fact.received_time()) >= over;
  });
}

CareStep CareFor(const SessionState& state, const Facts& facts, const std::string& open_leg,
                 const std::string& owed_leg) {
  if (std::none_of(facts.begin(), facts.end(), IsDialledByUs)) return {};
  const auto open = [&](v1::Leg::Party party) { return !OpenLegs(facts, party).empty(); };
  if (!IsLive(state.status)) {
    if (state.status == v1::Session::TRANSFERRED) return {};
    const bool told = std::any_of(facts.begin(), facts.end(), [](const Fact& fact) {
      return IsEnding(fact.kind()) && OfConversation(fact);
    });
    const bool somebody = open(v1::Leg::CONSULT) || open(v1::Leg::GUEST) ||
                          open(v1::Leg::SUPERVISOR) || open(v1::Leg::AGENT);
    return {somebody || !told ? Care::kHangUp : Care::kNone, ""};
  }
  if (!IsJoined(state.status)) return {};
  for (const std::string& leg : OpenLegs(facts, v1::Leg::CONSULT)) {
    if (leg != open_leg) return {Care::kDropTarget, leg};
  }
  for (const std::string& leg : OpenLegs(facts, v1::Leg::AGENT)) {
    const bool waits = state.status == v1::Session::ON_HOLD && Answered(facts, leg);
    if (waits && !Knows(facts, ResumedKey(leg))) return {Care::kResumeCustomer, leg};
  }
  const bool owed = !owed_leg.empty() && open_leg.empty() && AgentIsThere(state);
  if (owed && state.status == v1::Session::ON_HOLD) return {Care::kResumeCustomer, owed_leg};
  const bool company =
      !open_leg.empty() || open(v1::Leg::GUEST) || open(v1::Leg::AGENT) || AgentIsThere(state);
  return {company ? Care::kNone : Care::kHangUp, ""};
}

std::string AgentLegOf(const SessionState& state) {
  std::string found = "agent";
  for (const v1::Leg& leg : state.legs) {
    if (leg.party() == v1::Leg::AGENT && leg.state() != v1::Leg::ENDED) found = leg.id();
  }
  return found;
}

std::string DialKey(const std::string& leg_id) {
  return std::string(kOurWord) + leg_id + ":dialled";
}
std::string LeavesKey(const std::string& leg_id) {
  return std::string(kOurWord) + leg_id + ":leaves";
}
std::string ResumedKey(const std::string& leg_id) {
  return std::string(kOurWord) + leg_id + ":resumed";
}
std::string OfferedKey(const std::string& leg_id) {
  return std::string(kOurWord) + leg_id + ":offered";
}

}  // namespace ctc::session::domain
