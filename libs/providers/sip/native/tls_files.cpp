#include "libs/providers/sip/native/tls_files.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/base/status.h"
#include "libs/crypto/certificate.h"

namespace ctc::providers::sip::native {
namespace {

constexpr const char* kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";

absl::Status WriteFile(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return absl::UnavailableError("the certificates cannot be kept");
  const bool whole = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  return whole ? absl::OkStatus() : absl::UnavailableError("the certificates cannot be kept");
}

std::string SystemAuthorities() {
  std::ostringstream text;
  text << std::ifstream(kSystemAuthorities).rdbuf();
  return text.str();
}

}  // namespace

std::string SecureBind(const std::string& bind) {
  const size_t colon = bind.rfind(':');
  int port = 0;
  const bool given = absl::SimpleAtoi(bind.substr(colon + 1), &port);
  return absl::StrCat("sips", bind.substr(3, colon - 3), ":", given ? absl::StrCat(port + 1) : "*");
}

absl::StatusOr<std::unique_ptr<TlsFiles>> TlsFiles::Write(const std::string& ca,
                                                          const std::string& certificate,
                                                          const base::Secret& key) {
  std::string made = (std::filesystem::temp_directory_path() / "ctc-sip-XXXXXX").string();
  if (mkdtemp(made.data()) == nullptr) {
    return absl::UnavailableError("the certificates cannot be kept");
  }
  std::unique_ptr<TlsFiles> files(new TlsFiles(made));
  std::string own = certificate;
  if (own.empty()) {
    CTC_ASSIGN_OR_RETURN(own, crypto::MakeSelfSigned("click-to-call"));
  } else {
    own.append("\n").append(key.Reveal());
  }
  CTC_RETURN_IF_ERROR(WriteFile(made + "/agent.pem", own));
  CTC_RETURN_IF_ERROR(WriteFile(made + "/cafile.pem", ca.empty() ? SystemAuthorities() : ca));
  return files;
}

TlsFiles::~TlsFiles() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace ctc::providers::sip::native
