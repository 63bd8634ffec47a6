#include "services/dispatch/service/native_sounds.h"

#include <catch2/catch.hpp>

#include "libs/providers/fake_http_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::dispatch {
namespace {

// 20 ms of silence in u-law.
std::string Wav() {
  std::string wav(
      "RIFF\xc4\0\0\0WAVEfmt \x12\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0\0\0", 38);
  wav += std::string("data\xa0\0\0\0", 8) + std::string(160, '\xff');
  return wav;
}

struct Sounds {
  asio::io_context loop;
  testing::FakeClock clock{absl::UnixEpoch()};
  providers::FakeHttp http;
  host::Background background{loop.get_executor()};
  NativeSounds sounds{http, background, clock};
  std::vector<absl::StatusOr<media::Sound>> heard;

  void Want(const std::string& url) {
    providers::sip::native::SoundNote note;
    note.url = url;
    note.done = [this](absl::StatusOr<media::Sound> sound) { heard.push_back(std::move(sound)); };
    sounds.Add(std::move(note));
  }
  void Run() {
    loop.restart();
    loop.run();
  }
};

TEST_CASE("a prompt is fetched once for a while", "[dispatch][native][sounds]") {
  Sounds s;
  s.http.When("GET http://x/a.wav", 200, Wav());
  s.Want("http://x/a.wav");
  s.Run();
  s.Want("http://x/a.wav");
  s.Run();
  REQUIRE(s.heard.size() == 2);
  REQUIRE(s.heard[0].ok());
  CHECK((*s.heard[0])->size() == 160);
  CHECK(*s.heard[0] == *s.heard[1]);
  CHECK(s.http.requests.size() == 1);
  s.clock.Advance(absl::Minutes(6));
  s.Want("http://x/a.wav");
  s.Run();
  CHECK(s.http.requests.size() == 2);
}

TEST_CASE("what cannot be fetched is told, and tried again", "[dispatch][native][sounds]") {
  Sounds s;
  s.http.When("GET http://x/a.wav", 500, "");
  s.http.When("GET http://x/b.wav", 200, "no sound");
  for (const char* url :
       {"http://x/a.wav", "http://x/b.wav", "http://x/b.wav", "", "file:///a.wav"}) {
    s.Want(url);
    s.Run();
  }
  REQUIRE(s.heard.size() == 5);
  for (const auto& sound : s.heard) CHECK_FALSE(sound.ok());
  CHECK(s.http.requests.size() == 3);
}

}  // namespace
}  // namespace ctc::dispatch
