#include "libs/providers/vonage/token.h"

#include <absl/strings/str_split.h>

#include <catch2/catch.hpp>

#include "libs/providers/vonage/samples_for_test.h"
#include "libs/testing/fake_clock.h"

namespace ctc::providers::vonage {
namespace {

using Json = nlohmann::json;

struct Counting final : base::Random {
  void Fill(std::span<unsigned char> bytes) override {
    for (unsigned char& byte : bytes) byte = next++;
  }
  unsigned char next = 1;
};

std::vector<std::string> Parts(const base::Secret& token) {
  return absl::StrSplit(std::string(token.Reveal()), '.');
}

TEST_CASE("a token says what Vonage wants, signed with the application's key", "[vonage][token]") {
  const auto token = MakeToken(base::Secret(kPrivateKey), kApplication, kSignedAt, "id-1");
  REQUIRE(token.ok());
  const auto parts = Parts(*token);
  REQUIRE(parts.size() == 3);
  CHECK(crypto::FromBase64Url(parts[0]).value() == R"({"alg":"RS256","typ":"JWT"})");
  const Json claims = Json::parse(crypto::FromBase64Url(parts[1]).value());
  CHECK(claims == Json({{"application_id", kApplication},
                        {"iat", 1767268800},
                        {"exp", 1767269700},
                        {"jti", "id-1"}}));
  const std::string signature = crypto::FromBase64Url(parts[2]).value();
  CHECK(signature.size() == 256);
  CHECK(crypto::VerifySignature("RS256", kPublicKey, parts[0] + "." + parts[1], signature));
}

TEST_CASE("a token is kept until shortly before its end", "[vonage][token]") {
  testing::FakeClock clock(kSignedAt);
  Counting random;
  Tokens tokens(clock, random);
  Account account = AnAccount();
  const auto text = [&] { return std::string(tokens.For(account).value().Reveal()); };
  const std::string first = text();
  clock.Advance(absl::Minutes(12));
  CHECK(text() == first);
  clock.Advance(absl::Minutes(2));
  const std::string second = text();
  CHECK(second != first);
  clock.Set(kSignedAt - absl::Hours(1));
  CHECK(text() != second);  // our clock stepped back: that one would be from the future
  const std::string third = text();
  account.config.set_application_id("bbbbbbbb-bbbb-cccc-dddd-0123456789ab");
  CHECK(text() != third);
}

TEST_CASE("a key that is none signs nothing and is not told", "[vonage][token]") {
  testing::FakeClock clock(kSignedAt);
  Counting random;
  Tokens tokens(clock, random);
  Account account = AnAccount();
  account.private_key = base::Secret("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END");
  const absl::Status status = tokens.For(account).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(status.message()).find("c2VjcmV0") == std::string::npos);
}

}  // namespace
}  // namespace ctc::providers::vonage
