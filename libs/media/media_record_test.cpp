// Recordings of calls at a server on loopback.
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include "libs/media/call_for_test.h"
#include "libs/media/record_writer.h"
#include "libs/media/wav_header.h"
#include "libs/media/wav_reader.h"
#include "libs/testing/status_matchers.h"

namespace ctc::media {
namespace {

using testing::HasCode;
using testing::IsOk;

std::string BytesOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Samples in which one who says 1000 and one who says 2000 are heard together.
int64_t Both(const std::vector<int16_t>& sound) {
  return std::count_if(sound.begin(), sound.end(), [](int16_t s) { return s > 2900 && s < 3100; });
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const char* name)
      : path_(std::filesystem::temp_directory_path() /
              absl::StrCat("ctc_media_test_", getpid(), "_", name)) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST_CASE("a recording holds what was said, but for the pause", "[media][server]") {
  const TemporaryFile file("talk.wav");
  Call call;
  call.Join("a");
  Leg& b = call.Join("b");
  call.server->SetHearing(kRoom, EverybodyOf({"a", "b"}));
  std::map<std::string, int16_t> said = {{"a", 1000}, {"b", 2000}};
  call.AwaitLevel(b, 1000, said);
  call.server->Record(kRoom, {.path = file.path(), .on_done = call.told.OnRecorded()});
  call.server->Record(kRoom, {.path = file.path(), .on_done = call.told.OnRecorded()});
  const auto recorded = [&call] { return call.told.Ask([](Told& told) { return told.recorded; }); };
  call.Await(said, [&] { return recorded().size() == 1; }, "the second is refused");
  CHECK_THAT(recorded()[0].status(), HasCode(absl::StatusCode::kAlreadyExists));
  // While it grows it can be read.
  call.Await(
      said,
      [&] {
        const auto sound = ReadWav(BytesOf(file.path()));
        return sound.ok() && Both(*sound.value()) > 7000;
      },
      "a second of it is on the disk");
  call.server->PauseRecording(kRoom);
  call.Settle();
  said["a"] = 9000;
  call.AwaitLevel(b, 9000, said);
  said["a"] = 1000;
  call.AwaitLevel(b, 1000, said);
  call.server->ResumeRecording(kRoom);
  call.AwaitLevel(b, 1000, said);
  call.server->StopRecording(kRoom);
  call.Await(said, [&] { return recorded().size() == 2; }, "the file is complete");
  REQUIRE_THAT(recorded()[1].status(), IsOk());
  const auto sound = ReadWav(BytesOf(file.path())).value();
  CHECK(static_cast<int64_t>(sound->size()) == recorded()[1]->length / kFrameLength * 160);
  CHECK(recorded()[1]->end == RecordEnd::kStopped);
  CHECK(Both(*sound) > 7000);
  CHECK(*std::max_element(sound->begin(), sound->end()) < 3200);
}

TEST_CASE("a message ends with silence, after a beep that is not in it", "[media][server]") {
  const TemporaryFile file("message.wav");
  SteppedCall stepped;
  Call& call = stepped.call;
  Leg& a = stepped.a;
  Leg& b = call.Join("b");
  const auto recorded = [&call] { return call.told.Ask([](Told& told) { return told.recorded; }); };
  call.server->Record("no room", {.path = file.path(), .on_done = call.told.OnRecorded()});
  call.Await({}, [&] { return recorded().size() == 1; }, "there is nothing to record");
  CHECK_THAT(recorded()[0].status(), HasCode(absl::StatusCode::kNotFound));
  call.server->Record(kRoom, {.path = file.path(),
                              .parties = {"a"},
                              .silence_end = absl::Milliseconds(500),
                              .beep = true,
                              .on_done = call.told.OnRecorded()});
  call.Settle();
  // Fifteen frames of a beep, then speech, then twenty-five of silence.
  const auto heard = stepped.Step(45, {{&a, 1000}, {&b, 2000}});
  const auto loud = [](int16_t s) { return std::abs(s) > 4000; };
  CHECK(std::count_if(heard.begin(), heard.end(), loud) > 1000);
  CHECK(heard.back() == 0);
  stepped.Step(20, {{&a, 0}, {&b, 2000}});
  CHECK(recorded().size() == 1);
  stepped.Step(20, {{&a, 0}, {&b, 2000}});
  call.Await({}, [&] { return recorded().size() == 2; }, "it ends");
  REQUIRE_THAT(recorded()[1].status(), IsOk());
  CHECK(recorded()[1]->end == RecordEnd::kSilence);
  const auto sound = ReadWav(BytesOf(file.path())).value();
  CHECK(*std::max_element(sound->begin(), sound->end()) < 1100);
}

TEST_CASE("whose voices are recorded can be changed", "[media][server]") {
  const TemporaryFile file("voices.wav");
  Call call;
  Leg& a = call.Join("a");
  Leg& b = call.Join("b");
  call.server->SetHearing(kRoom, EverybodyOf({"a", "b"}));
  const std::map<std::string, int16_t> said = {{"a", 1000}, {"b", 4000}};
  call.AwaitLevel(b, 1000, said);
  call.server->SetRecorded(kRoom, {"a"});
  call.server->Record(kRoom, {.path = file.path(), .on_done = call.told.OnRecorded()});
  call.Settle();
  b.phone.Listen();
  call.AwaitLevel(b, 1000, said);  // so a is recorded
  call.server->SetRecorded(kRoom, {"b"});
  call.Settle();
  a.phone.Listen();
  call.AwaitLevel(a, 4000, said);
  call.server->StopRecording(kRoom);
  call.Await(
      said, [&] { return call.told.Ask([](Told& told) { return told.recorded.size(); }) == 1; },
      "the file is complete");
  const auto sound = ReadWav(BytesOf(file.path())).value();
  const auto changed =
      std::find_if(sound->begin(), sound->end(), [](int16_t s) { return s > 1100; });
  CHECK(std::count_if(sound->begin(), changed, [](int16_t s) { return s > 900; }) > 160);
  CHECK(std::count_if(changed, sound->end(), [](int16_t s) { return s > 3800; }) > 160);
  CHECK(*std::max_element(sound->begin(), sound->end()) < 4200);  // never both
}

TEST_CASE("a recording leaves a file that is there alone", "[media][server]") {
  const TemporaryFile file("there.wav");
  std::ofstream(file.path()) << "another recording";
  Call call;
  call.Join("a");
  const auto recorded = [&call] { return call.told.Ask([](Told& told) { return told.recorded; }); };
  call.server->Record(kRoom, {.path = file.path(), .on_done = call.told.OnRecorded()});
  call.Await({{"a", 1000}}, [&] { return recorded().size() == 1; }, "it is refused");
  CHECK_THAT(recorded()[0].status(), HasCode(absl::StatusCode::kAlreadyExists));
  CHECK(BytesOf(file.path()) == "another recording");
}

TEST_CASE("what cannot be had as a whole leaves no file", "[media][record]") {
  const TemporaryFile file("whole.wav");
  const auto written = [&file](size_t bytes, bool keeps_empty = true) {
    absl::Status told;
    RecordWriter writer;
    const std::shared_ptr<RecordFile> recording = writer.Create(file.path(), keeps_empty);
    writer.Append(recording, std::string(bytes, 'x'));
    std::promise<void> done;
    writer.Finish(recording, [&](absl::Status status) {
      told = std::move(status);
      done.set_value();
    });
    done.get_future().wait();
    return told;
  };
  CHECK_THAT(written(size_t{65} << 20), HasCode(absl::StatusCode::kResourceExhausted));
  CHECK_FALSE(std::filesystem::exists(file.path()));
  CHECK_THAT(written(0, false), IsOk());
  CHECK_FALSE(std::filesystem::exists(file.path()));
  CHECK_THAT(written(0), IsOk());
  CHECK(std::filesystem::remove(file.path()));
  CHECK_THAT(written(1000, false), IsOk());
  CHECK(std::filesystem::file_size(file.path()) == kWavHeader + 1000);
  // One that is there already is not this recording's.
  CHECK_THAT(written(1000), HasCode(absl::StatusCode::kAlreadyExists));
  CHECK(std::filesystem::file_size(file.path()) == kWavHeader + 1000);
}

TEST_CASE("a recording ends with its call, and says when it cannot be", "[media][server]") {
  const TemporaryFile file("ended.wav");
  Call call;
  call.Join("a");
  const auto recorded = [&call] { return call.told.Ask([](Told& told) { return told.recorded; }); };
  call.server->Record(kRoom, {.path = "/dev/null/there.wav", .on_done = call.told.OnRecorded()});
  call.Await({}, [&] { return recorded().size() == 1; }, "it cannot be written");
  CHECK_THAT(recorded()[0].status(), HasCode(absl::StatusCode::kUnavailable));
  call.server->Record(kRoom, {.path = file.path(), .on_done = call.told.OnRecorded()});
  call.Await({}, [&] { return std::filesystem::exists(file.path()); }, "it begins");
  // The end of the server is the end of all calls; what it owes is there when it is gone.
  call.server.reset();
  REQUIRE(recorded().size() == 2);
  REQUIRE_THAT(recorded()[1].status(), IsOk());
  CHECK(recorded()[1]->end == RecordEnd::kClosed);
  CHECK(call.told.Ask([](Told& told) { return told.closed.size(); }) == 1);
}

}  // namespace
}  // namespace ctc::media
