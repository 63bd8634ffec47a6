// The order of events is that of a real Asterisk 22; as measured with phones on loopback.
#include "tools/simulator/ari_switch.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>

namespace ctc::simulator {
namespace {

constexpr absl::Duration kDialDelay = absl::Milliseconds(2);
constexpr absl::Duration kRingDelay = absl::Milliseconds(3);
constexpr absl::Duration kPlayback = absl::Milliseconds(500);
constexpr std::string_view kQuality =
    "ssrc=30922840;themssrc=3390111744;lp=0;rxjitter=0.000000;rxcount=150;txjitter=0.001000;"
    "txcount=151;rlp=0;rtt=0.000000;rxmes=0.000000;txmes=0.000000";

std::string NameOf(const std::string& endpoint, uint64_t number) {
  const size_t slash = endpoint.find('/');
  const size_t at = endpoint.rfind('@');
  const std::string technology = endpoint.substr(0, slash);
  const std::string peer = at != std::string::npos      ? endpoint.substr(at + 1)
                           : slash != std::string::npos ? endpoint.substr(slash + 1)
                                                        : endpoint;
  return absl::StrFormat("%s/%s-%08x", technology, peer, number);
}

std::string DialString(const std::string& endpoint) {
  const size_t slash = endpoint.find('/');
  return slash == std::string::npos ? endpoint : endpoint.substr(slash + 1);
}

}  // namespace

AriSwitch::ChannelPtr AriSwitch::FindChannel(const std::string& id) const {
  const auto it = channels_.find(id);
  return it == channels_.end() ? nullptr : it->second;
}

Bridge* AriSwitch::FindBridge(const std::string& id) {
  const auto it = bridges_.find(id);
  return it == bridges_.end() ? nullptr : &it->second;
}

AriSwitch::ChannelPtr AriSwitch::AddChannel(ChannelPtr channel) {
  channel->name = NameOf(channel->endpoint, names_++);
  channel->created = absl::Now();
  const std::string number = DialledNumber(channel->endpoint);
  world_.ledger().Dialled(number.empty() ? channel->endpoint : number, channel->id);
  channels_.emplace(channel->id, channel);
  return channel;
}

void AriSwitch::Dial(const ChannelPtr& channel) { world_.Spawn(RunLeg(channel), "leg"); }

void AriSwitch::Event(const Channel& channel, Json event, bool terminal) {
  const char* name = event.contains("dialstatus") ? "peer" : "channel";
  event[name] = ChannelJson(channel);
  events_.Publish(channel.app, std::move(event), channel.script.delivery, terminal);
}

void AriSwitch::DialEvent(const Channel& channel, const std::string& status) {
  Event(channel, {{"type", "Dial"},
                  {"dialstatus", status},
                  {"forward", ""},
                  {"dialstring", DialString(channel.endpoint)}});
}

void AriSwitch::StateChange(const ChannelPtr& channel, const std::string& state) {
  channel->state = state;
  Event(*channel, {{"type", "ChannelStateChange"}});
}

Task<bool> AriSwitch::Wait(ChannelPtr channel, absl::Duration duration) {
  if (!channel->ended) co_await UntilWoken(channel->timer, duration);
  co_return !channel->ended;
}

void AriSwitch::Ring(const ChannelPtr& channel) {
  StateChange(channel, "Ringing");
  DialEvent(*channel, "RINGING");
  Tell(*channel, "RINGING");
}

Task<void> AriSwitch::RunLeg(ChannelPtr channel) {
  const CallScript& script = channel->script;
  if (!co_await Wait(channel, kDialDelay)) co_return;
  DialEvent(*channel, "");
  if (!co_await Wait(channel, kRingDelay)) co_return;
  if (script.ending == Ending::kUnallocated || script.ending == Ending::kFailed) {
    const int cause = script.ending == Ending::kUnallocated ? 1 : 38;
    co_return HangUp(channel, cause, false, "NOANSWER");
  }
  Ring(channel);
  const bool answers = script.ending == Ending::kAnswer || script.ending == Ending::kMachine;
  const bool silent = script.ending == Ending::kNoAnswer || script.ring > channel->timeout;
  if (!co_await Wait(channel, silent ? channel->timeout : script.ring)) co_return;
  if (silent) co_return HangUp(channel, 19, false, "");
  if (script.ending == Ending::kBusy) co_return HangUp(channel, 17, false, "BUSY");
  if (!answers) co_return HangUp(channel, 21, false, "NOANSWER");
  if (!Answer(channel)) co_return;
  if (!co_await Wait(channel, script.talk)) co_return;
  HangUp(channel, 16, false, "");
}

bool AriSwitch::Answer(const ChannelPtr& channel) {
  StateChange(channel, "Up");
  DialEvent(*channel, "ANSWER");
  Tell(*channel, "ANSWERED");
  if (channel->in_app) return true;
  if (!events_.Connected(channel->app)) {
    HangUp(channel, 0, false, "");
    return false;
  }
  EnterApp(channel);
  return true;
}

void AriSwitch::EnterApp(const ChannelPtr& channel) {
  channel->in_app = true;
  Event(*channel, {{"type", "StasisStart"}, {"args", channel->args}});
}

void AriSwitch::LeaveApp(const ChannelPtr& channel) {
  Leave(channel);
  channel->in_app = false;
  Event(*channel, {{"type", "StasisEnd"}});
}

void AriSwitch::HangUp(const ChannelPtr& channel, int cause, bool asked,
                       const std::string& dial_status) {
  if (channel->ended) return;
  channel->ended = true;
  channel->timer.cancel();
  const std::string snoop = "Snoop/" + channel->id;
  for (const auto& [id, other] : std::unordered_map<std::string, ChannelPtr>(channels_)) {
    if (other->endpoint == snoop) HangUp(other, 0, false, "");
  }
  if (channel->in_app) {
    if (!channel->live_recording.empty()) StopRecording(channel->live_recording);
    Event(*channel, {{"type", "ChannelVarset"}, {"variable", "RTPAUDIOQOS"}, {"value", kQuality}});
    Json request = {{"type", "ChannelHangupRequest"}};
    if (asked) request.update({{"cause", 32}, {"soft", true}});
    Event(*channel, std::move(request), true);
    EndPlaybacks(channel->id);
    Leave(channel);
    Event(*channel, {{"type", "StasisEnd"}}, true);
  } else if (!dial_status.empty()) {
    DialEvent(*channel, dial_status);
  }
  if (!channel->ends_quietly) {
    Event(*channel,
          {{"type", "ChannelDestroyed"}, {"cause", cause}, {"cause_txt", CauseText(cause)}}, true);
  }
  channels_.erase(channel->id);
  Happens(*channel, "end");
  Tell(*channel, channel->state == "Up" ? "ENDED" : cause == 17 ? "BUSY" : "NO_ANSWER");
}

void AriSwitch::Digit(const ChannelPtr& channel, char digit) {
  Event(*channel,
        {{"type", "ChannelDtmfReceived"}, {"digit", std::string(1, digit)}, {"duration_ms", 100}});
  if (channel->finish_keys.find(digit) != std::string::npos) {
    StopRecording(channel->live_recording);
  }
}

void AriSwitch::PickUp(const ChannelPtr& channel) {
  if (channel->state == "Ring") StateChange(channel, "Up");
}

Bridge& AriSwitch::AddBridge(Bridge bridge) {
  bridge.created = absl::Now();
  const std::string id = bridge.id;
  return bridges_.insert_or_assign(id, std::move(bridge)).first->second;
}

void AriSwitch::Join(Bridge& bridge, const ChannelPtr& channel) {
  if (channel->bridge == bridge.id) return;
  Leave(channel);
  channel->bridge = bridge.id;
  bridge.channels.push_back(channel->id);
  Event(*channel, {{"type", "ChannelEnteredBridge"}, {"bridge", BridgeJson(bridge)}});
  if (bridge.channels.size() < 2) return;
  for (const std::string& id : std::vector<std::string>(bridge.channels)) {
    if (const ChannelPtr member = FindChannel(id)) Happens(*member, "joined");
  }
}

void AriSwitch::Leave(const ChannelPtr& channel) {
  Bridge* bridge = FindBridge(channel->bridge);
  channel->bridge.clear();
  if (bridge == nullptr) return;
  std::erase(bridge->channels, channel->id);
  Event(*channel, {{"type", "ChannelLeftBridge"}, {"bridge", BridgeJson(*bridge)}});
  // A bridge recording ends with the last channel.
  if (bridge->channels.empty() && !bridge->live_recording.empty()) {
    StopRecording(bridge->live_recording);
  }
}

void AriSwitch::DeleteBridge(const std::string& id) {
  Bridge* bridge = FindBridge(id);
  if (bridge == nullptr) return;
  std::string app;
  for (const std::string& channel_id : std::vector<std::string>(bridge->channels)) {
    if (const ChannelPtr channel = FindChannel(channel_id)) {
      app = channel->app;
      Leave(channel);
    }
  }
  if (app.empty() && !events_.Apps().empty()) app = events_.Apps().front();
  events_.Publish(app, {{"type", "BridgeDestroyed"}, {"bridge", BridgeJson(*bridge)}},
                  Delivery::kInOrder, false);
  bridges_.erase(id);
}

void AriSwitch::StartRecording(AriRecording recording, const std::string& app,
                               absl::Duration limit) {
  recording.started = absl::Now();
  events_.Publish(app, {{"type", "RecordingStarted"}, {"recording", RecordingJson(recording)}},
                  Delivery::kInOrder, false);
  const std::string name = recording.name;
  if (limit > absl::ZeroDuration()) {
    world_.Spawn(EndRecordingAfter(name, recording.started, limit), "recording");
  }
  live_.insert_or_assign(name, std::make_pair(std::move(recording), app));
}

Task<void> AriSwitch::EndRecordingAfter(std::string name, absl::Time started,
                                        absl::Duration limit) {
  co_await world_.Sleep(limit);
  const AriRecording* live = FindLive(name);
  if (live != nullptr && live->started == started) StopRecording(name);
}

void AriSwitch::StopRecording(const std::string& name) {
  auto node = live_.extract(name);
  if (node.empty()) return;
  AriRecording& recording = node.mapped().first;
  recording.state = "done";
  Json json = RecordingJson(recording);
  json["duration"] = absl::ToInt64Seconds(absl::Now() - recording.started);
  stored_.insert(name);
  for (auto& [id, bridge] : bridges_) {
    if (bridge.live_recording == name) bridge.live_recording.clear();
  }
  for (auto& [id, channel] : channels_) {
    if (channel->live_recording != name) continue;
    channel->live_recording.clear();
    channel->finish_keys.clear();
  }
  events_.Publish(node.mapped().second, {{"type", "RecordingFinished"}, {"recording", json}},
                  Delivery::kInOrder, false);
}

AriRecording* AriSwitch::FindLive(const std::string& name) {
  const auto it = live_.find(name);
  return it == live_.end() ? nullptr : &it->second.first;
}

Json AriSwitch::Playback(const std::string& app, const std::string& id, const std::string& target,
                         const std::string& media, const std::string& channel) {
  AriPlayback playback{app, channel, Json::object()};
  playback.json = {{"id", id},
                   {"media_uri", media},
                   {"target_uri", target},
                   {"language", "en"},
                   {"state", "queued"}};
  playbacks_[id] = playback;
  if (const ChannelPtr listener = FindChannel(channel)) Happens(*listener, "play", media);
  // A tone goes on until it is stopped.
  world_.Spawn(RunPlayback(id, !media.starts_with("tone:")), "playback");
  return playback.json;
}

const AriPlayback* AriSwitch::FindPlayback(const std::string& id) const {
  const auto it = playbacks_.find(id);
  return it == playbacks_.end() ? nullptr : &it->second;
}

void AriSwitch::StopPlayback(const std::string& id) {
  auto node = playbacks_.extract(id);
  if (node.empty()) return;
  AriPlayback& playback = node.mapped();
  playback.json["state"] = "done";
  events_.Publish(playback.app, {{"type", "PlaybackFinished"}, {"playback", playback.json}},
                  Delivery::kInOrder, false);
  if (const ChannelPtr listener = FindChannel(playback.channel)) Happens(*listener, "played");
}

// Each of a channel that leaves ends before that is told.
void AriSwitch::EndPlaybacks(const std::string& channel) {
  std::vector<std::string> ended;
  for (const auto& [id, playback] : playbacks_) {
    if (playback.channel == channel) ended.push_back(id);
  }
  for (const std::string& id : ended) StopPlayback(id);
}

Task<void> AriSwitch::RunPlayback(std::string id, bool ends) {
  co_await world_.Sleep(kRingDelay);
  const auto it = playbacks_.find(id);
  if (it == playbacks_.end()) co_return;
  it->second.json["state"] = "playing";
  events_.Publish(it->second.app, {{"type", "PlaybackStarted"}, {"playback", it->second.json}},
                  Delivery::kInOrder, false);
  if (!ends) co_return;
  co_await world_.Sleep(world_.Scaled(kPlayback));
  StopPlayback(id);
}

}  // namespace ctc::simulator
