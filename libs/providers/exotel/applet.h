// Which applet of a dashboard flow sent a request. Pure.
#pragma once

#include <optional>

#include "ctc/common/v1/http.pb.h"

namespace ctc::providers::exotel {

enum class Applet {
  kConnect,      // whom to dial, in a flow of several applets
  kLoneConnect,  // whom to dial, in a flow that is nothing else
  kGather,       // what to ask
  kGreeting,     // what to say
  kIsGather,     // Passthru: branch A when the step waits for keys
  kIsDial,
  kIsVoicemail,
  kIsOver,
  kDigits,     // Passthru behind a Gather
  kDialled,    // Passthru behind a Connect
  kVoicemail,  // Passthru behind a Voicemail
  kHeard,      // Passthru behind a Greeting
};

// By `applet=` in the query; without it a lone Connect applet is known by its Exotel-Version
// header, and anything else is a Passthru at the beginning of a flow, which is like one behind a
// Connect. Nothing for a word that is none.
std::optional<Applet> AppletOf(const common::v1::HttpRequest& request);

}  // namespace ctc::providers::exotel
