#include "services/dispatch/service/native_sounds.h"

#include <absl/strings/str_cat.h>
#include <boost/asio/co_spawn.hpp>

#include <utility>

#include "libs/media/wav_reader.h"

namespace ctc::dispatch {
namespace {

constexpr absl::Duration kKeepFor = absl::Minutes(5);
constexpr absl::Duration kTimeout = absl::Seconds(10);
constexpr size_t kMaxBytes = 16 << 20;
constexpr size_t kMostSamples = 32 << 20;  // 64 MiB, over an hour of sound
constexpr size_t kMaxUrl = 4096;

bool IsHttp(const std::string& url) {
  return (url.starts_with("http://") || url.starts_with("https://")) && url.size() <= kMaxUrl;
}

Task<absl::StatusOr<media::Sound>> Decode(std::string bytes) { co_return media::ReadWav(bytes); }

}  // namespace

void NativeSounds::Add(providers::sip::native::SoundNote note) {
  background_.Spawn("a prompt",
                    [this, note = std::move(note)]() mutable { return Fetch(std::move(note)); });
}

Task<void> NativeSounds::Fetch(providers::sip::native::SoundNote note) {
  if (!IsHttp(note.url)) {
    note.done(absl::InvalidArgumentError("the prompt has no address by HTTP"));
    co_return;
  }
  const auto known = kept_.find(note.url);
  if (known != kept_.end() && clock_.Monotonic() < known->second.until) {
    note.done(known->second.sound);
    co_return;
  }
  const std::string url = note.url;
  std::vector<Done>& waiting = waiting_[url];
  waiting.push_back(std::move(note.done));
  if (waiting.size() > 1) co_return;  // who asked first tells the others
  const absl::StatusOr<media::Sound> sound = co_await Load(url);
  if (sound.ok()) Keep(url, *sound);
  const std::vector<Done> told = std::move(waiting_[url]);
  waiting_.erase(url);
  for (const Done& done : told) done(sound);
}

Task<absl::StatusOr<media::Sound>> NativeSounds::Load(std::string url) {
  http::ClientRequest request;
  request.url = std::move(url);
  request.timeout = kTimeout;
  request.max_response_bytes = kMaxBytes;
  http::ClientResult result = co_await http_.Send(std::move(request));
  if (!result.ok()) co_return result.error.status;
  if (result.response.status != 200) {
    co_return absl::NotFoundError(
        absl::StrCat("the prompt's address answers ", result.response.status));
  }
  Task<absl::StatusOr<media::Sound>> decode = Decode(std::move(result.response.body));
  co_return co_await asio::co_spawn(decoder_, std::move(decode), asio::use_awaitable);
}

void NativeSounds::Keep(const std::string& url, const media::Sound& sound) {
  const absl::Duration now = clock_.Monotonic();
  const auto forget = [this](auto which) {
    for (auto it = kept_.begin(); it != kept_.end();) {
      if (which(it->second)) {
        samples_ -= it->second.sound->size();
        it = kept_.erase(it);
      } else {
        ++it;
      }
    }
  };
  forget([now](const Kept& kept) { return kept.until <= now; });
  if (samples_ + sound->size() > kMostSamples) {
    forget([](const Kept&) { return true; });
  }
  if (sound->size() > kMostSamples) return;
  if (const auto old = kept_.find(url); old != kept_.end()) samples_ -= old->second.sound->size();
  kept_.insert_or_assign(url, Kept{sound, now + kKeepFor});
  samples_ += sound->size();
}

}  // namespace ctc::dispatch
