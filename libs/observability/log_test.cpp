// What a log line looks like, and what it must not cost.
#include "libs/observability/log.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <regex>
#include <sstream>

namespace ctc::observability {
namespace {

// Logs into a file of its own; what was written is read back by Text.
class LogFile {
 public:
  explicit LogFile(Level level = Level::kInfo, bool human = false)
      : path_("/tmp/ctc_log_test." + std::to_string(getpid())) {
    LogConfig config;
    config.level = level;
    config.human = human;
    config.file = path_;
    config.service = "session";
    ConfigureLog(config);
  }
  ~LogFile() {
    ConfigureLog(LogConfig());
    std::remove(path_.c_str());
  }
  std::string Text() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

 private:
  std::string path_;
};

TEST_CASE("a line is one JSON object with time, level, service, text and fields") {
  const LogFile file;
  Warn("provider is away",
       {{"provider", "asterisk"}, {"attempt", 3}, {"wait_s", 0.5}, {"last", true}});
  const std::regex form(
      R"(\{"ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"warn","service":"session",)"
      R"("msg":"provider is away","provider":"asterisk","attempt":3,"wait_s":0.5,"last":true\}\n)");
  CAPTURE(file.Text());
  CHECK(std::regex_match(file.Text(), form));
}

TEST_CASE("text from outside cannot break out of its field or line") {
  const LogFile file;
  Info("said", {{"text", "a\"b\\c\nd\te{}\x1b"}});
  CHECK(file.Text().find(R"("text":"a\"b\\c\nd\u0009e{}\u001b"})") != std::string::npos);
}

TEST_CASE("a line below the level is not written") {
  const LogFile file(Level::kWarn);
  Info("quiet");
  Debug("quieter");
  Error("loud");
  CHECK(file.Text().find("quiet") == std::string::npos);
  CHECK(file.Text().find("loud") != std::string::npos);
}

TEST_CASE("a status is written as code and message") {
  const LogFile file;
  Error("failed", {{"error", absl::UnavailableError("database is away")}});
  CHECK(file.Text().find(R"("error":"UNAVAILABLE: database is away")") != std::string::npos);
}

TEST_CASE("a person gets a line to read") {
  const LogFile file(Level::kInfo, true);
  Info("ready", {{"port", 7101}});
  CHECK(file.Text().find("info ready port=7101\n") != std::string::npos);
}

TEST_CASE("a phone number shows its last four digits") {
  CHECK(MaskPhone("+1234567890") == "+******7890");
  CHECK(MaskPhone("1234567890") == "******7890");
  CHECK(MaskPhone("+12345") == "+*****");
  CHECK(MaskPhone("").empty());
}

TEST_CASE("a line that is off costs less than two microseconds", "[speed]") {
  const LogFile file(Level::kError);
  constexpr int kLines = 20'000;
  double least = 1;  // of several times, for a machine may stand still in one
  for (int time = 0; time < 5; ++time) {
    const std::clock_t start = std::clock();  // of this process alone, whatever else is done
    for (int i = 0; i < kLines; ++i) Debug("off", {{"i", i}});
    least = std::min(least, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  CHECK(least < 2e-6 * kLines);
}

}  // namespace
}  // namespace ctc::observability
