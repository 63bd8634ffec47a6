#include "tools/simulator/ari_model.h"

#include <absl/strings/str_cat.h>

namespace ctc::simulator {

std::string AriTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3S+0000", time, absl::UTCTimeZone());
}

Json ChannelJson(const Channel& channel) {
  std::string app_data = channel.app;
  for (const std::string& arg : channel.args) absl::StrAppend(&app_data, ",", arg);
  Json json = {{"id", channel.id},
               {"name", channel.name},
               {"state", channel.state},
               {"protocol_id", absl::StrCat(channel.id, "@simulator")},
               {"caller", {{"name", channel.caller_name}, {"number", channel.caller_number}}},
               {"connected", {{"name", ""}, {"number", DialledNumber(channel.endpoint)}}},
               {"accountcode", ""},
               {"dialplan",
                {{"context", "from-trunk"},
                 {"exten", "s"},
                 {"priority", 1},
                 {"app_name", "Stasis"},
                 {"app_data", app_data}}},
               {"creationtime", AriTime(channel.created)},
               {"language", "en"}};
  if (!channel.variables.empty()) json["channelvars"] = channel.variables;
  return json;
}

Json BridgeJson(const Bridge& bridge) {
  return {{"id", bridge.id},
          {"technology", bridge.live_recording.empty() ? "simple_bridge" : "softmix"},
          {"bridge_type", bridge.type},
          {"bridge_class", "stasis"},
          {"creator", "Stasis"},
          {"name", bridge.name},
          {"channels", bridge.channels},
          {"creationtime", AriTime(bridge.created)},
          {"video_mode", "talker"}};
}

Json RecordingJson(const AriRecording& recording) {
  return {{"name", recording.name},
          {"format", recording.format},
          {"state", recording.state},
          {"target_uri", recording.target_uri}};
}

std::string CauseText(int cause) {
  switch (cause) {
    case 1:
      return "Unallocated (unassigned) number";
    case 16:
      return "Normal Clearing";
    case 17:
      return "User busy";
    case 18:
      return "No user responding";
    case 19:
      return "User alerting, no answer";
    case 21:
      return "Call Rejected";
    case 26:
      return "Answered elsewhere";
    case 28:
      return "Invalid number format";
    case 31:
      return "Normal, unspecified";
    case 34:
      return "Circuit/channel congestion";
    case 38:
      return "Network out of order";
    case 58:
      return "Bearer capability not available";
    case 127:
      return "Interworking, unspecified";
    default:
      return "Unknown";
  }
}

void ReadCallerId(const std::string& text, Channel& channel) {
  const size_t open = text.find('<');
  if (open == std::string::npos) {
    channel.caller_number = text;
    return;
  }
  channel.caller_number = text.substr(open + 1, text.find('>') - open - 1);
  std::string name = text.substr(0, open);
  while (!name.empty() && (name.back() == ' ' || name.back() == '"')) name.pop_back();
  if (name.starts_with("\"")) name.erase(0, 1);
  channel.caller_name = name;
}

std::string SilentWav() {
  constexpr uint32_t kRate = 8000;
  constexpr uint32_t kData = kRate * 2;
  std::string wav = "RIFF";
  auto number = [&](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) wav.push_back(static_cast<char>((value >> (8 * i)) & 0xFF));
  };
  number(36 + kData, 4);
  wav += "WAVEfmt ";
  number(16, 4);
  number(1, 2);
  number(1, 2);
  number(kRate, 4);
  number(kRate * 2, 4);
  number(2, 2);
  number(16, 2);
  wav += "data";
  number(kData, 4);
  wav.append(kData, '\0');
  return wav;
}

}  // namespace ctc::simulator
