#include "libs/providers/sip/native/media_desk.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "libs/observability/log.h"
#include "libs/providers/sip/native/call_parts.h"
#include "libs/providers/sip/native/prompt_url.h"

namespace ctc::providers::sip::native {
namespace {

// Of one music, one after another: enough for an hour of two seconds each.
constexpr int64_t kMostRepeats = 1800;

std::vector<media::Clip> ClipsFor(const media::Sound& sound, absl::Duration at_least) {
  const auto samples = static_cast<int64_t>(sound->size());
  const int64_t wanted = absl::ToInt64Milliseconds(at_least) * media::kSampleRate / 1000;
  const int64_t times = samples == 0 ? 1 : (wanted + samples - 1) / samples;
  return std::vector<media::Clip>(static_cast<size_t>(std::clamp<int64_t>(times, 1, kMostRepeats)),
                                  media::Clip(sound));
}

}  // namespace

absl::StatusOr<std::unique_ptr<MediaDesk>> MediaDesk::Start(const NativeSettings& settings,
                                                            std::string folder,
                                                            SoundEvents events) {
  auto state = std::make_shared<State>();
  state->events = std::move(events);
  media::MediaConfig config;
  config.bind_ip = settings.media_host();
  config.announced_ip = settings.media_address;
  config.first_port = settings.first_media_port;
  config.last_port = settings.last_media_port;
  config.silent_after = settings.media_timeout;
  config.events.on_digit = [state](const std::string& room, const std::string& party, char digit) {
    state->events.on_key(room, party, digit);
  };
  config.events.on_silent = [state](const std::string& room, const std::string& party) {
    state->events.on_silent(room, party);
  };
  std::unique_ptr<MediaDesk> desk(new MediaDesk(std::move(folder), settings.say, state));
  CTC_ASSIGN_OR_RETURN(desk->server_, media::MediaServer::Start(std::move(config)));
  const base::MutexLock lock(state->mutex);
  state->server = desk->server_.get();
  return desk;
}

MediaDesk::~MediaDesk() {
  const base::MutexLock lock(state_->mutex);
  state_->server = nullptr;
}

absl::StatusOr<media::Address> MediaDesk::Open(const std::string& call, const std::string& leg) {
  return server_->Open(call, leg);
}

void MediaDesk::Close(const std::string& call, const std::string& leg) {
  server_->Close(call, leg);
}

void MediaDesk::CloseCall(const std::string& call) {
  server_->CloseRoom(call);
  const base::MutexLock lock(state_->mutex);
  state_->rooms.erase(call);
}

void MediaDesk::Carry(const std::string& call, std::vector<MediaOrder> orders) {
  for (MediaOrder& order : orders) {
    std::visit([&](auto& what) { Do(call, what); }, order);
  }
}

void MediaDesk::Do(const std::string& call, ConnectLeg& order) {
  const absl::Status status = server_->Connect(call, order.leg, order.stream);
  if (status.ok()) return;
  observability::Warn("a phone's sound cannot be had",
                      {{"call", call}, {"leg", order.leg}, {"error", status}});
}

void MediaDesk::Do(const std::string& call, CloseLeg& order) { server_->Close(call, order.leg); }

void MediaDesk::Do(const std::string& call, SetScene& order) {
  Scene before;
  {
    const base::MutexLock lock(state_->mutex);
    before = std::exchange(state_->rooms[call].scene, order.scene);
  }
  const Scene& now = order.scene;
  if (now.recorded != before.recorded) server_->SetRecorded(call, now.recorded);
  if (now.hearing != before.hearing) server_->SetHearing(call, now.hearing);
  if (now.watched != before.watched) server_->SetWatched(call, now.watched);
  for (const auto& [leg, tone] : before.tones) {
    if (!now.tones.contains(leg)) server_->SetTone(call, leg, media::Tone::kNone);
  }
  for (const auto& [leg, tone] : now.tones) server_->SetTone(call, leg, tone);
}

void MediaDesk::Do(const std::string& call, PlayPrompt& order) {
  {
    const base::MutexLock lock(state_->mutex);
    state_->rooms[call].wanted = order.number;
  }
  SoundNote note;
  note.url = order.url.empty() ? SpokenAt(say_, order.text, order.language) : order.url;
  if (note.url.empty()) note.text = order.text;
  note.language = order.language;
  note.done = [state = state_, call, number = order.number,
               at_least = order.at_least](const absl::StatusOr<media::Sound>& sound) {
    if (sound.ok()) return Play(state, call, number, at_least, *sound);
    observability::Info("a prompt cannot be played", {{"call", call}, {"error", sound.status()}});
    state->events.on_played(call, number);
  };
  state_->events.fetch(std::move(note));
}

void MediaDesk::Play(const std::shared_ptr<State>& state, const std::string& call, int number,
                     absl::Duration at_least, const media::Sound& sound) {
  const base::MutexLock lock(state->mutex);
  const auto room = state->rooms.find(call);
  const bool wanted = room != state->rooms.end() && room->second.wanted == number;
  if (state->server == nullptr || !wanted) return;
  state->server->Play(call, kCustomer, ClipsFor(sound, at_least),
                      static_cast<media::PlayId>(number), [state, call, number](bool finished) {
                        if (finished) state->events.on_played(call, number);
                      });
}

void MediaDesk::Do(const std::string& call, StopPrompt& order) {
  {
    const base::MutexLock lock(state_->mutex);
    state_->rooms[call].wanted = 0;
  }
  server_->StopPlay(call, kCustomer, static_cast<media::PlayId>(order.number));
}

void MediaDesk::Do(const std::string& call, PressKeys& order) {
  server_->SendDigits(call, order.leg, order.digits);
}

void MediaDesk::Do(const std::string& call, BeginRecording& order) {
  media::RecordSpec spec;
  spec.path = absl::StrCat(folder_, "/", order.file);
  spec.parties = std::move(order.voices);
  spec.beep = order.beep;
  spec.keeps_empty = order.keeps_empty;
  if (order.max_length > absl::ZeroDuration()) spec.max_length = order.max_length;
  spec.on_done = [state = state_, call,
                  file = order.file](const absl::StatusOr<media::Recorded>& recorded) {
    if (!recorded.ok()) {
      observability::Error("a recording could not be written",
                           {{"call", call}, {"error", recorded.status()}});
    }
    state->events.on_recorded(call, file, recorded.ok() ? recorded->length : absl::Seconds(-1));
  };
  server_->Record(call, std::move(spec));
}

void MediaDesk::Do(const std::string& call, PauseTheRecording& order) {
  return order.paused ? server_->PauseRecording(call) : server_->ResumeRecording(call);
}

void MediaDesk::Do(const std::string& call, EndRecording& /*order*/) {
  server_->StopRecording(call);
}

}  // namespace ctc::providers::sip::native
