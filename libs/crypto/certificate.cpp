#include "libs/crypto/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "libs/crypto/openssl_handle.h"

namespace ctc::crypto {
namespace {

constexpr long kSeconds = 10L * 365 * 24 * 3600;

using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

Bio Open(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without it OpenSSL asks for one at the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

Certificate ReadCertificate(std::string_view pem) {
  const Bio bio = Open(pem);
  return Certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace

bool IsCertificate(std::string_view pem) { return ReadCertificate(pem) != nullptr; }

bool KeyFits(std::string_view certificate_pem, const base::Secret& key) {
  const Certificate certificate = ReadCertificate(certificate_pem);
  const Bio bio = Open(key.Reveal());
  const Key read(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  return certificate != nullptr && read != nullptr &&
         X509_check_private_key(certificate.get(), read.get()) == 1;
}

absl::StatusOr<std::string> MakeSelfSigned(const std::string& common_name) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  const Bio out(BIO_new(BIO_s_mem()));
  X509* x509 = certificate.get();
  bool good = key != nullptr && X509_set_version(x509, 2) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1 &&
              X509_gmtime_adj(X509_getm_notBefore(x509), 0) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(x509), kSeconds) != nullptr &&
              X509_set_pubkey(x509, key.get()) == 1;
  X509_NAME* name = X509_get_subject_name(x509);
  good =
      good &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                 -1, 0) == 1 &&
      X509_set_issuer_name(x509, name) == 1 && X509_sign(x509, key.get(), EVP_sha256()) > 0 &&
      PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
      PEM_write_bio_X509(out.get(), x509) == 1;
  if (!good) return absl::InternalError("no certificate could be made");
  return Contents(out.get());
}

}  // namespace ctc::crypto
