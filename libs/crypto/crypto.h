// The few cryptographic steps the project needs, over OpenSSL. Bytes travel as std::string.
// All functions are pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/secret.h"
#include "libs/base/status.h"

namespace ctc::crypto {

std::string Sha256(std::string_view data);              // 32 bytes
std::string Sha512Truncated256(std::string_view data);  // SHA-512/256, 32 bytes
std::string Md5(std::string_view data);  // 16 bytes; for protocols that know no better
std::string HmacSha256(std::string_view key, std::string_view data);  // 32 bytes
std::string HmacSha1(std::string_view key, std::string_view data);    // 20 bytes

std::string ToHex(std::string_view bytes);  // lower case
absl::StatusOr<std::string> FromHex(std::string_view text);
std::string ToBase64(std::string_view bytes);  // with padding
absl::StatusOr<std::string> FromBase64(std::string_view text);
std::string ToBase64Url(std::string_view bytes);  // RFC 4648 section 5, no padding
absl::StatusOr<std::string> FromBase64Url(std::string_view text);

// In time that depends on the lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

// AES-256-GCM (SP 800-38D). `key` is 32 bytes; the 12-byte nonce is random and leads the result;
// `context` is authenticated with it, so that a sealed value cannot be moved to another row.
absl::StatusOr<std::string> Seal(const base::Secret& key, std::string_view plain,
                                 std::string_view context);
// UNAUTHENTICATED when the key, the context or a byte is wrong.
absl::StatusOr<std::string> Unseal(const base::Secret& key, std::string_view sealed,
                                   std::string_view context);

// Verifies an RS256 or ES256 signature with a public key in PEM.
bool VerifySignature(std::string_view algorithm, std::string_view public_key_pem,
                     std::string_view data, std::string_view signature);

// Verifies an Ed25519 signature (RFC 8032); the key is 32 bytes, the signature 64.
bool VerifyEd25519(std::string_view public_key, std::string_view data, std::string_view signature);

// RS256 (RFC 7518 section 3.3) with an RSA private key in PEM, PKCS#8 or PKCS#1, of 2048 bits or
// more. INVALID_ARGUMENT when it is not such a key, or has a passphrase.
absl::StatusOr<std::string> SignRs256(const base::Secret& private_key_pem, std::string_view data);

}  // namespace ctc::crypto
