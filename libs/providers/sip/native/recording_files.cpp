#include "libs/providers/sip/native/recording_files.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "libs/base/error_catalogue.h"
#include "libs/media/wav_header.h"

namespace ctc::providers::sip::native {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLargest = 256 << 20;
constexpr std::string_view kSuffix = ".wav";

// A descriptor that is closed with it.
class File {
 public:
  explicit File(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
  });
}

absl::Status NoneOfTheAccount() {
  return base::MakeError(base::kProviderRefused, "this is no recording of the account");
}

}  // namespace

std::string RecordingPrefix(const dispatch::v1::Provider& config) {
  return absl::StrCat("ctc-recording:", config.id(), "/");
}

std::string RecordingFolder(std::string_view root, const dispatch::v1::Provider& config) {
  return std::string(root).append("/").append(config.id());
}

std::string RecordingFile(const dispatch::v1::Provider& config, std::string_view url) {
  const std::string prefix = RecordingPrefix(config);
  if (!url.starts_with(prefix) || !url.ends_with(kSuffix)) return "";
  url.remove_prefix(prefix.size());
  if (url.size() <= kSuffix.size()) return "";
  return IsName(url.substr(0, url.size() - kSuffix.size())) ? std::string(url) : "";
}

std::string ReadyKey(std::string_view url) { return std::string("sip:").append(url); }

RecordingList::RecordingList(std::string_view root, const dispatch::v1::Provider& config)
    : folder_(RecordingFolder(root, config)), prefix_(RecordingPrefix(config)) {
  std::error_code error;  // nothing was recorded, or nothing can be had
  for (fs::directory_iterator file(folder_, error), end; !error && file != end;
       file.increment(error)) {
    std::string name = file->path().filename().string();
    if (!RecordingFile(config, prefix_ + name).empty()) names_.push_back(std::move(name));
  }
  std::sort(names_.begin(), names_.end());
}

std::vector<std::string> RecordingList::Of(std::string_view session) const {
  if (session.empty()) return {};
  const std::string begin = std::string(session) + "-";
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  auto name = std::lower_bound(names_.begin(), names_.end(), begin);
  for (; name != names_.end() && name->starts_with(begin); ++name) {
    std::error_code gone;
    const std::string path = folder_ + "/" + *name;
    const fs::file_time_type written = fs::last_write_time(path, gone);
    // Of a message in which nothing was said nobody is told.
    const bool empty = name->find("-message-") != std::string::npos &&
                       fs::file_size(path, gone) <= media::kWavHeader;
    if (!gone && !empty) found.emplace_back(written, prefix_ + *name);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> urls;
  for (auto& [written, url] : found) urls.push_back(std::move(url));
  return urls;
}

absl::Status DeleteRecording(std::string_view root, const dispatch::v1::Provider& config,
                             std::string_view url) {
  const std::string name = RecordingFile(config, url);
  if (name.empty()) return NoneOfTheAccount();
  const std::string path = RecordingFolder(root, config) + "/" + name;
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return base::MakeError(base::kInternal, "the recording cannot be deleted");
}

absl::StatusOr<Recording> ReadRecording(std::string_view root, const dispatch::v1::Provider& config,
                                        std::string_view url) {
  const std::string name = RecordingFile(config, url);
  if (name.empty()) return NoneOfTheAccount();
  const File file(RecordingFolder(root, config) + "/" + name);
  struct stat about{};
  if (file.get() < 0 || fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
    return base::MakeError(base::kNotFound, "the recording is not there");
  }
  if (about.st_size > kLargest) {
    return base::MakeError(base::kProviderRefused, "the recording is too long");
  }
  Recording recording;
  recording.content_type = "audio/wav";
  recording.bytes.resize(static_cast<size_t>(about.st_size));
  size_t at = 0;
  while (at < recording.bytes.size()) {
    const ssize_t got = read(file.get(), recording.bytes.data() + at, recording.bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::UnavailableError("the recording cannot be read");
    if (got == 0) break;
    at += static_cast<size_t>(got);
  }
  recording.bytes.resize(at);
  return recording;
}

}  // namespace ctc::providers::sip::native
