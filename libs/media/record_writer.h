// Writes recordings, on a thread of its own: the disk does not keep the calls waiting. A file's
// header is written anew behind each piece, so that the file can be read up to there whatever
// happens next. Thread-safe.
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "libs/base/mutex.h"

namespace ctc::media {

// One recording; its members belong to the writer, but for failed().
class RecordFile {
 public:
  RecordFile(std::string path, bool keeps_empty)
      : path_(std::move(path)), keeps_empty_(keeps_empty) {}
  ~RecordFile();
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  // Nothing more will be written.
  bool failed() const { return failed_; }

 private:
  friend class RecordWriter;
  void Open();
  void Append(const std::string& bytes);
  absl::Status Finish();
  void Fail(absl::Status status);
  bool WriteAt(const std::string& bytes, size_t offset);

  const std::string path_;
  const bool keeps_empty_;
  int descriptor_ = -1;
  size_t written_ = 0;  // bytes of sound
  absl::Status status_;
  std::atomic<bool> failed_ = false;
};

class RecordWriter {
 public:
  RecordWriter();
  // Returns when all is written.
  ~RecordWriter();
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  // What is there already is left alone, and the recording fails: ALREADY_EXISTS.
  std::shared_ptr<RecordFile> Create(std::string path, bool keeps_empty = true);
  // More sound; what the disk does not keep up with, 64 MB in all, makes the file fail.
  void Append(const std::shared_ptr<RecordFile>& file, std::string bytes);
  // `done` is told how it went, on the writer's thread. A file that could not be written as a whole
  // is deleted, and an empty one that is not to be kept.
  void Finish(const std::shared_ptr<RecordFile>& file, std::function<void(absl::Status)> done);

 private:
  void Add(std::function<void()> job);
  bool AwaitNext(std::deque<std::function<void()>>& next);
  void Run();

  base::Mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> jobs_ ABSL_GUARDED_BY(mutex_);
  std::atomic<size_t> waiting_ = 0;  // bytes
  std::thread thread_;
};

}  // namespace ctc::media
