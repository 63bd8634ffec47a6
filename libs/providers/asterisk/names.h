// Ids of ours at the switch, all made from the session's UUID and the leg's id, so that a request
// can be repeated, an outcome looked up, and an event told whose it is. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctc/session/v1/session.pb.h"

namespace ctc::providers::asterisk {

inline constexpr std::string_view kAgentLeg = "agent";
inline constexpr std::string_view kCustomerLeg = "customer";

// One leg of a conversation.
struct LegName {
  std::string room;     // UUID of the conversation's first session, after which its bridge is named
  std::string leg;      // "agent", "customer", "consult-1", "party-2", "supervisor-1"
  std::string session;  // UUID of the session it belongs to; equals `room` without a transfer
  int attempt = 0;      // the step of the flow that rang it: one agent after another is "agent"

  // Tells the legs of a room apart: two of its sessions may have a "consult-1" each. Attempts are
  // one leg after another.
  std::string Tag() const { return session == room ? leg : leg + "-" + session; }
};

// Lower-case letters, or such and a number after a dash; at most 24 characters.
bool IsLegId(std::string_view leg);
// By the word before the number; PARTY_UNSPECIFIED for words that are not a leg's.
session::v1::Leg::Party PartyOf(std::string_view leg);

// "<room>-<leg>", with ".<attempt>", and with "-<session>" after a transfer: at most 109 of the 149
// characters that Asterisk takes.
std::string ChannelId(const LegName& name);
// Of a leg of the conversation's first session.
std::string ChannelId(std::string_view room, std::string_view leg);
// Nothing for channels that are not ours.
std::optional<LegName> ParseChannelId(std::string_view channel);
// Ids that may stand in a path: ours, and those Asterisk makes ("1795369225.127").
bool IsChannelId(std::string_view channel);

std::string BridgeId(std::string_view room);
std::string RecordingName(std::string_view session);
std::string RingToneId(std::string_view room);
// The conversation of "<uuid>-bridge", the session of "<uuid>-rec"; empty for others.
std::string RoomOfBridge(std::string_view bridge);
std::string SessionOfRecording(std::string_view name);

// What a caller hears at a step of its flow, and the message it leaves.
std::string PromptId(std::string_view room, int step, int prompt);
std::string MessageName(std::string_view room, int step);
// The conversation of a prompt or of a message; empty for others.
std::string RoomOfPrompt(std::string_view playback);
std::string RoomOfMessage(std::string_view recording);

// A supervisor hears an agent through a snoop of the agent's channel, in a bridge apart.
std::string SnoopId(std::string_view supervisor_channel);
std::string MonitorBridgeId(std::string_view supervisor_channel);
// The conversation that a monitor's supervisor hears; empty for other bridges.
std::string RoomOfMonitor(std::string_view bridge);
// The supervisor's leg whose snoop this is.
std::optional<LegName> ParseSnoopId(std::string_view channel);

}  // namespace ctc::providers::asterisk
