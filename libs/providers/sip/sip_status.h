// What SIP status codes (RFC 3261 and its followers) and Q.850 causes say of a call, in our words.
// Pure; thread-safe.
#pragma once

#include <string_view>

#include "ctc/session/v1/fact.pb.h"

namespace ctc::providers::sip {

// How a leg that was not answered ended: kind and reason of a final status from 300 on. A decline
// (603) is a person's refusal, not a busy phone.
session::v1::CallFact EndingOfStatus(session::v1::Leg::Party party, int sip_status);

// An ending of `kind`, refined by the SIP status where one is known (0: none) and where the kind
// alone says only that it is over or failed, or busy of what was a decline.
session::v1::CallFact EndingOf(session::v1::Leg::Party party, session::v1::CallFact::Kind kind,
                               int sip_status);

// A Q.850 cause as the SIP status that means the same; 0 for a normal clearing and the unknown.
int StatusOfCause(int q850);

}  // namespace ctc::providers::sip
