// Our legs at Twilio: each is a participant of the conversation's conference, whose label tells
// which leg of which session it is. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctc/dispatch/v1/dispatch_service.pb.h"

namespace ctc::providers::twilio {

// The conference's name.
const std::string& RoomOf(const dispatch::v1::CallOrder& order);

// Label of a leg: its id, and behind a dot the session where that is not the one the room is named
// after. Unique in the room, since two sessions of a conversation may both have a "consult-1".
std::string LabelOf(const dispatch::v1::CallOrder& order, std::string_view leg_id);

struct LabelledLeg {
  std::string leg_id;
  std::string session;  // empty: the one that the callback's URL names
};
LabelledLeg ReadLabel(std::string_view label);

// Whose leg it is, by our ids: "agent", "consult-1". Nothing for a word that is none.
std::optional<session::v1::Leg::Party> PartyOf(std::string_view leg_id);

// What CallFact.leg_id says of it: empty for a party's first leg.
std::string FactLegId(std::string_view leg_id);

bool IsInbound(const dispatch::v1::CallOrder& order);

// True for a sid or a label, which may stand in a path as it is.
bool IsPathSafe(std::string_view text);

// True when there was such a party, and none is in the call any more.
bool HasLeft(const dispatch::v1::ControlCallRequest& request, session::v1::Leg::Party party);

// The call sid of the agent or the customer that is in the call, as far as it is known: also by
// its being the first one of the call.
std::string LegSid(const dispatch::v1::ControlCallRequest& request, session::v1::Leg::Party party);

// Sid or, while that is not known, the label of one leg; of the agent or customer in the call.
std::string ParticipantOf(const dispatch::v1::ControlCallRequest& request, std::string_view leg_id);
std::string ParticipantOf(const dispatch::v1::ControlCallRequest& request,
                          session::v1::Leg::Party party);

}  // namespace ctc::providers::twilio
