#include "libs/providers/twilio/legs.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace ctc::providers::twilio {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using session::v1::Leg;

namespace {

// The one that is in the call: an agent that was rung again has another leg than the first time.
const Leg* LiveLeg(const ControlCallRequest& request, Leg::Party party) {
  for (const Leg& leg : request.legs()) {
    if (leg.party() == party && leg.state() != Leg::ENDED) return &leg;
  }
  return nullptr;
}

bool HasLeg(const ControlCallRequest& request, Leg::Party party) {
  return std::any_of(request.legs().begin(), request.legs().end(),
                     [&](const Leg& leg) { return leg.party() == party; });
}

}  // namespace

const std::string& RoomOf(const CallOrder& order) {
  return order.room().empty() ? order.id() : order.room();
}

std::string LabelOf(const CallOrder& order, std::string_view leg_id) {
  std::string label(leg_id);
  if (RoomOf(order) != order.id() && leg_id != "customer") label += "." + order.id();
  return label;
}

LabelledLeg ReadLabel(std::string_view label) {
  const size_t dot = label.find('.');
  LabelledLeg leg;
  leg.leg_id = std::string(label.substr(0, dot));
  if (dot != std::string_view::npos) leg.session = std::string(label.substr(dot + 1));
  return leg;
}

std::optional<Leg::Party> PartyOf(std::string_view leg_id) {
  if (leg_id.size() > 32) return std::nullopt;
  const std::string_view kind = leg_id.substr(0, leg_id.find('-'));
  if (leg_id == "customer") return Leg::CUSTOMER;
  if (kind == "agent") return Leg::AGENT;
  if (kind == "consult") return Leg::CONSULT;
  if (kind == "party") return Leg::GUEST;
  if (kind == "supervisor") return Leg::SUPERVISOR;
  return std::nullopt;
}

std::string FactLegId(std::string_view leg_id) {
  return leg_id == "agent" || leg_id == "customer" ? "" : std::string(leg_id);
}

bool HasLeft(const ControlCallRequest& request, Leg::Party party) {
  return HasLeg(request, party) && LiveLeg(request, party) == nullptr;
}

bool IsInbound(const CallOrder& order) {
  return order.direction() == session::v1::Session::INBOUND;
}

bool IsPathSafe(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  }) && text.find("..") == std::string_view::npos;
}

std::string LegSid(const ControlCallRequest& request, Leg::Party party) {
  if (const Leg* leg = LiveLeg(request, party)) {
    if (IsPathSafe(leg->provider_leg_id())) return leg->provider_leg_id();
    if (!FactLegId(leg->id()).empty()) return "";  // not the party's first one
  }
  if (HasLeft(request, party)) return "";
  const bool first_is_agent = !IsInbound(request.order()) && !request.order().agent_phone().empty();
  const bool is_first = first_is_agent == (party == Leg::AGENT);
  return is_first && IsPathSafe(request.provider_call_id()) ? request.provider_call_id() : "";
}

std::string ParticipantOf(const ControlCallRequest& request, std::string_view leg_id) {
  for (const Leg& leg : request.legs()) {
    if (leg.id() == leg_id && leg.state() != Leg::ENDED && IsPathSafe(leg.provider_leg_id())) {
      return leg.provider_leg_id();
    }
  }
  const std::optional<Leg::Party> party = PartyOf(leg_id);
  const bool first = party.has_value() && FactLegId(leg_id).empty();
  if (first && !HasLeg(request, *party)) return ParticipantOf(request, *party);
  return LabelOf(request.order(), leg_id);
}

std::string ParticipantOf(const ControlCallRequest& request, Leg::Party party) {
  const std::string sid = LegSid(request, party);
  if (!sid.empty()) return sid;
  const Leg* leg = LiveLeg(request, party);
  const std::string_view first = party == Leg::AGENT ? "agent" : "customer";
  return LabelOf(request.order(), leg != nullptr ? std::string_view(leg->id()) : first);
}

}  // namespace ctc::providers::twilio
