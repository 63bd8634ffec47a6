// A call of several phones at a server on loopback, and what the server tells of it.
#pragma once

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/media/media_server.h"
#include "libs/media/phone_for_test.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fake_clock.h"

namespace ctc::media {

inline constexpr char kRoom[] = "call";

// What the server tells, kept.
struct Told {
  std::mutex mutex;
  std::string digits;
  std::vector<std::string> silent;
  std::map<std::string, PartyStatistics> closed;
  std::vector<bool> played;
  std::vector<absl::StatusOr<Recorded>> recorded;

  template <class Look>
  auto Ask(Look look) {
    const std::lock_guard lock(mutex);
    return look(*this);
  }
  MediaEvents Events() {
    return {
        .on_digit = [this](const std::string&, const std::string& party,
                           char digit) { Ask([&](Told& told) { told.digits += party + digit; }); },
        .on_silent =
            [this](const std::string&, const std::string& party) {
              Ask([&](Told& told) { told.silent.push_back(party); });
            },
        .on_closed =
            [this](const std::string&, const std::string& party, const PartyStatistics& s) {
              Ask([&](Told& told) { told.closed[party] = s; });
            }};
  }
  std::function<void(bool)> OnPlayed() {
    return [this](bool finished) { Ask([&](Told& told) { told.played.push_back(finished); }); };
  }
  std::function<void(absl::StatusOr<Recorded>)> OnRecorded() {
    return [this](absl::StatusOr<Recorded> done) {
      Ask([&](Told& told) { told.recorded.push_back(std::move(done)); });
    };
  }
};

struct Leg {
  Leg(std::string own, uint32_t ssrc) : name(std::move(own)), phone("127.0.0.1", ssrc) {}
  const std::string name;
  PhoneForTest phone;
  Address server;
};

// A call of several phones. While a condition is awaited, each says its level every 20 ms.
class Call {
 public:
  explicit Call(MediaConfig config = {}) {
    config.events = told.Events();
    server = MediaServer::Start(std::move(config)).value();
  }

  Leg& Join(const std::string& name, const std::function<void(Stream&)>& change = {}) {
    auto leg = std::make_unique<Leg>(name, static_cast<uint32_t>(legs_.size() + 1));
    leg->server = server->Open(kRoom, name).value();
    Stream stream = leg->phone.stream();
    if (change) change(stream);
    REQUIRE(server->Connect(kRoom, name, stream).ok());
    legs_.push_back(std::move(leg));
    Settle();
    return *legs_.back();
  }

  // Until what was asked of the server has taken effect: it does one thing after the other.
  void Settle() const {
    const auto done = std::make_shared<std::atomic<bool>>(false);
    server->Play(kRoom, "nobody", {}, 0, [done](bool) { *done = true; });
    testing::EventuallyTrue([&] { return done->load(); }, "the server does as it is asked");
  }

  // Until `listener` hears `level` and nothing else for three frames, while each says its own.
  void AwaitLevel(Leg& listener, int16_t level, const std::map<std::string, int16_t>& said) {
    const int16_t lowest = static_cast<int16_t>(level - std::abs(level) / 20 - 8);
    const int16_t highest = static_cast<int16_t>(level + std::abs(level) / 20 + 8);
    size_t in_a_row = 0;
    Await(
        said,
        [&] {
          for (const int16_t sample : listener.phone.Listen().samples) {
            in_a_row = sample >= lowest && sample <= highest ? in_a_row + 1 : 0;
          }
          return in_a_row >= 3 * kFrameSamples;
        },
        absl::StrCat(listener.name, " hears ", level));
  }

  void Await(const std::map<std::string, int16_t>& said, const std::function<bool()>& condition,
             const std::string& what) {
    const absl::Duration start = base::SystemClock().Monotonic();
    int64_t frames = 0;
    testing::EventuallyTrue(
        [&] {
          const int64_t due = (base::SystemClock().Monotonic() - start) / kFrameLength;
          for (; frames <= due; ++frames) {
            for (const auto& leg : legs_) {
              const auto level = said.find(leg->name);
              if (level != said.end()) leg->phone.Say(leg->server, level->second);
            }
          }
          return condition();
        },
        what);
  }

  Told told;
  std::unique_ptr<MediaServer> server;

 private:
  std::vector<std::unique_ptr<Leg>> legs_;
};

// A call with a party "a" whose frames are counted: the server's clock stands still between them.
struct SteppedCall {
  explicit SteppedCall(MediaConfig config = {}) : call(WithClock(std::move(config))) {}

  // So many frames more, in each of which the parties say their level. What "a" hears of them.
  std::vector<int16_t> Step(int frames, const std::map<Leg*, int16_t>& said = {}) {
    std::vector<int16_t> heard;
    for (int i = 0; i < frames; ++i) {
      for (const auto& [leg, level] : said) leg->phone.Say(leg->server, level);
      clock.Advance(kFrameLength);
      const size_t before = heard.size();
      call.Await(
          {},
          [&] {
            const auto more = a.phone.Listen().samples;
            heard.insert(heard.end(), more.begin(), more.end());
            return heard.size() > before;
          },
          "a frame");
    }
    return heard;
  }
  MediaConfig WithClock(MediaConfig config) const {
    config.clock = &clock;
    return config;
  }

  testing::FakeClock clock;
  Call call;
  Leg& a = call.Join("a");
};

}  // namespace ctc::media
