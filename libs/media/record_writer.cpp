#include "libs/media/record_writer.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "libs/media/wav_header.h"

namespace ctc::media {
namespace {

constexpr size_t kMostWaiting = 64 << 20;
constexpr size_t kMostInFile = 0x7fffff00;  // a WAV file counts in 32 bits

}  // namespace

RecordFile::~RecordFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void RecordFile::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
  failed_ = true;
}

bool RecordFile::WriteAt(const std::string& bytes, size_t offset) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = pwrite(descriptor_, bytes.data() + done, bytes.size() - done,
                                 static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      Fail(absl::UnavailableError(
          absl::StrCat("a recording cannot be written: ", std::strerror(errno))));
      return false;
    }
    done += static_cast<size_t>(count);
  }
  return true;
}

void RecordFile::Open() {
  std::error_code ignored;  // the file tells
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  descriptor_ = open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor_ < 0 && errno == EEXIST) {
    Fail(absl::AlreadyExistsError("a recording cannot be made: its file is there already"));
    return;
  }
  if (descriptor_ < 0) {
    Fail(
        absl::UnavailableError(absl::StrCat("a recording cannot be made: ", std::strerror(errno))));
    return;
  }
  WriteAt(UlawWavHeader(0), 0);
}

void RecordFile::Append(const std::string& bytes) {
  if (failed_) return;
  if (written_ + bytes.size() > kMostInFile) {
    Fail(absl::ResourceExhaustedError("a recording is longer than a WAV file can be"));
    return;
  }
  if (!WriteAt(bytes, kWavHeader + written_)) return;
  written_ += bytes.size();
  WriteAt(UlawWavHeader(static_cast<uint32_t>(written_)), 0);
}

absl::Status RecordFile::Finish() {
  const bool made = descriptor_ >= 0;
  if (made && close(std::exchange(descriptor_, -1)) != 0) {
    Fail(
        absl::UnavailableError(absl::StrCat("a recording is not written: ", std::strerror(errno))));
  }
  // Nobody would be told of it, and so nobody would ever delete it.
  const bool useless = !status_.ok() || (written_ == 0 && !keeps_empty_);
  if (made && useless) unlink(path_.c_str());
  return status_;
}

RecordWriter::RecordWriter() : thread_([this] { Run(); }) {}

RecordWriter::~RecordWriter() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::shared_ptr<RecordFile> RecordWriter::Create(std::string path, bool keeps_empty) {
  auto file = std::make_shared<RecordFile>(std::move(path), keeps_empty);
  Add([file] { file->Open(); });
  return file;
}

void RecordWriter::Append(const std::shared_ptr<RecordFile>& file, std::string bytes) {
  const size_t count = bytes.size();
  if (count == 0 || file->failed()) return;
  if (waiting_.fetch_add(count) + count > kMostWaiting) {
    waiting_ -= count;
    Add([file] {
      file->Fail(absl::ResourceExhaustedError("the disk is too slow for recordings"));
    });
    return;
  }
  Add([this, file, count, bytes = std::move(bytes)] {
    file->Append(bytes);
    waiting_ -= count;
  });
}

void RecordWriter::Finish(const std::shared_ptr<RecordFile>& file,
                          std::function<void(absl::Status)> done) {
  Add([file, done = std::move(done)] { done(file->Finish()); });
}

void RecordWriter::Add(std::function<void()> job) {
  {
    const base::MutexLock lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

// A condition variable wants the lock of the mutex below ours.
bool RecordWriter::AwaitNext(std::deque<std::function<void()>>& next)
    ABSL_NO_THREAD_SAFETY_ANALYSIS {
  std::unique_lock<std::mutex> lock(mutex_.native());
  wake_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !jobs_.empty() || stopping_; });
  next = std::exchange(jobs_, {});
  return !next.empty();
}

void RecordWriter::Run() {
  std::deque<std::function<void()>> next;
  while (AwaitNext(next)) {
    for (const auto& job : next) job();
  }
}

}  // namespace ctc::media
