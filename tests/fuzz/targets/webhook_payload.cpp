// What is kept of a provider's body.
#include "services/webhook/domain/payload.h"

#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

void CheckKept(const std::string& kept, size_t limit) {
  Require(kept.size() <= limit, "what is kept has its limit");
  for (const char c : kept) {
    const auto byte = static_cast<unsigned char>(c);
    Require(byte >= 0x20 || c == '\n' || c == '\r' || c == '\t', "no control character is kept");
  }
}

}  // namespace

void WebhookPayload(std::string_view bytes) {
  const size_t limit = TakeByte(bytes);
  CheckKept(webhook::CleanPayload(bytes, limit), limit);
  CheckKept(webhook::CleanPayload(bytes, 1 << 16), 1 << 16);
  CheckKept(webhook::CleanText(bytes, limit), limit);
  // Whatever else stands in the body, this credential is found and taken out.
  constexpr std::string_view kCredential = "topsecretvalue";
  if (bytes.find(kCredential) != std::string_view::npos) return;
  const std::string form = "auth_token=" + std::string(kCredential) + "&" + std::string(bytes);
  Require(webhook::CleanPayload(form, 1 << 16).find(kCredential) == std::string::npos,
          "a credential is not kept");
  const std::string encoded =
      "cdr=%7B%22auth_token%22%3A%22" + std::string(kCredential) + "%22%7D&" + std::string(bytes);
  Require(webhook::CleanPayload(encoded, 1 << 16).find(kCredential) == std::string::npos,
          "nor one in percent-encoded JSON");
  const std::string twice = "cdr=%257B%2522auth_token%2522%253A%2522" + std::string(kCredential) +
                            "%2522%257D&" + std::string(bytes);
  Require(webhook::CleanPayload(twice, 1 << 16).find(kCredential) == std::string::npos,
          "nor when it is encoded twice");
  const std::string mixed = "json=%26quot%3Bauth_token%26quot%3B%3A%26quot%3B" +
                            std::string(kCredential) + "%26quot%3B&" + std::string(bytes);
  Require(webhook::CleanPayload(mixed, 1 << 16).find(kCredential) == std::string::npos,
          "nor when it is encoded as in XML before");
  const std::string xml =
      "<auth_token>" + std::string(kCredential) + "</auth_token>" + std::string(bytes);
  Require(webhook::CleanPayload(xml, 1 << 16).find(kCredential) == std::string::npos,
          "nor in an element of XML");
}

}  // namespace ctc::fuzz
