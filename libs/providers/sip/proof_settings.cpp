#include "libs/providers/sip/proof_settings.h"

#include <absl/strings/ascii.h>

#include "libs/crypto/crypto.h"

namespace ctc::providers::sip {
namespace {

using Mode = ProofSettings::Mode;
using Text = ProofSettings::Text;

constexpr size_t kKeyBytes = 32;  // RFC 8032 section 5.1.5
constexpr int kMaxTolerance = 86'400;

Mode ReadMode(SettingsReader& verify) {
  const std::string mode = verify.Word("mode", {"hmac_sha256", "timed_hmac_sha256", "ed25519",
                                                "url_hmac_sha1", "url_token", "basic", "bearer"});
  if (mode == "timed_hmac_sha256") return Mode::kTimedHmac;
  if (mode == "ed25519") return Mode::kEd25519;
  if (mode == "url_hmac_sha1") return Mode::kUrlHmac;
  if (mode == "url_token") return Mode::kUrlToken;
  if (mode == "basic") return Mode::kBasic;
  return mode == "bearer" ? Mode::kBearer : Mode::kHmac;
}

Text ReadSignedText(SettingsReader& verify, Text usual) {
  if (verify.Find("signed") == nullptr) return usual;
  const std::string text = verify.Word("signed", {"body", "ts.body", "ts|body"});
  if (text == "body") return Text::kBody;
  return text == "ts.body" ? Text::kDotted : Text::kPiped;
}

// What a mode would read and not heed is refused: whoever wrote it believes that it is.
void RefuseUnheeded(SettingsReader& verify, Mode mode) {
  if (mode == Mode::kHmac || mode == Mode::kEd25519) return;
  for (const char* name : {"signed", "timestamp_header", "encoding", "prefix"}) {
    if (verify.Find(name) == nullptr) continue;
    verify.Fault(name, mode == Mode::kTimedHmac
                           ? "leave it out: in mode timed_hmac_sha256 the header is t=<seconds>,"
                             "v1=<hex HMAC of time, dot and body>; hmac_sha256 heeds it"
                           : "leave it out: only hmac_sha256 and ed25519 heed it");
  }
}

// In the settings and not in webhook_secret: what everybody may know must prove nothing else.
std::string ReadPublicKey(SettingsReader& verify, bool required) {
  const std::string text = verify.Text("public_key");
  if (text.empty()) {
    if (required) verify.Fault("public_key", "is required by mode ed25519");
    return "";
  }
  const absl::StatusOr<std::string> key = crypto::FromBase64(text);
  if (key.ok() && key->size() == kKeyBytes) return *key;
  verify.Fault("public_key", "must be the base64 of an Ed25519 key's 32 bytes");
  return "";
}

}  // namespace

ProofSettings ReadProofSettings(SettingsReader& mapping) {
  static const Json none = Json::object();
  const Json* found = mapping.Find("verify");
  SettingsReader verify(found == nullptr ? none : *found, mapping.Path("verify"), mapping.faults());
  ProofSettings out;
  out.mode = ReadMode(verify);
  const bool ed25519 = out.mode == Mode::kEd25519;
  out.header = absl::AsciiStrToLower(verify.Text("header", out.header));
  out.timestamp_header =
      absl::AsciiStrToLower(verify.Text("timestamp_header", out.timestamp_header));
  out.text = ReadSignedText(verify, ed25519 ? Text::kPiped : Text::kBodyOrDotted);
  const char* const usual = ed25519 ? "base64" : "hex";
  out.base64 = verify.Word("encoding", {usual, ed25519 ? "hex" : "base64"}) == "base64";
  out.prefix = verify.Text("prefix");
  out.public_key = ReadPublicKey(verify, ed25519);
  if (verify.Find("tolerance_seconds") != nullptr) {
    out.tolerance = absl::Seconds(verify.Number("tolerance_seconds", 1, kMaxTolerance, 1));
    const bool of_text = ed25519 || out.mode == Mode::kHmac;
    if (out.mode != Mode::kTimedHmac && (!of_text || out.text == Text::kBody)) {
      verify.Fault("tolerance_seconds", "needs a time that is signed");
    }
  }
  RefuseUnheeded(verify, out.mode);
  if (out.header.empty()) verify.Fault("header", "must not be empty");
  const bool timed = out.text == Text::kDotted || out.text == Text::kPiped;
  if (timed && out.timestamp_header.empty()) {
    verify.Fault("timestamp_header", "must not be empty: its time is signed along");
  }
  verify.RefuseOthers();
  return out;
}

}  // namespace ctc::providers::sip
