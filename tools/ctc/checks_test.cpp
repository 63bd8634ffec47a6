// What is well, and what is told of what is not.
#include "tools/ctc/checks.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

namespace ctc::tool {
namespace {

Json Health(const char* circuit, const char* socket, const char* state = "HEALTHY") {
  return {{"circuit", circuit},
          {"event_socket", socket},
          {"state", state},
          {"consecutive_failures", 5},
          {"last_error", "refused"}};
}

TEST_CASE("a line has the word, what it is about, and the rest aligned") {
  CHECK(CheckLine({Word::kOk, "schema", "migration 25"}) == "ok    schema          migration 25\n");
  CHECK(CheckLine({Word::kFail, "recordings_dir", "x"}) == "FAIL  recordings_dir  x\n");
}

TEST_CASE("databases without SKIP LOCKED fail, untested ones are warned of") {
  CHECK(CheckVersion("10.11.6-MariaDB-0+deb12u1").word == Word::kOk);
  CHECK(CheckVersion("11.4.2-MariaDB").word == Word::kOk);
  CHECK(CheckVersion("10.6.18-MariaDB").word == Word::kWarn);
  CHECK(CheckVersion("10.5.1-MariaDB").word == Word::kFail);
  CHECK(CheckVersion("8.0.36").word == Word::kOk);
  CHECK(CheckVersion("5.7.44-log").word == Word::kFail);
}

TEST_CASE("the clocks may differ by a second, not by a lease") {
  CHECK(CheckClock(absl::Milliseconds(-900)).word == Word::kOk);
  const Check behind = CheckClock(absl::Seconds(-5));
  CHECK(behind.word == Word::kWarn);
  CHECK(behind.text.find("5s behind ours") != std::string::npos);
  CHECK(CheckClock(absl::Minutes(1)).word == Word::kFail);
  CHECK(CheckClock(absl::Minutes(1)).text.find("1m ahead of ours") != std::string::npos);
}

TEST_CASE("an rpc secret is needed as far as others reach the port") {
  CHECK(CheckRpcSecret(true, "0.0.0.0:7100").word == Word::kOk);
  CHECK(CheckRpcSecret(false, "").word == Word::kOk);
  CHECK(CheckRpcSecret(false, "unix:/run/ctc.sock").word == Word::kWarn);
  CHECK(CheckRpcSecret(false, "127.0.0.1:7100").word == Word::kWarn);
  CHECK(CheckRpcSecret(false, "10.0.0.5:7100").word == Word::kFail);
}

TEST_CASE("the public URL is https, or of this machine") {
  CHECK(CheckPublicUrl("https://calls.example.com").word == Word::kOk);
  CHECK(CheckPublicUrl("http://127.0.0.1:8080").word == Word::kOk);
  CHECK(CheckPublicUrl("http://[::1]:8080/").word == Word::kOk);
  CHECK(CheckPublicUrl("http://localhost").word == Word::kOk);
  CHECK(CheckPublicUrl("http://calls.example.com").word == Word::kWarn);
  CHECK(CheckPublicUrl("http://127.example.com@calls.example.com").word == Word::kWarn);
  CHECK(CheckPublicUrl("").word == Word::kFail);
  CHECK(CheckPublicUrl("calls.example.com").word == Word::kFail);
  CHECK(CheckPublicUrl("https://").word == Word::kFail);
}

TEST_CASE("a name that begins like a loopback address is not one") {
  CHECK(IsLoopback("http://127.0.0.1:1/x"));
  CHECK(IsLoopback("127.9.9.9:7100"));
  CHECK_FALSE(IsLoopback("http://127.evil.example"));
  CHECK_FALSE(IsLoopback("http://localhost.example.com"));
}

TEST_CASE("a password in a URL is not shown") {
  CHECK(ShownUrl("https://ann:secret@calls.example.com/x@y") == "https://calls.example.com/x@y");
  CHECK(ShownUrl("https://calls.example.com/?a=b@c") == "https://calls.example.com/?a=b@c");
  CHECK(CheckPublicUrl("http://ann:secret@calls.example.com").text.find("secret") ==
        std::string::npos);
}

TEST_CASE("a folder that is not there yet is judged by the one that is") {
  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / "ctc_checks_test_folder";
  std::filesystem::create_directories(root);
  CHECK(CheckFolder(root.string()).text == root.string());
  const Check later = CheckFolder((root / "a" / "b").string());
  CHECK(later.word == Word::kOk);
  CHECK(later.text.find("first recording") != std::string::npos);
  std::ofstream(root / "file") << "x";
  CHECK(CheckFolder((root / "file").string()).word == Word::kFail);
  CHECK(CheckFolder((root / "file" / "below").string()).word == Word::kFail);
  std::filesystem::remove_all(root);
}

TEST_CASE("an account is well with its circuit closed and its socket, if it has one, connected") {
  CHECK(ProviderTrouble(Health("closed", "")).empty());
  CHECK(ProviderTrouble(Health("closed", "CONNECTED")).empty());
  CHECK(ProviderTrouble(Health("closed", "DISCONNECTED")).find("event socket") !=
        std::string::npos);
  const std::string open = ProviderTrouble(Health("open", "CONNECTED"));
  CHECK(open.find("open after 5 failures (refused)") != std::string::npos);
  CHECK(CheckProvider("A", Health("open", "")).word == Word::kFail);
  CHECK(CheckProvider("A", Health("half_open", "")).word == Word::kWarn);
  CHECK(CheckProvider("A", Health("closed", "")).text == "A");
  CHECK(CheckProvider("A", Health("closed", "", "UNKNOWN")).text.find("not asked yet") !=
        std::string::npos);
}

}  // namespace
}  // namespace ctc::tool
