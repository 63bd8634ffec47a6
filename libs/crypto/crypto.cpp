// Cryptographic steps over OpenSSL 3.
#include "libs/crypto/crypto.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <memory>

#include "libs/crypto/openssl_handle.h"

namespace ctc::crypto {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using CipherCtx = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using DigestCtx = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using Ecdsa = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string Hash(const EVP_MD* digest, std::string_view data) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), Bytes(out), &size, digest, nullptr);
  out.resize(size);
  return out;
}

std::string Hmac(const EVP_MD* digest, std::string_view key, std::string_view data) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  // An absent key would mean "the key of the last call"; an empty one is a key.
  const unsigned char* key_bytes = key.empty() ? Bytes("") : Bytes(key);
  HMAC(digest, key_bytes, static_cast<int>(key.size()), Bytes(data), data.size(), Bytes(out),
       &size);
  out.resize(size);
  return out;
}

std::string EncodeBase64(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6;) {
      bits -= 6;
      out.push_back(alphabet[(buffer >> bits) & 63]);
    }
  }
  if (bits > 0) out.push_back(alphabet[(buffer << (6 - bits)) & 63]);
  while (pad && out.size() % 4 != 0) out.push_back('=');
  return out;
}

absl::StatusOr<std::string> DecodeBase64(std::string_view text, std::string_view alphabet) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return absl::InvalidArgumentError("not base64");
    buffer = (buffer << 6) | static_cast<uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(buffer >> bits));
    }
  }
  // One encoding for each value: no lone character, no bits set behind the end.
  if (bits >= 6 || (buffer & ((1U << bits) - 1)) != 0) {
    return absl::InvalidArgumentError("not base64");
  }
  return out;
}

// The 64 bytes r and s that JOSE uses, in the DER that OpenSSL wants. Empty when they are not that.
std::string DerOfEs256(std::string_view signature) {
  if (signature.size() != 64) return "";
  const Ecdsa sig(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(Bytes(signature), 32, nullptr);
  BIGNUM* s = BN_bin2bn(Bytes(signature.substr(32)), 32, nullptr);
  if (!sig || ECDSA_SIG_set0(sig.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return "";
  }
  std::string der(80, '\0');
  unsigned char* end = Bytes(der);
  const int size = i2d_ECDSA_SIG(sig.get(), &end);
  if (size <= 0) return "";
  der.resize(static_cast<size_t>(size));
  return der;
}

bool Suits(std::string_view algorithm, const EVP_PKEY* key) {
  if (algorithm == "RS256") return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
  if (algorithm == "ES256") {
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 256;
  }
  return false;
}

// Without it OpenSSL would ask the terminal for a passphrase.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::string Sha256(std::string_view data) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  // SHA256() looks the algorithm up by its name in each call, which costs more than the hash.
  static const EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_Digest(data.data(), data.size(), Bytes(out), nullptr, digest, nullptr);
  return out;
}

std::string Sha512Truncated256(std::string_view data) { return Hash(EVP_sha512_256(), data); }

std::string Md5(std::string_view data) { return Hash(EVP_md5(), data); }

std::string HmacSha256(std::string_view key, std::string_view data) {
  return Hmac(EVP_sha256(), key, data);
}

std::string HmacSha1(std::string_view key, std::string_view data) {
  return Hmac(EVP_sha1(), key, data);
}

std::string ToHex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out.push_back(kHex[b >> 4]);
    out.push_back(kHex[b & 15]);
  }
  return out;
}

absl::StatusOr<std::string> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) return absl::InvalidArgumentError("not hexadecimal");
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return absl::InvalidArgumentError("not hexadecimal");
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string ToBase64(std::string_view bytes) { return EncodeBase64(bytes, kBase64, true); }

absl::StatusOr<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return absl::InvalidArgumentError("not base64");
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return DecodeBase64(text, kBase64);
}

std::string ToBase64Url(std::string_view bytes) { return EncodeBase64(bytes, kBase64Url, false); }

absl::StatusOr<std::string> FromBase64Url(std::string_view text) {
  return DecodeBase64(text, kBase64Url);
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

absl::StatusOr<std::string> Seal(const base::Secret& key, std::string_view plain,
                                 std::string_view context) {
  if (key.Reveal().size() != kKeyBytes) {
    return absl::InvalidArgumentError("the key must have 32 bytes");
  }
  std::string out(kNonceBytes + plain.size() + kTagBytes, '\0');
  unsigned char* const nonce = Bytes(out);
  unsigned char* const body = nonce + kNonceBytes;
  unsigned char* const tag = body + plain.size();
  const CipherCtx ctx(EVP_CIPHER_CTX_new());
  int n = 0;
  if (!ctx || RAND_bytes(nonce, kNonceBytes) != 1 ||
      EVP_EncryptInit_ex(ctx.get(), EVP_aes_256_gcm(), nullptr, Bytes(key.Reveal()), nonce) != 1 ||
      EVP_EncryptUpdate(ctx.get(), nullptr, &n, Bytes(context), static_cast<int>(context.size())) !=
          1 ||
      EVP_EncryptUpdate(ctx.get(), body, &n, Bytes(plain), static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(ctx.get(), tag, &n) != 1 ||
      EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag) != 1) {
    return absl::InternalError("encryption failed");
  }
  return out;
}

absl::StatusOr<std::string> Unseal(const base::Secret& key, std::string_view sealed,
                                   std::string_view context) {
  if (key.Reveal().size() != kKeyBytes) {
    return absl::InvalidArgumentError("the key must have 32 bytes");
  }
  if (sealed.size() < kNonceBytes + kTagBytes) {
    return absl::UnauthenticatedError("the sealed value cannot be opened");
  }
  const std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string out(body.size(), '\0');
  const CipherCtx ctx(EVP_CIPHER_CTX_new());
  int n = 0;
  std::array<unsigned char, kTagBytes> rest;
  if (!ctx ||
      EVP_DecryptInit_ex(ctx.get(), EVP_aes_256_gcm(), nullptr, Bytes(key.Reveal()),
                         Bytes(sealed)) != 1 ||
      EVP_DecryptUpdate(ctx.get(), nullptr, &n, Bytes(context), static_cast<int>(context.size())) !=
          1 ||
      EVP_DecryptUpdate(ctx.get(), Bytes(out), &n, Bytes(body), static_cast<int>(body.size())) !=
          1 ||
      EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(ctx.get(), rest.data(), &n) != 1) {
    OPENSSL_cleanse(out.data(), out.size());
    return absl::UnauthenticatedError("the sealed value cannot be opened");
  }
  return out;
}

bool VerifySignature(std::string_view algorithm, std::string_view public_key_pem,
                     std::string_view data, std::string_view signature) {
  const Bio bio(BIO_new_mem_buf(public_key_pem.data(), static_cast<int>(public_key_pem.size())));
  const Key key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!key || !Suits(algorithm, key.get())) return false;
  const std::string wire = algorithm == "ES256" ? DerOfEs256(signature) : std::string(signature);
  const DigestCtx ctx(EVP_MD_CTX_new());
  return ctx && EVP_DigestVerifyInit(ctx.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(ctx.get(), Bytes(wire), wire.size(), Bytes(data), data.size()) == 1;
}

bool VerifyEd25519(std::string_view public_key, std::string_view data, std::string_view signature) {
  const Key key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(public_key), public_key.size()));
  const DigestCtx ctx(EVP_MD_CTX_new());
  return key && ctx && EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(ctx.get(), Bytes(signature), signature.size(), Bytes(data),
                          data.size()) == 1;
}

absl::StatusOr<std::string> SignRs256(const base::Secret& private_key_pem, std::string_view data) {
  constexpr int kMinBits = 2048;
  const std::string_view pem = private_key_pem.Reveal();
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr) : nullptr);
  if (!key || !Suits("RS256", key.get()) || EVP_PKEY_get_bits(key.get()) < kMinBits) {
    return absl::InvalidArgumentError("not an RSA private key of 2048 bits or more in PEM");
  }
  const DigestCtx ctx(EVP_MD_CTX_new());
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key.get())), '\0');
  size_t size = signature.size();
  if (!ctx || EVP_DigestSignInit(ctx.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(ctx.get(), Bytes(signature), &size, Bytes(data), data.size()) != 1) {
    return absl::InternalError("signing failed");
  }
  signature.resize(size);
  return signature;
}

}  // namespace ctc::crypto
