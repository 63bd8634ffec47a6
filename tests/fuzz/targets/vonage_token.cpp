// The JWT of Vonage's webhooks. First byte: 's' signs "header.claims" (a line of JSON each) rightly
// with HS256, so that the claims are read; else the text is the Authorization header as it came.
#include "libs/providers/vonage/samples_for_test.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

namespace vonage = providers::vonage;
using dispatch::v1::ReadWebhookResponse;

constexpr char kBody[] = R"({"status":"ringing"})";
// SHA-256 of kBody, as the corpus has it.
const std::string& HashOfBody() {
  static const std::string hash = crypto::ToHex(crypto::Sha256(kBody));
  return hash;
}

}  // namespace

void VonageToken(std::string_view bytes) {
  const bool right = TakeByte(bytes) == 's';
  std::string given(bytes);
  std::string claims;
  if (right) {
    const std::string_view header = TakeLine(bytes);
    claims = std::string(bytes);
    // The fuzzer cannot guess a hash.
    const size_t at = claims.find("HASH");
    if (at != std::string::npos) claims.replace(at, 4, HashOfBody());
    given = "Bearer " + vonage::Jwt(vonage::kSecret, header, claims);
  }
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_body(kBody);
  vonage::AddHeader(request, "authorization", given);
  const auto check = vonage::CheckSignature(vonage::AnAccount(), request, vonage::kSignedAt, {});
  Require(check.verdict != ReadWebhookResponse::UNSIGNED, "a header is there");
  const bool genuine = check.verdict == ReadWebhookResponse::GENUINE;
  Require(genuine == check.reason.empty(), "a refusal says why, and nothing else does");
  if (!genuine) return;
  Require(right, "nobody else can sign");
  Require(claims.find(HashOfBody()) != std::string::npos, "the token is of this body");
}

}  // namespace ctc::fuzz
