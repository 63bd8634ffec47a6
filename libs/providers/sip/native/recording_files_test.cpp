#include "libs/providers/sip/native/recording_files.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "libs/base/error.h"
#include "libs/base/error_catalogue.h"

namespace ctc::providers::sip::native {
namespace {

namespace fs = std::filesystem;

dispatch::v1::Provider Config() {
  dispatch::v1::Provider config;
  config.set_id("p1");
  return config;
}

// A folder that goes with the test.
struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "ctc-recordings-XXXXXX").string();
    root = mkdtemp(name.data());
    fs::create_directories(root / "p1");
    fs::create_directories(root / "p2");
    Write("p1/c1-1.wav", "RIFF one");
    Write("p2/c2-1.wav", "RIFF two");
    Write("secret.wav", "no");
    fs::create_symlink(root / "secret.wav", root / "p1" / "link.wav");
  }
  ~Folder() { fs::remove_all(root); }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(root / name) << text;
  }
  fs::path root;
};

TEST_CASE("a recording is read by its URL", "[sip][recording]") {
  const Folder folder;
  const auto read =
      ReadRecording(folder.root.string(), Config(), RecordingPrefix(Config()) + "c1-1.wav");
  REQUIRE(read.ok());
  CHECK(read->bytes == "RIFF one");
  CHECK(read->content_type == "audio/wav");
  const auto missing =
      ReadRecording(folder.root.string(), Config(), RecordingPrefix(Config()) + "c1-2.wav");
  CHECK(base::IsError(missing.status(), base::kNotFound));
}

TEST_CASE("a recording is deleted by its URL, and none of another account", "[sip][recording]") {
  const Folder folder;
  const std::string root = folder.root.string();
  const std::string prefix = RecordingPrefix(Config());
  for (const std::string& url :
       {prefix + "../p2/c2-1.wav", std::string("ctc-recording:p2/c2-1.wav"), std::string()}) {
    INFO(url);
    CHECK(base::IsError(DeleteRecording(root, Config(), url), base::kProviderRefused));
  }
  CHECK(DeleteRecording(root, Config(), prefix + "c1-1.wav").ok());
  CHECK_FALSE(fs::exists(folder.root / "p1" / "c1-1.wav"));
  CHECK(DeleteRecording(root, Config(), prefix + "c1-1.wav").ok());
  CHECK(DeleteRecording(root, Config(), prefix + "link.wav").ok());
  CHECK(fs::exists(folder.root / "secret.wav"));
  CHECK(fs::exists(folder.root / "p2" / "c2-1.wav"));
  fs::create_directories(folder.root / "p1" / "c1-3.wav" / "in-it");
  CHECK(base::IsError(DeleteRecording(root, Config(), prefix + "c1-3.wav"), base::kInternal));
}

TEST_CASE("no URL leads out of the account's folder", "[sip][recording][ssrf]") {
  const Folder folder;
  const std::string prefix = RecordingPrefix(Config());
  for (const std::string& url :
       {prefix + "../secret.wav", prefix + "../p2/c2-1.wav", prefix + "/etc/passwd",
        std::string("ctc-recording:p2/c2-1.wav"), prefix + ".wav", prefix + "c1-1",
        prefix + "c1-1.wav/../../secret.wav", prefix + "..%2fsecret.wav",
        prefix + std::string("c1-1\0.wav", 9), std::string(), std::string("file:///etc/passwd"),
        std::string("http://x/") + prefix + "c1-1.wav"}) {
    INFO(url);
    CHECK(base::IsError(ReadRecording(folder.root.string(), Config(), url).status(),
                        base::kProviderRefused));
  }
  // A link in the folder is not followed.
  CHECK(base::IsError(ReadRecording(folder.root.string(), Config(), prefix + "link.wav").status(),
                      base::kNotFound));
}

}  // namespace
}  // namespace ctc::providers::sip::native
