// What happens to a call and what is asked of it, as far as it is the same for both kinds of call:
// directly joined (call_machine.h) and anchored (anchored_call.h). Pure.
#pragma once

#include <absl/status/statusor.h>

#include <concepts>
#include <string>

#include "libs/providers/sip/native/call_parts.h"

namespace ctc::providers::sip::native {

struct Call;
struct AnchoredCall;

template <class C>
concept AnyCall = std::same_as<C, Call> || std::same_as<C, AnchoredCall>;

// Of an outbound call: rings the agent.
template <AnyCall C>
Effects Start(C& call);
template <AnyCall C>
Effects Apply(C& call, const Input& input);
template <AnyCall C>
Effects HangUp(C& call);
// The same for a process that ends: a phone that rings is cancelled and not waited for.
template <AnyCall C>
Effects EndAtOnce(C& call);

// A phone refers its call to another one. `status` answers it: 202, or the refusal. 202 means that
// the session is to be asked, and ReferralTaken called with its answer.
template <AnyCall C>
Effects Refer(C& call, Referral referral, int& status);
// `status` is a SIP one; from 300 on the session refused.
template <AnyCall C>
Effects ReferralTaken(C& call, int status);

// The customer's phone is asked to call a number by itself, of which `leg` tells how that goes.
// When it has, our call is over. FAILED_PRECONDITION where the call is not in a state for it.
template <AnyCall C>
absl::StatusOr<Effects> SendRefer(C& call, const std::string& leg, std::string uri,
                                  int ring_seconds);

// A phone that called us and may: it takes the place of the leg whose dialog newcomer.leg names.
// `status` refuses it; 100: it has its answer, or gets one as soon as the other phone has agreed.
template <AnyCall C>
Effects TakePlace(C& call, Newcomer newcomer, int& status);

// Of an inbound call: its flow is asked for the first step.
template <AnyCall C>
Effects BeginFlow(C& call);
// The party of the step cannot be called at all.
template <AnyCall C>
Effects DialFailed(C& call);

}  // namespace ctc::providers::sip::native
