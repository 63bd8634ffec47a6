// The switch itself: legs that ring, are answered and end, bridges and recordings. No HTTP here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "tools/simulator/ari_events.h"
#include "tools/simulator/ari_model.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class AriSwitch {
 public:
  using ChannelPtr = std::shared_ptr<Channel>;
  // Told when a leg rings, is answered and has ended.
  using Observer = std::function<void(const Channel& channel, std::string_view what)>;

  explicit AriSwitch(World& world) : world_(world), events_(world) {}

  AriEvents& events() { return events_; }
  void Observe(Observer observer) { observer_ = std::move(observer); }
  // Told what a channel hears: "play MEDIA", "played", "music on" or "off", "record KEYS",
  // "joined", "end".
  using Watcher = std::function<void(const Channel& channel, const std::string& what,
                                     const std::string& detail)>;
  void Watch(Watcher watcher) { watcher_ = std::move(watcher); }
  void Happens(const Channel& channel, const std::string& what, const std::string& detail = "") {
    if (watcher_) watcher_(channel, what, detail);
  }

  ChannelPtr FindChannel(const std::string& id) const;
  Bridge* FindBridge(const std::string& id);
  const std::unordered_map<std::string, ChannelPtr>& channels() const { return channels_; }
  const std::map<std::string, Bridge>& bridges() const { return bridges_; }

  // Registers a leg and counts it as dialled; Dial() or Enter() sets it going.
  ChannelPtr AddChannel(ChannelPtr channel);
  // Rings; after the answer the leg enters its application unless it has already.
  void Dial(const ChannelPtr& channel);
  void EnterApp(const ChannelPtr& channel);
  // `asked` when our client wants it; `dial_status` goes out for a leg that was not answered.
  void HangUp(const ChannelPtr& channel, int cause, bool asked, const std::string& dial_status);
  void LeaveApp(const ChannelPtr& channel);
  void Digit(const ChannelPtr& channel, char digit);
  // Picks up a channel that came in.
  void PickUp(const ChannelPtr& channel);

  Bridge& AddBridge(Bridge bridge);
  void Join(Bridge& bridge, const ChannelPtr& channel);
  void Leave(const ChannelPtr& channel);
  void DeleteBridge(const std::string& id);

  // Ends by itself after `limit`.
  void StartRecording(AriRecording recording, const std::string& app, absl::Duration limit);
  void StopRecording(const std::string& name);
  AriRecording* FindLive(const std::string& name);
  std::set<std::string>& stored() { return stored_; }
  // `channel` may be empty, for a bridge's.
  Json Playback(const std::string& app, const std::string& id, const std::string& target,
                const std::string& media, const std::string& channel);
  const AriPlayback* FindPlayback(const std::string& id) const;
  void StopPlayback(const std::string& id);

 private:
  Task<void> RunLeg(ChannelPtr channel);
  void EndPlaybacks(const std::string& channel);
  Task<void> RunPlayback(std::string id, bool ends);
  Task<void> EndRecordingAfter(std::string name, absl::Time started, absl::Duration limit);
  Task<bool> Wait(ChannelPtr channel, absl::Duration duration);
  bool Answer(const ChannelPtr& channel);
  void Ring(const ChannelPtr& channel);
  void Event(const Channel& channel, Json event, bool terminal = false);
  void DialEvent(const Channel& channel, const std::string& status);
  void StateChange(const ChannelPtr& channel, const std::string& state);
  void Tell(const Channel& channel, std::string_view what) {
    if (observer_) observer_(channel, what);
  }

  World& world_;
  AriEvents events_;
  Observer observer_;
  Watcher watcher_;
  std::unordered_map<std::string, ChannelPtr> channels_;
  std::map<std::string, Bridge> bridges_;
  std::map<std::string, std::pair<AriRecording, std::string>> live_;  // with the application
  std::set<std::string> stored_;
  std::map<std::string, AriPlayback> playbacks_;
  uint64_t names_ = 0;
};

}  // namespace ctc::simulator
