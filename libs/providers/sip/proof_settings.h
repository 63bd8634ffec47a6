// How a switch proves that a webhook is its own: `settings.webhook.verify`. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

#include "libs/providers/http_switch/settings_reader.h"

namespace ctc::providers::sip {

using http_switch::Json;
using http_switch::SettingsReader;

struct ProofSettings {
  enum class Mode {
    kHmac,       // `header` is the HMAC-SHA256 under webhook_secret
    kTimedHmac,  // `header` is "t=<seconds>,v1=<hex HMAC>" of "<seconds>.<body>"
    kEd25519,    // `header` is a signature (RFC 8032) of the owner of `public_key`
    kUrlHmac,    // `header` is Twilio's signature: base64 HMAC-SHA1 of the URL and the form
    kUrlToken,   // the URL's query carries the token of callback_token.h
    kBasic,      // the Authorization header carries webhook_secret, "user:password"
    kBearer,     // and here as it is
  };
  // What is signed, where `timestamp_header` is "<seconds>".
  enum class Text {
    kBodyOrDotted,  // the latter where the timestamp header is sent
    kBody,
    kDotted,  // <seconds>.<body>
    kPiped,   // <seconds>|<body>
  };

  Mode mode = Mode::kHmac;
  std::string header = "x-signature";
  std::string timestamp_header = "x-timestamp";
  Text text = Text::kBodyOrDotted;
  bool base64 = false;     // the signature is base64, else hex
  std::string prefix;      // must stand before it; empty: "sha256=" may
  std::string public_key;  // 32 bytes
  // The oldest that a signed time may be; unset: as old as any webhook's.
  std::optional<absl::Duration> tolerance;
};

// Faults are kept in the list of `mapping`, the reader of `settings.webhook`.
ProofSettings ReadProofSettings(SettingsReader& mapping);

}  // namespace ctc::providers::sip
