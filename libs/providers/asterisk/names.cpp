#include "libs/providers/asterisk/names.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "libs/base/ids.h"

namespace ctc::providers::asterisk {
namespace {

using session::v1::Leg;

constexpr size_t kUuidLength = 36;
constexpr size_t kMaxLeg = 24;
constexpr size_t kMaxAttempt = 9;
constexpr size_t kMaxChannel = 149;
constexpr std::string_view kBridgeSuffix = "-bridge";
constexpr std::string_view kRecordingSuffix = "-rec";
constexpr std::string_view kPromptInfix = "-prompt-";
constexpr std::string_view kMessageInfix = "-message-";
constexpr std::string_view kSnoopSuffix = "-snoop";
constexpr std::string_view kMonitorSuffix = "-monitor";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::string UuidBefore(std::string_view text, std::string_view suffix) {
  if (text.size() != kUuidLength + suffix.size() || text.substr(kUuidLength) != suffix) return "";
  const std::string_view uuid = text.substr(0, kUuidLength);
  return base::IsUuid(uuid) ? std::string(uuid) : "";
}

std::string UuidBeforeInfix(std::string_view text, std::string_view infix) {
  if (text.size() <= kUuidLength + infix.size() ||
      text.substr(kUuidLength, infix.size()) != infix) {
    return "";
  }
  const std::string_view uuid = text.substr(0, kUuidLength);
  return base::IsUuid(uuid) ? std::string(uuid) : "";
}

}  // namespace

bool IsLegId(std::string_view leg) {
  if (leg.size() > kMaxLeg) return false;
  const size_t dash = leg.find('-');
  const std::string_view word = leg.substr(0, dash);
  if (word.empty() || !std::all_of(word.begin(), word.end(), IsLower)) return false;
  if (dash == std::string_view::npos) return true;
  const std::string_view number = leg.substr(dash + 1);
  return !number.empty() && std::all_of(number.begin(), number.end(), IsDigit);
}

Leg::Party PartyOf(std::string_view leg) {
  static constexpr std::pair<std::string_view, Leg::Party> kParties[] = {
      {"agent", Leg::AGENT}, {"customer", Leg::CUSTOMER},     {"consult", Leg::CONSULT},
      {"party", Leg::GUEST}, {"supervisor", Leg::SUPERVISOR},
  };
  const std::string_view word = leg.substr(0, leg.find('-'));
  for (const auto& [known, party] : kParties) {
    if (word == known) return party;
  }
  return Leg::PARTY_UNSPECIFIED;
}

std::string ChannelId(const LegName& name) {
  std::string id = absl::StrCat(name.room, "-", name.leg);
  if (name.attempt != 0) absl::StrAppend(&id, ".", name.attempt);
  if (name.session != name.room) absl::StrAppend(&id, "-", name.session);
  return id;
}
std::string ChannelId(std::string_view room, std::string_view leg) {
  return absl::StrCat(View(room), "-", View(leg));
}

std::optional<LegName> ParseChannelId(std::string_view channel) {
  if (channel.size() < kUuidLength + 2 || channel[kUuidLength] != '-') return std::nullopt;
  LegName name;
  name.room = channel.substr(0, kUuidLength);
  std::string_view rest = channel.substr(kUuidLength + 1);
  name.session = name.room;
  if (rest.size() > kUuidLength + 1 && rest[rest.size() - kUuidLength - 1] == '-' &&
      base::IsUuid(rest.substr(rest.size() - kUuidLength))) {
    name.session = rest.substr(rest.size() - kUuidLength);
    rest.remove_suffix(kUuidLength + 1);
  }
  if (const size_t dot = rest.find('.'); dot != std::string_view::npos) {
    const std::string_view number = rest.substr(dot + 1);
    if (number.size() > kMaxAttempt || !absl::SimpleAtoi(View(number), &name.attempt) ||
        name.attempt <= 0 || !IsDigit(number.front())) {
      return std::nullopt;
    }
    rest = rest.substr(0, dot);
  }
  name.leg = rest;
  if (!base::IsUuid(name.room) || !IsLegId(rest) || PartyOf(rest) == Leg::PARTY_UNSPECIFIED) {
    return std::nullopt;
  }
  return name;
}

bool IsChannelId(std::string_view channel) {
  return !channel.empty() && channel.size() <= kMaxChannel && channel.front() != '.' &&
         std::all_of(channel.begin(), channel.end(), [](char c) {
           return IsDigit(c) || IsLower(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
                  c == '.';
         });
}

std::string BridgeId(std::string_view room) { return std::string(room).append(kBridgeSuffix); }
std::string RecordingName(std::string_view session) {
  return std::string(session).append(kRecordingSuffix);
}
std::string RingToneId(std::string_view room) { return std::string(room).append("-ring"); }
std::string RoomOfBridge(std::string_view bridge) { return UuidBefore(bridge, kBridgeSuffix); }
std::string SessionOfRecording(std::string_view name) { return UuidBefore(name, kRecordingSuffix); }

std::string PromptId(std::string_view room, int step, int prompt) {
  return absl::StrCat(View(room), View(kPromptInfix), step, "-", prompt);
}
std::string MessageName(std::string_view room, int step) {
  return absl::StrCat(View(room), View(kMessageInfix), step);
}
std::string RoomOfPrompt(std::string_view playback) {
  return UuidBeforeInfix(playback, kPromptInfix);
}
std::string RoomOfMessage(std::string_view recording) {
  return UuidBeforeInfix(recording, kMessageInfix);
}

std::string SnoopId(std::string_view supervisor_channel) {
  return std::string(supervisor_channel).append(kSnoopSuffix);
}
std::string MonitorBridgeId(std::string_view supervisor_channel) {
  return std::string(supervisor_channel).append(kMonitorSuffix);
}
std::string RoomOfMonitor(std::string_view bridge) {
  if (!bridge.ends_with(kMonitorSuffix)) return "";
  bridge.remove_suffix(kMonitorSuffix.size());
  std::optional<LegName> supervisor = ParseChannelId(bridge);
  return supervisor.has_value() ? std::move(supervisor->room) : "";
}
std::optional<LegName> ParseSnoopId(std::string_view channel) {
  if (!channel.ends_with(kSnoopSuffix)) return std::nullopt;
  channel.remove_suffix(kSnoopSuffix.size());
  return ParseChannelId(channel);
}

}  // namespace ctc::providers::asterisk
