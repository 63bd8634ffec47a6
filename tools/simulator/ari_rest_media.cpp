// Bridges, recordings, playbacks, applications and the Asterisk itself.
#include <absl/strings/numbers.h>

#include "tools/simulator/ari_answers.h"
#include "tools/simulator/ari_docs.h"
#include "tools/simulator/ari_rest.h"

namespace ctc::simulator {

http::Response AriRest::Bridges(const Call& call) {
  const std::string id = call.Part(1);
  if (id.empty() && call.Is("GET")) {
    Json all = Json::array();
    for (const auto& [key, bridge] : switch_.bridges()) all.push_back(BridgeJson(bridge));
    return JsonResponse(200, all.dump());
  }
  if (call.Is("POST") && call.parts.size() <= 2) {
    Bridge bridge;
    bridge.id = id.empty() ? call.Get("bridgeId", "bridge-" + world_.RandomHex(12)) : id;
    bridge.name = call.Get("name");
    bridge.type = call.Get("type", "mixing");
    if (switch_.FindBridge(bridge.id) != nullptr) {
      return Message(409, "Bridge with id '" + bridge.id + "' already exists");
    }
    return JsonResponse(200, BridgeJson(switch_.AddBridge(std::move(bridge))).dump());
  }
  Bridge* bridge = switch_.FindBridge(id);
  if (bridge == nullptr) return Message(404, "Bridge not found");
  if (call.parts.size() > 2) return BridgeAction(call, *bridge);
  if (call.Is("GET")) return JsonResponse(200, BridgeJson(*bridge).dump());
  if (!call.Is("DELETE")) return Message(405, "Invalid method");
  switch_.DeleteBridge(id);
  return NoContent();
}

http::Response AriRest::BridgeAction(const Call& call, Bridge& bridge) {
  const std::string action = call.Part(2);
  if (action == "addChannel" || action == "removeChannel") return Members(call, bridge);
  if (action == "moh") return NoContent();
  std::string app;
  for (const std::string& id : bridge.channels) {
    if (const AriSwitch::ChannelPtr channel = switch_.FindChannel(id)) app = channel->app;
  }
  if (app.empty() && !switch_.events().Apps().empty()) app = switch_.events().Apps().front();
  if (action == "record") return Record(call, "bridge:" + bridge.id, app, bridge.live_recording);
  if (action == "play") return PlayToAll(call, bridge, app);
  return Message(404, "Resource not found");
}

http::Response AriRest::Members(const Call& call, Bridge& bridge) {
  const AriSwitch::ChannelPtr channel = switch_.FindChannel(call.Get("channel"));
  if (channel == nullptr) return Message(400, "Channel not found");
  if (!channel->in_app) return Message(422, "Channel not in Stasis application");
  if (call.Part(2) == "addChannel") {
    switch_.Join(bridge, channel);
    return NoContent();
  }
  if (channel->bridge != bridge.id) return Message(422, "Channel not in this bridge");
  switch_.Leave(channel);
  return NoContent();
}

http::Response AriRest::Record(const Call& call, const std::string& target, const std::string& app,
                               std::string& live) {
  AriRecording recording;
  recording.name = call.Get("name");
  recording.format = call.Get("format", "wav");
  recording.target_uri = target;
  if (recording.name.empty()) return Message(500, "Error parsing request");
  if (recording.format != "wav" && recording.format != "gsm" && recording.format != "ulaw") {
    return Message(422, "specified format is unknown on this system");
  }
  const bool exists =
      switch_.stored().contains(recording.name) || switch_.FindLive(recording.name) != nullptr;
  if (exists && call.Get("ifExists", "fail") == "fail") {
    return Message(409,
                   "Recording '" + recording.name + "' already exists and can not be overwritten");
  }
  live = recording.name;
  Json json = RecordingJson(recording);
  json["state"] = "queued";
  double seconds = 0;
  if (!absl::SimpleAtod(call.Get("maxDurationSeconds"), &seconds)) seconds = 0;
  switch_.StartRecording(std::move(recording), app, world_.Scaled(absl::Seconds(seconds)));
  return JsonResponse(201, json.dump());
}

std::string AriRest::MediaOf(const Call& call) {
  const Json body = Json::parse(call.request.body, nullptr, false);
  if (!body.is_object() || !body.contains("media") || !body["media"].is_array()) {
    return call.Get("media");
  }
  std::string media;
  for (const Json& item : body["media"]) {
    if (item.is_string()) media += (media.empty() ? "" : ",") + item.get<std::string>();
  }
  return media;
}

http::Response AriRest::Play(const Call& call, const Channel& channel) {
  const std::string id = call.Part(3).empty()
                             ? call.Get("playbackId", "playback-" + world_.RandomHex(12))
                             : call.Part(3);
  const Json json =
      switch_.Playback(channel.app, id, "channel:" + channel.id, MediaOf(call), channel.id);
  return JsonResponse(201, json.dump());
}

http::Response AriRest::PlayToAll(const Call& call, const Bridge& bridge, const std::string& app) {
  const std::string id = call.Get("playbackId", "playback-" + world_.RandomHex(12));
  const Json json = switch_.Playback(app, id, "bridge:" + bridge.id, MediaOf(call), std::string());
  return JsonResponse(201, json.dump());
}

http::Response AriRest::Recordings(const Call& call) {
  if (call.Part(1) == "live") return Live(call);
  if (call.Part(1) == "stored") return Stored(call);
  return Message(404, "Resource not found");
}

http::Response AriRest::Live(const Call& call) {
  AriRecording* recording = switch_.FindLive(call.Part(2));
  if (recording == nullptr) return Message(404, "Recording not found");
  const std::string name = recording->name;
  const std::string action = call.Part(3);
  if (action.empty() && call.Is("GET")) return JsonResponse(200, RecordingJson(*recording).dump());
  if (action.empty() && call.Is("DELETE")) {
    switch_.StopRecording(name);
    switch_.stored().erase(name);
    return NoContent();
  }
  if (action == "stop" && call.Is("POST")) {
    switch_.StopRecording(name);
    return NoContent();
  }
  if (action == "pause" || action == "mute") {
    if (action == "pause") recording->state = call.Is("POST") ? "paused" : "recording";
    return NoContent();
  }
  return Message(404, "Resource not found");
}

http::Response AriRest::Stored(const Call& call) {
  const std::string name = call.Part(2);
  if (name.empty() && call.Is("GET")) {
    Json all = Json::array();
    for (const std::string& stored : switch_.stored()) {
      all.push_back({{"name", stored}, {"format", "wav"}});
    }
    return JsonResponse(200, all.dump());
  }
  const bool live = switch_.FindLive(name) != nullptr;
  if (!switch_.stored().contains(name) && !live) return Message(404, "Recording not found");
  if (call.Part(3) == "file" && call.Is("GET")) {
    http::Response response;
    response.headers.Add("Content-Type", "audio/wav");
    response.body = SilentWav();
    if (live) response.body.resize(44);
    return response;
  }
  if (call.Part(3) == "copy" && call.Is("POST")) {
    switch_.stored().insert(call.Get("destinationRecordingName"));
    return JsonResponse(201, Json{{"name", call.Get("destinationRecordingName")}}.dump());
  }
  if (call.Is("GET")) return JsonResponse(200, Json{{"name", name}, {"format", "wav"}}.dump());
  if (!call.Is("DELETE")) return Message(405, "Invalid method");
  switch_.stored().erase(name);
  return NoContent();
}

http::Response AriRest::Playbacks(const Call& call) {
  const AriPlayback* playback = switch_.FindPlayback(call.Part(1));
  if (playback == nullptr) return Message(404, "Playback not found");
  if (call.Is("GET")) return JsonResponse(200, playback->json.dump());
  if (call.Is("DELETE")) switch_.StopPlayback(call.Part(1));
  return NoContent();
}

http::Response AriRest::Applications(const Call& call) {
  AriEvents& events = switch_.events();
  auto form = [](const std::string& app) {
    return Json{{"name", app},
                {"channel_ids", Json::array()},
                {"bridge_ids", Json::array()},
                {"endpoint_ids", Json::array()},
                {"device_names", Json::array()}};
  };
  if (call.Part(1).empty()) {
    Json all = Json::array();
    for (const std::string& app : events.Apps()) all.push_back(form(app));
    return JsonResponse(200, all.dump());
  }
  if (!events.Connected(call.Part(1))) return Message(404, "Application not found");
  return JsonResponse(200, form(call.Part(1)).dump());
}

http::Response AriRest::ApiDocs(const Call& call) const {
  const auto document = AriDocs(call.Part(1), world_.options().public_url + "/ari");
  if (!call.Is("GET")) return Message(405, "Invalid method");
  return document ? JsonResponse(200, document->dump()) : Message(404, "Resource not found");
}

http::Response AriRest::Asterisk(const Call& call) const {
  if (call.Part(1) == "ping") {
    const Json json = {{"asterisk_id", "00:00:00:00:00:01"},
                       {"ping", "pong"},
                       {"timestamp", AriTime(absl::Now())}};
    return JsonResponse(200, json.dump());
  }
  if (call.Part(1) != "info") return Message(404, "Resource not found");
  const Json json = {
      {"build", {{"os", "Linux"}, {"machine", "x86_64"}}},
      {"system", {{"version", "22.10.1"}, {"entity_id", "00:00:00:00:00:01"}}},
      {"config", {{"name", "simulator"}, {"default_language", "en"}}},
      {"status",
       {{"startup_time", AriTime(absl::Now())}, {"last_reload_time", AriTime(absl::Now())}}}};
  return JsonResponse(200, json.dump());
}

}  // namespace ctc::simulator
