// Recordings as files of ours, and their URLs. A URL names a file of its own account and nothing
// else.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "libs/providers/adapter.h"

namespace ctc::providers::sip::native {

// What the URLs of an account's recordings begin with.
std::string RecordingPrefix(const dispatch::v1::Provider& config);
// The folder of an account's recordings.
std::string RecordingFolder(std::string_view root, const dispatch::v1::Provider& config);
// The file that `url` names; empty when it is none of the account's. Pure.
std::string RecordingFile(const dispatch::v1::Provider& config, std::string_view url);

// The key of the fact that the recording at `url` is ready, whoever tells of it: it counts once.
std::string ReadyKey(std::string_view url);

// The account's files as they were when it was made. Reads the disk.
class RecordingList {
 public:
  RecordingList(std::string_view root, const dispatch::v1::Provider& config);

  // URLs of those that are named by the session, the oldest first.
  std::vector<std::string> Of(std::string_view session) const;

 private:
  const std::string folder_;
  const std::string prefix_;
  std::vector<std::string> names_;  // in order
};

// PROVIDER_REFUSED for a URL that is none of the account's; NOT_FOUND when the file is not there;
// UNAVAILABLE when it cannot be read. Reads the disk.
absl::StatusOr<Recording> ReadRecording(std::string_view root, const dispatch::v1::Provider& config,
                                        std::string_view url);

// OK when it is not there (any more). PROVIDER_REFUSED for a URL that is none of the account's;
// INTERNAL when it cannot be deleted.
absl::Status DeleteRecording(std::string_view root, const dispatch::v1::Provider& config,
                             std::string_view url);

}  // namespace ctc::providers::sip::native
