// The media server of one account, driven by the orders of its calls: a room for each call, a party
// for each leg. Prompts are fetched before they are played. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/mutex.h"
#include "libs/media/media_server.h"
#include "libs/providers/sip/native/media_order.h"
#include "libs/providers/sip/native/settings.h"

namespace ctc::providers::sip::native {

// A sound that is wanted: at `url`, or `text` spoken. `done` may be called from any thread, and be
// dropped.
struct SoundNote {
  std::string url;
  std::string text;
  std::string language;
  std::function<void(absl::StatusOr<media::Sound> sound)> done;
};

// What the sound of calls tells; on a thread of the media server or of the one who fetches sounds.
struct SoundEvents {
  std::function<void(const std::string& call, const std::string& leg, char key)> on_key;
  std::function<void(const std::string& call, const std::string& leg)> on_silent;
  // A prompt is over, or could not be played.
  std::function<void(const std::string& call, int number)> on_played;
  // `length` is negative when the file could not be written.
  std::function<void(const std::string& call, const std::string& file, absl::Duration length)>
      on_recorded;
  std::function<void(SoundNote note)> fetch;
};

class MediaDesk {
 public:
  // Recordings become files of `folder`, which is made when the first one begins. UNAVAILABLE when
  // the account's address is not this host's.
  static absl::StatusOr<std::unique_ptr<MediaDesk>> Start(const NativeSettings& settings,
                                                          std::string folder, SoundEvents events);
  ~MediaDesk();
  MediaDesk(const MediaDesk&) = delete;
  MediaDesk& operator=(const MediaDesk&) = delete;

  // Where a leg's sound will end. RESOURCE_EXHAUSTED when no port is free.
  absl::StatusOr<media::Address> Open(const std::string& call, const std::string& leg);
  void Close(const std::string& call, const std::string& leg);
  void CloseCall(const std::string& call);
  void Carry(const std::string& call, std::vector<MediaOrder> orders);

 private:
  // What a call was ordered last.
  struct Room {
    Scene scene;
    int wanted = 0;  // the prompt that is to be heard
  };
  // Outlives the desk: sounds that were asked for may come late.
  struct State {
    base::Mutex mutex;
    std::map<std::string, Room> rooms ABSL_GUARDED_BY(mutex);
    media::MediaServer* server ABSL_GUARDED_BY(mutex) = nullptr;
    SoundEvents events;
  };

  MediaDesk(std::string folder, std::string say, std::shared_ptr<State> state)
      : folder_(std::move(folder)), say_(std::move(say)), state_(std::move(state)) {}

  void Do(const std::string& call, ConnectLeg& order);
  void Do(const std::string& call, CloseLeg& order);
  void Do(const std::string& call, SetScene& order);
  void Do(const std::string& call, PlayPrompt& order);
  void Do(const std::string& call, StopPrompt& order);
  void Do(const std::string& call, PressKeys& order);
  void Do(const std::string& call, BeginRecording& order);
  void Do(const std::string& call, PauseTheRecording& order);
  void Do(const std::string& call, EndRecording& order);
  static void Play(const std::shared_ptr<State>& state, const std::string& call, int number,
                   absl::Duration at_least, const media::Sound& sound);

  const std::string folder_;
  const std::string say_;
  const std::shared_ptr<State> state_;
  std::unique_ptr<media::MediaServer> server_;  // last: its threads end before what they tell
};

}  // namespace ctc::providers::sip::native
