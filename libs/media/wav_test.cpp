// WAV files, read and written, and other rates.
#include <absl/strings/str_cat.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <numbers>

#include "libs/media/g711.h"
#include "libs/media/record_writer.h"
#include "libs/media/resample.h"
#include "libs/media/tone_for_test.h"
#include "libs/media/wav_header.h"
#include "libs/media/wav_reader.h"
#include "libs/testing/status_matchers.h"

namespace ctc::media {
namespace {

using testing::HasCode;
using testing::IsOk;

std::string Little(uint32_t value, int width) {
  std::string out;
  for (int i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

struct Shape {
  uint32_t code = 1;
  uint32_t channels = 1;
  uint32_t rate = 8000;
  uint32_t bits = 16;
};

std::string Chunk(std::string name, const std::string& body) {
  return name + Little(static_cast<uint32_t>(body.size()), 4) + body +
         std::string(body.size() & 1, '\0');
}

std::string FormatOf(const Shape& shape) {
  const uint32_t block = shape.channels * shape.bits / 8;
  return Little(shape.code, 2) + Little(shape.channels, 2) + Little(shape.rate, 4) +
         Little(shape.rate * block, 4) + Little(block, 2) + Little(shape.bits, 2);
}

std::string Wav(const Shape& shape, const std::string& data) {
  return "RIFF" + Little(0, 4) + "WAVE" + Chunk("fmt ", FormatOf(shape)) + Chunk("LIST", "abc") +
         Chunk("data", data);
}

std::string Pcm(const std::vector<int16_t>& samples) {
  std::string out;
  for (const int16_t sample : samples) out += Little(static_cast<uint16_t>(sample), 2);
  return out;
}

std::vector<int16_t> Sine(double hertz, uint32_t rate, size_t count) {
  std::vector<int16_t> samples(count);
  for (size_t i = 0; i < count; ++i) {
    const double angle = 2 * std::numbers::pi * hertz * static_cast<double>(i) / rate;
    samples[i] = static_cast<int16_t>(std::lround(10000 * std::sin(angle)));
  }
  return samples;
}

TEST_CASE("the codes of telephony are read", "[media][wav]") {
  CHECK(*ReadWav(Wav({}, Pcm({1, -2, 32767}))).value() == std::vector<int16_t>{1, -2, 32767});
  const std::string codes = {'\x80', '\x00', '\xff'};
  CHECK(*ReadWav(Wav({.code = 7, .bits = 8}, codes)).value() ==
        std::vector<int16_t>{32124, -32124, 0});
  CHECK(*ReadWav(Wav({.code = 6, .bits = 8}, "\xaa")).value() == std::vector<int16_t>{32256});
}

TEST_CASE("two channels become one", "[media][wav]") {
  CHECK(*ReadWav(Wav({.channels = 2}, Pcm({100, 300, 32767, 32767, -5, 5}))).value() ==
        std::vector<int16_t>{200, 32767, 0});
}

TEST_CASE("a format with more to it is read as what it is", "[media][wav]") {
  const std::string extensible = FormatOf({.code = 0xfffe}) + Little(22, 2) + Little(16, 2) +
                                 Little(4, 4) + Little(1, 2) + std::string(14, 'g');
  const std::string file =
      "RIFF" + Little(0, 4) + "WAVE" + Chunk("fmt ", extensible) + Chunk("data", Pcm({7}));
  CHECK(*ReadWav(file).value() == std::vector<int16_t>{7});
}

TEST_CASE("other rates keep what is heard, and nothing else", "[media][wav]") {
  const uint32_t rate = GENERATE(16000U, 44100U, 48000U);
  CAPTURE(rate);
  const auto heard = ReadWav(Wav({.rate = rate}, Pcm(Sine(1000, rate, rate)))).value();
  CHECK(heard->size() == 8000);
  const std::span<const int16_t> middle = std::span(*heard).subspan(800, 6400);
  CHECK(LevelAt(middle, 1000) == Approx(10000).epsilon(0.02));
  // 5 kHz would be heard as 3.
  const auto above = Resampled(Sine(5000, rate, rate), static_cast<int>(rate));
  CHECK(LevelAt(std::span(above).subspan(800, 6400), 3000) < 50);
}

TEST_CASE("what cannot be a prompt is said", "[media][wav]") {
  const auto refused = [](const std::string& file) {
    return ReadWav(file).status().code() == absl::StatusCode::kInvalidArgument;
  };
  CHECK(refused(""));
  CHECK(refused("RIFF1234WAVX"));
  CHECK(refused(Wav({}, "")));
  CHECK(refused(Wav({}, "x")));  // half a sample
  CHECK(refused(Wav({.code = 3, .bits = 32}, "1234")));
  CHECK(refused(Wav({.bits = 8}, "1234")));
  CHECK(refused(Wav({.channels = 3}, Pcm({1, 2, 3}))));
  CHECK(refused(Wav({.channels = 0}, Pcm({1, 2, 3}))));
  CHECK(refused(Wav({.rate = 11025}, Pcm({1}))));
  CHECK(refused(Wav({.code = 7, .bits = 8}, std::string(size_t{600} * 8000 + 1, 'x'))));
  CHECK(refused("RIFF" + Little(0, 4) + "WAVE" + Chunk("data", Pcm({7}))));
  CHECK(refused("RIFF" + Little(0, 4) + "WAVE" + Chunk("fmt ", "short")));
}

TEST_CASE("a file cut short gives what it has", "[media][wav]") {
  std::string file = Wav({}, Pcm({1, 2, 3}));
  file.resize(file.size() - 3);
  CHECK(*ReadWav(file).value() == std::vector<int16_t>{1});
}

class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() / absl::StrCat("ctc_wav_test_", getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string File(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string BytesOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

absl::Status Finished(RecordWriter& writer, const std::shared_ptr<RecordFile>& file) {
  std::promise<absl::Status> done;
  writer.Finish(file, [&done](absl::Status status) { done.set_value(std::move(status)); });
  return done.get_future().get();
}

TEST_CASE("a recording can be read at any time", "[media][wav]") {
  const TemporaryFolder folder;
  RecordWriter writer;
  const std::string path = folder.File("a.wav");
  const auto file = writer.Create(path);
  writer.Append(file, std::string(2, '\x80'));
  // Jobs are done in order: behind another file's end all before it is on the disk.
  CHECK_THAT(Finished(writer, writer.Create(folder.File("b.wav"))), IsOk());
  CHECK(*ReadWav(BytesOf(path)).value() == std::vector<int16_t>{32124, 32124});
  writer.Append(file, std::string(2, '\x00'));
  CHECK_THAT(Finished(writer, file), IsOk());
  CHECK(*ReadWav(BytesOf(path)).value() == std::vector<int16_t>{32124, 32124, -32124, -32124});
  // Sound whose header was not written any more is no harm either.
  std::ofstream(path, std::ios::app | std::ios::binary) << "half a piece";
  CHECK(ReadWav(BytesOf(path)).value()->size() == 4);
  CHECK(BytesOf(folder.File("b.wav")).size() == kWavHeader);
}

// No file of the process may be longer than some bytes meanwhile.
class FullDisk {
 public:
  FullDisk() : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit small = before_;
    small.rlim_cur = 16;
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  }
  ~FullDisk() {
    (void)setrlimit(RLIMIT_FSIZE, &before_);
    (void)std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*const handler_)(int);
  rlimit before_{};
};

TEST_CASE("a recording that cannot be written says so", "[media][wav]") {
  const TemporaryFolder folder;
  RecordWriter writer;
  std::ofstream(folder.File("no_folder")) << "but a file";
  const auto file = writer.Create(folder.File("no_folder/there.wav"));
  writer.Append(file, std::string(8, 'x'));
  CHECK_THAT(Finished(writer, file), HasCode(absl::StatusCode::kUnavailable));
  CHECK(file->failed());
  absl::Status cut;
  {
    const FullDisk full;
    cut = Finished(writer, writer.Create(folder.File("cut.wav")));
  }
  CHECK_THAT(cut, HasCode(absl::StatusCode::kUnavailable));
  CHECK_FALSE(std::ifstream(folder.File("cut.wav")).is_open());
  std::ofstream(folder.File("cut.wav")) << "of another one";
  const auto again = writer.Create(folder.File("cut.wav"));
  CHECK_THAT(Finished(writer, again), HasCode(absl::StatusCode::kAlreadyExists));
}

TEST_CASE("no more waits for the disk than there is room for", "[media][wav]") {
  const TemporaryFolder folder;
  RecordWriter writer;
  const auto file = writer.Create(folder.File("a.wav"));
  writer.Append(file, std::string(65 << 20, 'x'));
  CHECK_THAT(Finished(writer, file), HasCode(absl::StatusCode::kResourceExhausted));
}

TEST_CASE("the header counts the sound", "[media][wav]") {
  const std::string header = UlawWavHeader(3);
  CHECK(header.size() == kWavHeader);
  CHECK(header.substr(4, 4) == Little(kWavHeader - 8 + 4, 4));  // with a byte of padding
  CHECK(header.substr(46, 4) == Little(3, 4));
  CHECK(header.substr(54, 4) == Little(3, 4));
}

}  // namespace
}  // namespace ctc::media
