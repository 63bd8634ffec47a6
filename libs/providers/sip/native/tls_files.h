// Certificates as Sofia-SIP wants them: files in a folder, read when it starts. The folder is the
// process's own and goes as soon as they were read.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "libs/base/secret.h"

namespace ctc::providers::sip::native {

// Where TLS listens: "sips:" at the port after that of `bind`, as 5061 is after 5060.
std::string SecureBind(const std::string& bind);

class TlsFiles {
 public:
  // `ca` is PEM, the system's authorities when empty. Without a certificate one is made up: peers
  // that ask for none do not look at it.
  static absl::StatusOr<std::unique_ptr<TlsFiles>> Write(const std::string& ca,
                                                         const std::string& certificate,
                                                         const base::Secret& key);
  ~TlsFiles();
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;
  const std::string& folder() const { return folder_; }

 private:
  explicit TlsFiles(std::string folder) : folder_(std::move(folder)) {}
  const std::string folder_;
};

}  // namespace ctc::providers::sip::native
