#include "libs/providers/asterisk/ari_event.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "libs/providers/outcome.h"

namespace ctc::providers::asterisk {
namespace {

using Json = nlohmann::json;
using Type = AriEvent::Type;

Json Parse(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

// Members that are absent or of another type read as empty: Asterisk's versions differ.
std::string Text(const Json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int Number(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<int>() : 0;
}

const Json& Member(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

std::vector<std::string> Texts(const Json& array) {
  std::vector<std::string> out;
  if (!array.is_array()) return out;
  for (const Json& item : array) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

// Keeps the text "id" of the outermost object.
struct IdFinder : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, IdFinder> {
  bool StartObject() { return ++depth > 0; }
  bool EndObject(rapidjson::SizeType) { return --depth >= 0; }
  bool StartArray() { return ++depth > 0; }
  bool EndArray(rapidjson::SizeType) { return --depth >= 0; }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    at_id = depth == 1 && std::string_view(text, size) == "id";
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (at_id && depth == 1) id.assign(text, size);
    at_id = false;
    return true;
  }

  // Asked for as text, since nobody needs it: the reader's conversion overflows with some
  // exponents.
  bool RawNumber(const char*, rapidjson::SizeType, bool) {
    at_id = false;
    return true;
  }

  int depth = 0;
  bool at_id = false;
  std::string id;
};

Type TypeOf(std::string_view name) {
  static constexpr std::pair<std::string_view, Type> kTypes[] = {
      {"StasisStart", Type::kStasisStart},
      {"ChannelStateChange", Type::kStateChange},
      {"Dial", Type::kDial},
      {"ChannelEnteredBridge", Type::kEnteredBridge},
      {"StasisEnd", Type::kStasisEnd},
      {"ChannelDestroyed", Type::kDestroyed},
      {"RecordingStarted", Type::kRecordingStarted},
      {"RecordingFinished", Type::kRecordingFinished},
      {"RecordingFailed", Type::kRecordingFinished},
      {"PlaybackFinished", Type::kPlaybackFinished},
      {"ChannelDtmfReceived", Type::kDtmf},
      {"ChannelHold", Type::kHold},
      {"ChannelUnhold", Type::kUnhold},
      {"ApplicationReplaced", Type::kReplaced},
  };
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  return Type::kOther;
}

void ReadChannel(const Json& channel, AriEvent& event) {
  event.channel = Text(channel, "id");
  event.channel_state = Text(channel, "state");
  event.created = ReadTime(Text(channel, "creationtime"));
  event.caller_number = Text(Member(channel, "caller"), "number");
  event.exten = Text(Member(channel, "dialplan"), "exten");
  auto leg = ParseChannelId(event.channel);
  if (!leg.has_value()) {
    leg = ParseSnoopId(event.channel);
    event.snoop = leg.has_value();
  }
  if (leg.has_value()) {
    event.tag = leg->Tag();
    event.room = std::move(leg->room);
    event.session = std::move(leg->session);
  }
}

// A recording of the conversation names its session, and its bridge the room; a message that a
// caller leaves names the room.
void ReadRecording(const Json& recording, AriEvent& event) {
  event.media = Text(recording, "name");
  event.seconds = Number(recording, "duration");
  if (event.name == "RecordingFailed") {
    event.fault = "Asterisk could not record the call";
    const std::string cause = Excerpt(Text(recording, "cause"));
    if (!cause.empty()) absl::StrAppend(&event.fault, ": ", cause);
  }
  event.session = SessionOfRecording(event.media);
  event.room = RoomOfMessage(event.media);
  if (event.session.empty()) return;
  const std::string target = Text(recording, "target_uri");
  event.room = RoomOfBridge(std::string_view(target).substr(target.find(':') + 1));
  if (event.room.empty()) event.room = event.session;
}

std::vector<std::string> SplitArgs(std::string_view data) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (true) {
    const size_t comma = data.find(',', from);
    parts.emplace_back(data.substr(from, comma == std::string_view::npos ? comma : comma - from));
    if (comma == std::string_view::npos) return parts;
    from = comma + 1;
  }
}

}  // namespace

absl::Time ReadTime(std::string_view text) {
  absl::Time time;
  std::string error;
  const absl::string_view view(text.data(), text.size());
  if (absl::ParseTime(absl::RFC3339_full, view, &time, &error)) return time;
  if (absl::ParseTime("%Y-%m-%d%ET%H:%M:%E*S%z", view, &time, &error)) return time;
  return absl::InfinitePast();
}

absl::StatusOr<AriEvent> ReadEvent(std::string_view text) {
  const Json json = Parse(text);
  AriEvent event;
  event.name = Text(json, "type");
  if (event.name.empty()) return absl::InvalidArgumentError("not an ARI event");
  event.type = TypeOf(event.name);
  if (event.type == Type::kOther) return event;
  event.at = ReadTime(Text(json, "timestamp"));
  ReadChannel(Member(json, event.type == Type::kDial ? "peer" : "channel"), event);
  event.dial_status = Text(json, "dialstatus");
  event.args = Texts(Member(json, "args"));
  event.cause = Number(json, "cause");
  event.tech_cause = Number(json, "tech_cause");
  event.digit = Text(json, "digit");
  if (event.type == Type::kEnteredBridge) {
    const Json& bridge = Member(json, "bridge");
    event.bridge = Text(bridge, "id");
    event.bridge_channels = Texts(Member(bridge, "channels"));
  }
  if (event.type == Type::kRecordingStarted || event.type == Type::kRecordingFinished) {
    ReadRecording(Member(json, "recording"), event);
  }
  if (event.type == Type::kPlaybackFinished) {
    event.media = Text(Member(json, "playback"), "id");
    event.room = RoomOfPrompt(event.media);
  }
  return event;
}

absl::StatusOr<std::vector<ChannelView>> ReadChannels(std::string_view text) {
  const Json json = Parse(text);
  if (!json.is_array()) return absl::InvalidArgumentError("not a list of channels");
  std::vector<ChannelView> channels;
  for (const Json& item : json) {
    ChannelView view;
    view.id = Text(item, "id");
    view.state = Text(item, "state");
    view.caller_number = Text(Member(item, "caller"), "number");
    view.exten = Text(Member(item, "dialplan"), "exten");
    view.created_at = ReadTime(Text(item, "creationtime"));
    const Json& dialplan = Member(item, "dialplan");
    view.args = SplitArgs(Text(dialplan, "app_data"));  // the application's name comes first
    if (Text(dialplan, "app_name") == "Stasis") view.app = view.args.front();
    view.args.erase(view.args.begin());
    channels.push_back(std::move(view));
  }
  return channels;
}

absl::StatusOr<std::vector<BridgeView>> ReadBridges(std::string_view text) {
  const Json json = Parse(text);
  if (!json.is_array()) return absl::InvalidArgumentError("not a list of bridges");
  std::vector<BridgeView> bridges;
  for (const Json& item : json) {
    BridgeView view;
    view.id = Text(item, "id");
    view.channels = Texts(Member(item, "channels"));
    bridges.push_back(std::move(view));
  }
  return bridges;
}

std::optional<std::string> ReadId(std::string_view text) {
  // Read for every call: building a tree of the whole channel costs ten times as much.
  IdFinder finder;
  rapidjson::MemoryStream bytes(text.data(), text.size());
  rapidjson::Reader reader;
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  if (reader.Parse<kFlags>(bytes, finder).IsError()) return std::nullopt;
  if (finder.id.empty()) return std::nullopt;
  return std::move(finder.id);
}

std::optional<std::string> ReadChannelState(std::string_view text) {
  const Json json = Parse(text);
  if (Text(json, "id").empty()) return std::nullopt;
  return Text(json, "state");
}

std::string ReadVariable(std::string_view text) { return Text(Parse(text), "value"); }

std::string ReadErrorText(std::string_view text) {
  const Json json = Parse(text);
  std::string message = Text(json, "message");
  return message.empty() ? Text(json, "error") : message;
}

}  // namespace ctc::providers::asterisk
