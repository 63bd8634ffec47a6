// Against published vectors.
#include "libs/crypto/crypto.h"

#include <catch2/catch.hpp>

#include "libs/testing/status_matchers.h"

namespace ctc::crypto {
namespace {

TEST_CASE("SHA-256 is that of FIPS 180-4") {
  CHECK(ToHex(Sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(ToHex(Sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("MD5 and SHA-512/256 are those of RFC 1321 and FIPS 180-4") {
  CHECK(ToHex(Md5("abc")) == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(ToHex(Sha512Truncated256("abc")) ==
        "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
}

TEST_CASE("HMAC-SHA-256 is that of RFC 4231") {
  CHECK(ToHex(HmacSha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(ToHex(HmacSha256("", "")) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("a Standard Webhooks signature comes out") {
  const auto key = FromBase64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  REQUIRE_THAT(key.status(), testing::IsOk());
  CHECK(ToBase64(
            HmacSha256(*key, "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}")) ==
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("a Twilio signature comes out") {
  CHECK(ToBase64(HmacSha1("12345",
                          "https://mycompany.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDE"
                          "Caller+14158675310Digits1234From+14158675310To+18005551212")) ==
        "GvWf1cFY/Q7PnoempGyD5oXAezc=");
}

TEST_CASE("base64 is that of RFC 4648 and has one form only") {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    CHECK(ToBase64(plain) == coded);
    CHECK(FromBase64(coded).value() == plain);
  }
  for (const char* bad : {"Zg", "Zg=", "Zh==", "Z===", "Zm9v\n", "Zm=v", "====", "Zm-v"}) {
    CAPTURE(bad);
    CHECK_FALSE(FromBase64(bad).ok());
  }
}

TEST_CASE("base64url has its own two characters and no padding") {
  const std::string bytes = "\xfb\xff\xbe";
  CHECK(ToBase64Url(bytes) == "-_--");
  CHECK(FromBase64Url("-_--").value() == bytes);
  CHECK(ToBase64Url("f") == "Zg");
  for (const char* bad : {"+/++", "Zg==", "Z", "Zh"}) {
    CAPTURE(bad);
    CHECK_FALSE(FromBase64Url(bad).ok());
  }
}

TEST_CASE("hex reads both cases and nothing else") {
  CHECK(FromHex("00fFa1").value() == std::string("\x00\xff\xa1", 3));
  CHECK_FALSE(FromHex("0").ok());
  CHECK_FALSE(FromHex("0g").ok());
}

TEST_CASE("comparison sees every difference") {
  CHECK(ConstantTimeEqual("abc", "abc"));
  CHECK(ConstantTimeEqual("", ""));
  CHECK_FALSE(ConstantTimeEqual("abc", "abd"));
  CHECK_FALSE(ConstantTimeEqual("abc", "abcd"));
}

// SP 800-38D: key and nonce of zero bytes, one block of zeros.
TEST_CASE("unsealing opens the published AES-256-GCM vector") {
  const base::Secret key(std::string(32, '\0'));
  const std::string sealed =
      std::string(12, '\0') +
      FromHex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919").value();
  const auto plain = Unseal(key, sealed, "");
  REQUIRE_THAT(plain.status(), testing::IsOk());
  CHECK(*plain == std::string(16, '\0'));
}

TEST_CASE("a sealed value opens with its key and context only") {
  const base::Secret key(std::string(32, 'k'));
  const std::string sealed = Seal(key, "token", "tenant/provider").value();
  CHECK(Unseal(key, sealed, "tenant/provider").value() == "token");
  CHECK(sealed != Seal(key, "token", "tenant/provider").value());
  CHECK(sealed.find("token") == std::string::npos);

  CHECK_THAT(Unseal(base::Secret(std::string(32, 'x')), sealed, "tenant/provider").status(),
             testing::HasCode(absl::StatusCode::kUnauthenticated));
  CHECK_THAT(Unseal(key, sealed, "tenant/other").status(),
             testing::HasCode(absl::StatusCode::kUnauthenticated));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string bad = sealed;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    CHECK_FALSE(Unseal(key, bad, "tenant/provider").ok());
  }
  CHECK_FALSE(Unseal(key, "short", "tenant/provider").ok());
}

TEST_CASE("a key of the wrong length is refused") {
  CHECK_FALSE(Seal(base::Secret("short"), "x", "").ok());
  CHECK_FALSE(Unseal(base::Secret("short"), std::string(40, 'x'), "").ok());
}

TEST_CASE("an empty text can be sealed") {
  const base::Secret key(std::string(32, 'k'));
  CHECK(Unseal(key, Seal(key, "", "c").value(), "c").value().empty());
}

// Made once with openssl for the text "header.payload"; the private keys are gone.
constexpr char kRsaKey[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq3lwmpyhJ8T4uqsMV1yS\n"
    "PWZgfEOnCtC6XsH1xjyp+hwvz5Lwjf8plS0GWTEQeVtQdc6+cAsBl0QGZGkKXfIK\n"
    "IJK8JvUluGui9k1fnDzjQfYwDnBwtxf/YQRmGJLRmZwLP4auYkSFhYKW2fGWlb27\n"
    "zCGXeNSvtBceLgItk/8AcFFNX0YIVcYffIzg6GJXJGSv80xQsaHl9UQz1FVfb7G6\n"
    "4sm6iykQ/8rbTXVYuP7/GtNLhkHMrcGZEDEfYki7VDdRNlnETUKjCBlJfx+HMMKZ\n"
    "f2lTWJf7R6pY0X/bUSFdWMkTA7BvUZVimLqpNoFeRvc4YF4yw+6l0///Nam7NLB6\n"
    "/wIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr char kRsaSignature[] =
    "ZqlG7kVfZJqytO_LRmGKdf1HFIYBMan2FOGLoVyh6CJeLVm2hjSkgxihxPsVoKHYOiYwu-IhMxhcPcmS32ex"
    "vV5rUlIyxdvEzEBMWUmd5HLIftKll4NJ9J1Mb-B4VReghg7adipLy1i8uQNH0J1OMxldvxvpw3SdUkm1MOyi"
    "LNQRxM1bOqrkosWjqHAOewyq1jU4XsLH2ZpZjciPKuJ9cbMTTkHTuuFENpobGTzVJVlwy8SyAjIE1VpqvxZR"
    "gb4ifQYZI2qSKpQHr5uFtwIfWutC_0QbGOUgui1Ath0CiqnGaskVXPPDYZLZi4QIomYRB0S6dD3ROXRUSDAK"
    "oNTb2w";
constexpr char kEcKey[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEA47sckP9Q0qrq5wvRreX/FcroL5S\n"
    "BtZ4FRYpEGF0sFkVX9nhf9AF03IcTOS/tgcB3YVm/j6u775tM5jd6YJdFg==\n"
    "-----END PUBLIC KEY-----\n";
constexpr char kEcSignature[] =
    "4vm7IuymrlUJWNsVW7A28Ptt16xQy2QfHdslKkLQbYYWfh06nd7H8zupxGS6jNhYKxbLlQnxY50kzVBsmFXS"
    "Iw";

TEST_CASE("RS256 and ES256 signatures are verified with the right key and text only") {
  const std::string rsa = FromBase64Url(kRsaSignature).value();
  const std::string ec = FromBase64Url(kEcSignature).value();
  CHECK(VerifySignature("RS256", kRsaKey, "header.payload", rsa));
  CHECK(VerifySignature("ES256", kEcKey, "header.payload", ec));

  CHECK_FALSE(VerifySignature("RS256", kRsaKey, "header.other", rsa));
  CHECK_FALSE(VerifySignature("ES256", kEcKey, "header.other", ec));
  CHECK_FALSE(VerifySignature("RS256", kEcKey, "header.payload", ec));
  CHECK_FALSE(VerifySignature("ES256", kRsaKey, "header.payload", rsa));
  CHECK_FALSE(VerifySignature("ES256", kEcKey, "header.payload", ec.substr(1)));
  CHECK_FALSE(VerifySignature("RS256", kRsaKey, "header.payload", ""));
  CHECK_FALSE(VerifySignature("none", kRsaKey, "header.payload", ""));
  CHECK_FALSE(VerifySignature("HS256", kRsaKey, "header.payload", rsa));
  CHECK_FALSE(VerifySignature("RS256", "not a key", "header.payload", rsa));
}

TEST_CASE("an Ed25519 signature is verified with the right key and text only") {
  // RFC 8032 section 7.1, test 3.
  const std::string key =
      FromHex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025").value();
  const std::string text = "\xaf\x82";
  const std::string signature =
      FromHex(
          "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
          "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")
          .value();
  CHECK(VerifyEd25519(key, text, signature));
  CHECK_FALSE(VerifyEd25519(key, "\xaf\x83", signature));
  CHECK_FALSE(VerifyEd25519(key, "", signature));
  CHECK_FALSE(VerifyEd25519(key, text, signature.substr(1)));
  CHECK_FALSE(VerifyEd25519(key, text, signature + "x"));
  CHECK_FALSE(VerifyEd25519(key, text, ""));
  CHECK_FALSE(VerifyEd25519(key.substr(1), text, signature));
  CHECK_FALSE(VerifyEd25519("", text, signature));
  std::string forged = signature;
  for (size_t i = 0; i < forged.size(); ++i) {
    forged[i] = static_cast<char>(forged[i] ^ 1);
    CHECK_FALSE(VerifyEd25519(key, text, forged));
    forged[i] = signature[i];
  }
}

}  // namespace
}  // namespace ctc::crypto
