// How a leg ended at Asterisk, in our words. Pure.
#pragma once

#include <string_view>

#include "ctc/session/v1/fact.pb.h"

namespace ctc::providers::asterisk {

struct Ending {
  session::v1::CallFact::Kind kind;
  session::v1::EndReason agent;     // when it was the agent's leg
  session::v1::EndReason customer;  // when it was the customer's
};

inline constexpr Ending kCancelled{session::v1::CallFact::CALL_CANCELLED,
                                   session::v1::CANCELLED_BY_AGENT,
                                   session::v1::CANCELLED_BY_AGENT};
inline constexpr Ending kFault{session::v1::CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR,
                               session::v1::PROVIDER_ERROR};

// An end without an answer. Decided from what the leg did first and from the Q.850 cause second,
// never from dialstatus, which calls 603 and 404 NOANSWER.
Ending UnansweredEnding(int cause, bool rang, bool timed_out);

// The error catalogue's code for a leg that failed.
std::string_view ErrorCodeOf(session::v1::EndReason reason);

}  // namespace ctc::providers::asterisk
