#include "tools/simulator/ari_docs.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <set>
#include <vector>

namespace ctc::simulator {
namespace {

using Json = nlohmann::json;

// `parameters` besides those of the path: of the query, "!" behind one that is required, "@" behind
// one that is the body.
struct Operation {
  const char* resource;
  const char* path;
  const char* method;
  const char* nickname;
  const char* answer = "void";
  const char* parameters = "";
};

constexpr Operation kOperations[] = {
    {"applications", "/applications", "GET", "list", "List[Application]"},
    {"applications", "/applications/{applicationName}", "GET", "get", "Application"},
    {"asterisk", "/asterisk/info", "GET", "getInfo", "AsteriskInfo", "only"},
    {"asterisk", "/asterisk/ping", "GET", "ping", "AsteriskPing"},
    {"bridges", "/bridges", "GET", "list", "List[Bridge]"},
    {"bridges", "/bridges", "POST", "create", "Bridge", "type bridgeId name"},
    {"bridges", "/bridges/{bridgeId}", "POST", "createWithId", "Bridge", "type name"},
    {"bridges", "/bridges/{bridgeId}", "GET", "get", "Bridge"},
    {"bridges", "/bridges/{bridgeId}", "DELETE", "destroy"},
    {"bridges", "/bridges/{bridgeId}/addChannel", "POST", "addChannel", "void", "channel! role"},
    {"bridges", "/bridges/{bridgeId}/removeChannel", "POST", "removeChannel", "void", "channel!"},
    {"bridges", "/bridges/{bridgeId}/moh", "POST", "startMoh", "void", "mohClass"},
    {"bridges", "/bridges/{bridgeId}/moh", "DELETE", "stopMoh"},
    {"bridges", "/bridges/{bridgeId}/play", "POST", "play", "Playback", "media! lang playbackId"},
    {"bridges", "/bridges/{bridgeId}/record", "POST", "record", "LiveRecording",
     "name! format! maxDurationSeconds maxSilenceSeconds ifExists beep terminateOn"},
    {"channels", "/channels", "GET", "list", "List[Channel]"},
    {"channels", "/channels", "POST", "originate", "Channel",
     "endpoint! extension context priority app appArgs callerId timeout variables@ channelId"},
    {"channels", "/channels/create", "POST", "create", "Channel",
     "endpoint! app! appArgs channelId variables@"},
    {"channels", "/channels/{channelId}", "GET", "get", "Channel"},
    {"channels", "/channels/{channelId}", "POST", "originateWithId", "Channel",
     "endpoint! extension context priority app appArgs callerId timeout variables@"},
    {"channels", "/channels/{channelId}", "DELETE", "hangup", "void", "reason"},
    {"channels", "/channels/{channelId}/continue", "POST", "continueInDialplan", "void",
     "context extension priority"},
    {"channels", "/channels/{channelId}/answer", "POST", "answer"},
    {"channels", "/channels/{channelId}/ring", "POST", "ring"},
    {"channels", "/channels/{channelId}/ring", "DELETE", "ringStop"},
    {"channels", "/channels/{channelId}/dtmf", "POST", "sendDTMF", "void", "dtmf"},
    {"channels", "/channels/{channelId}/mute", "POST", "mute", "void", "direction"},
    {"channels", "/channels/{channelId}/mute", "DELETE", "unmute", "void", "direction"},
    {"channels", "/channels/{channelId}/hold", "POST", "hold"},
    {"channels", "/channels/{channelId}/hold", "DELETE", "unhold"},
    {"channels", "/channels/{channelId}/moh", "POST", "startMoh", "void", "mohClass"},
    {"channels", "/channels/{channelId}/moh", "DELETE", "stopMoh"},
    {"channels", "/channels/{channelId}/silence", "POST", "startSilence"},
    {"channels", "/channels/{channelId}/silence", "DELETE", "stopSilence"},
    {"channels", "/channels/{channelId}/play", "POST", "play", "Playback",
     "media! lang playbackId"},
    {"channels", "/channels/{channelId}/play/{playbackId}", "POST", "playWithId", "Playback",
     "media! lang"},
    {"channels", "/channels/{channelId}/record", "POST", "record", "LiveRecording",
     "name! format! maxDurationSeconds maxSilenceSeconds ifExists beep terminateOn"},
    {"channels", "/channels/{channelId}/variable", "GET", "getChannelVar", "Variable", "variable!"},
    {"channels", "/channels/{channelId}/variable", "POST", "setChannelVar", "void",
     "variable! value"},
    {"channels", "/channels/{channelId}/snoop", "POST", "snoopChannel", "Channel",
     "spy whisper app! appArgs snoopId"},
    {"channels", "/channels/{channelId}/snoop/{snoopId}", "POST", "snoopChannelWithId", "Channel",
     "spy whisper app! appArgs"},
    {"channels", "/channels/{channelId}/dial", "POST", "dial", "void", "caller timeout"},
    {"channels", "/channels/{channelId}/rtp_statistics", "GET", "rtpstatistics", "RTPstat"},
    {"endpoints", "/endpoints", "GET", "list", "List[Endpoint]"},
    {"events", "/events", "GET", "eventWebsocket", "Message", "app! subscribeAll"},
    {"playbacks", "/playbacks/{playbackId}", "GET", "get", "Playback"},
    {"playbacks", "/playbacks/{playbackId}", "DELETE", "stop"},
    {"recordings", "/recordings/stored", "GET", "listStored", "List[StoredRecording]"},
    {"recordings", "/recordings/stored/{recordingName}", "GET", "getStored", "StoredRecording"},
    {"recordings", "/recordings/stored/{recordingName}", "DELETE", "deleteStored"},
    {"recordings", "/recordings/stored/{recordingName}/file", "GET", "getStoredFile", "binary"},
    {"recordings", "/recordings/stored/{recordingName}/copy", "POST", "copyStored",
     "StoredRecording", "destinationRecordingName!"},
    {"recordings", "/recordings/live/{recordingName}", "GET", "getLive", "LiveRecording"},
    {"recordings", "/recordings/live/{recordingName}", "DELETE", "cancel"},
    {"recordings", "/recordings/live/{recordingName}/stop", "POST", "stop"},
    {"recordings", "/recordings/live/{recordingName}/pause", "POST", "pause"},
    {"recordings", "/recordings/live/{recordingName}/pause", "DELETE", "unpause"},
    {"recordings", "/recordings/live/{recordingName}/mute", "POST", "mute"},
    {"recordings", "/recordings/live/{recordingName}/mute", "DELETE", "unmute"},
};

// "name:type" of each property; a plain name is a string.
struct Model {
  const char* name;
  const char* properties;
};

constexpr Model kThings[] = {
    {"Application", "name channel_ids:List[string] bridge_ids:List[string]"},
    {"AsteriskInfo", "build:object system:object config:object status:object"},
    {"AsteriskPing", "asterisk_id ping timestamp"},
    {"Bridge",
     "id technology bridge_type bridge_class creator name channels:List[string] creationtime"},
    {"Channel",
     "id name state protocol_id caller:object connected:object accountcode "
     "dialplan:object creationtime language channelvars:object"},
    {"Endpoint", "technology resource state channel_ids:List[string]"},
    {"LiveRecording", "name format target_uri state duration:int cause"},
    {"Playback", "id media_uri target_uri language state"},
    {"RTPstat", "channel_uniqueid txcount:int rxcount:int"},
    {"StoredRecording", "name format"},
    {"Variable", "value"},
};

// Of every one also type, application and timestamp.
constexpr Model kEvents[] = {
    {"ApplicationReplaced", ""},
    {"BridgeDestroyed", "bridge:Bridge"},
    {"ChannelDestroyed", "channel:Channel cause:int cause_txt"},
    {"ChannelDtmfReceived", "channel:Channel digit duration_ms:int"},
    {"ChannelEnteredBridge", "bridge:Bridge channel:Channel"},
    {"ChannelHangupRequest", "channel:Channel cause:int soft:boolean"},
    {"ChannelLeftBridge", "bridge:Bridge channel:Channel"},
    {"ChannelStateChange", "channel:Channel"},
    {"ChannelVarset", "channel:Channel variable value"},
    {"Dial", "caller:Channel peer:Channel forward forwarded:Channel dialstring dialstatus"},
    {"PlaybackFinished", "playback:Playback"},
    {"PlaybackStarted", "playback:Playback"},
    {"RecordingFailed", "recording:LiveRecording"},
    {"RecordingFinished", "recording:LiveRecording"},
    {"RecordingStarted", "recording:LiveRecording"},
    {"StasisEnd", "channel:Channel"},
    {"StasisStart", "channel:Channel args:List[string] replace_channel:Channel"},
};

std::vector<std::string> Words(const std::string& text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}

Json ModelJson(const Model& model, const std::string& more = "") {
  Json properties = Json::object();
  for (const std::string& word : Words(absl::StrCat(model.properties, more))) {
    const std::vector<std::string> parts = absl::StrSplit(word, ':');
    properties[parts[0]] = {{"type", parts.size() > 1 ? parts[1] : "string"}};
  }
  return {{"id", model.name}, {"properties", properties}};
}

Json Parameter(std::string name, const std::string& where, bool required) {
  return {{"name", std::move(name)},
          {"paramType", where},
          {"required", required},
          {"allowMultiple", false},
          {"dataType", where == "body" ? "containers" : "string"}};
}

Json OperationJson(const Operation& operation) {
  Json parameters = Json::array();
  const std::string path = operation.path;
  for (size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1)) {
    parameters.push_back(
        Parameter(path.substr(open + 1, path.find('}', open) - open - 1), "path", true));
  }
  for (std::string name : Words(operation.parameters)) {
    const char mark = name.back();
    if (mark == '!' || mark == '@') name.pop_back();
    parameters.push_back(Parameter(std::move(name), mark == '@' ? "body" : "query", mark == '!'));
  }
  return {{"httpMethod", operation.method},
          {"nickname", operation.nickname},
          {"summary", operation.nickname},
          {"responseClass", operation.answer},
          {"parameters", parameters}};
}

Json Head(const std::string& base) {
  return {{"apiVersion", "9.0.0"}, {"swaggerVersion", "1.1"}, {"basePath", base}};
}

std::set<std::string> Resources() {
  std::set<std::string> names;
  for (const Operation& operation : kOperations) names.insert(operation.resource);
  return names;
}

Json Listing(const std::string& base) {
  Json document = Head(base);
  for (const std::string& name : Resources()) {
    document["apis"].push_back(
        {{"path", absl::StrCat("/api-docs/", name, ".{format}")}, {"description", name}});
  }
  return document;
}

Json ResourceJson(const std::string& resource, const std::string& base) {
  Json document = Head(base);
  document["resourcePath"] = absl::StrCat("/api-docs/", resource, ".{format}");
  Json& apis = document["apis"] = Json::array();
  for (const Operation& operation : kOperations) {
    if (operation.resource != resource) continue;
    if (apis.empty() || apis.back()["path"] != operation.path) {
      apis.push_back(
          {{"path", operation.path}, {"description", resource}, {"operations", Json::array()}});
    }
    apis.back()["operations"].push_back(OperationJson(operation));
  }
  Json& models = document["models"] = Json::object();
  for (const Model& model : kThings) models[model.name] = ModelJson(model);
  if (resource != "events") return document;
  models["Message"] = ModelJson({"Message", "type asterisk_id"});
  for (const Model& model : kEvents) {
    models[model.name] = ModelJson(model, " type application timestamp asterisk_id");
  }
  return document;
}

}  // namespace

std::optional<Json> AriDocs(const std::string& file, const std::string& base) {
  if (file == "resources.json") return Listing(base);
  for (const std::string& name : Resources()) {
    if (file == name + ".json") return ResourceJson(name, base);
  }
  return std::nullopt;
}

}  // namespace ctc::simulator
