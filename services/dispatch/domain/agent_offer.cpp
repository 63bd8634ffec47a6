// From the feed's events to errands.
#include "services/dispatch/domain/agent_offer.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <vector>

namespace ctc::dispatch {
namespace {

using routing::v1::FlowInput;
using session::v1::CallEvent;
using session::v1::CallFact;
using session::v1::Leg;
using session::v1::Session;

bool IsJoined(Session::Status status) {
  return status == Session::CONNECTED || status == Session::ON_HOLD;
}

FlowInput::Kind OutcomeOf(CallFact::Kind kind) {
  switch (kind) {
    case CallFact::CALL_BUSY:
      return FlowInput::DIAL_BUSY;
    case CallFact::CALL_REJECTED:
      return FlowInput::DIAL_REJECTED;
    case CallFact::CALL_FAILED:
      return FlowInput::DIAL_FAILED;
    default:
      return FlowInput::DIAL_NO_ANSWER;  // a machine took it, or the phone just stopped ringing
  }
}

const Leg* AgentLegOf(const Session& session) {
  for (const Leg& leg : session.legs()) {
    if (leg.id() == "agent") return &leg;
  }
  return nullptr;
}

// The agent's last leg has ended, and it is the one the event speaks of: not of an attempt before.
bool HasMissed(const CallEvent& event, const Session& session) {
  const Leg* leg = AgentLegOf(session);
  return leg != nullptr && leg->state() == Leg::ENDED && !event.provider_leg_id().empty() &&
         leg->provider_leg_id() == event.provider_leg_id();
}

}  // namespace

std::string NameOf(const Errand& errand) {
  switch (errand.deed) {
    case Deed::kRing:
      return absl::StrCat("agent-", errand.number);
    case Deed::kAsk:
      return absl::StrCat("ask-", errand.number, "-", static_cast<int>(errand.outcome));
    case Deed::kDrop:
      return absl::StrCat("drop-", errand.number);
  }
  return "";
}

std::optional<Errand> ReadName(std::string_view name) {
  const std::vector<std::string> parts = absl::StrSplit(std::string(name), '-');
  Errand errand;
  int outcome = 0;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[1], &errand.number)) return std::nullopt;
  if (parts[0] == "agent" && parts.size() == 2) return errand;
  if (parts[0] == "drop" && parts.size() == 2) {
    errand.deed = Deed::kDrop;
    return errand;
  }
  if (parts[0] != "ask" || parts.size() != 3 || !absl::SimpleAtoi(parts[2], &outcome) ||
      !FlowInput::Kind_IsValid(outcome)) {
    return std::nullopt;
  }
  errand.deed = Deed::kAsk;
  errand.outcome = static_cast<FlowInput::Kind>(outcome);
  return errand;
}

bool HasEnded(const Session& session) { return session.status() >= Session::COMPLETED; }

bool MayLead(const CallEvent& event) {
  if (event.type() == "session.offered" || event.type() == "session.withdrawn") return true;
  return event.type() == "leg.ended" && event.party() == Leg::AGENT &&
         (event.new_status() == Session::INITIATED || event.new_status() == Session::RINGING);
}

bool StillOffered(const CallNow& now, int step) {
  return !HasEnded(now.session) && !IsJoined(now.session.status()) && now.step.has_dial() &&
         now.step.number() == step;
}

std::optional<Errand> ErrandOf(const CallEvent& event, const CallNow& now) {
  const Session& session = now.session;
  if (session.direction() != Session::INBOUND) return std::nullopt;
  if (event.type() == "session.withdrawn") {
    // With another agent being rung, the one before has left by itself.
    if (!HasEnded(session) && now.step.has_dial()) return std::nullopt;
    // A feed may have more events than an int can count; the same number comes again after so many
    // that nobody remembers the first.
    const int number = static_cast<int>(event.seq() & 0x7fffffff);
    return Errand{Deed::kDrop, number, FlowInput::KIND_UNSPECIFIED};
  }
  const int step = now.step.number();
  if (!StillOffered(now, step)) return std::nullopt;
  if (event.type() == "session.offered") {
    return Errand{Deed::kRing, step, FlowInput::KIND_UNSPECIFIED};
  }
  if (!HasMissed(event, session)) return std::nullopt;
  return Errand{Deed::kAsk, step, OutcomeOf(event.fact_kind())};
}

}  // namespace ctc::dispatch
