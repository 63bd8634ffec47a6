// A call by third-party call control (RFC 3725 flow IV) as a pure function: (call, what a phone
// said or what we were asked for) -> (call', requests to the phones, facts). Agent first, with an
// offer without media; then the customer, without an offer; the customer's offer goes to the agent
// by re-INVITE and the agent's answer to the customer in the ACK. Later joins work the same way.
// What is the same for an anchored call is in call_steps.h.
#pragma once

#include <absl/status/statusor.h>

#include <deque>
#include <string>
#include <string_view>

#include "libs/providers/sip/native/call_parts.h"
#include "libs/providers/sip/native/call_steps.h"
#include "libs/providers/sip/native/sdp.h"

namespace ctc::providers::sip::native {

struct Leg : LegParts {
  bool unacknowledged = false;  // its 200 with `heard` waits for our ACK
  bool asked = false;           // our last INVITE had no offer: the answer to it has one
  bool arriving = false;        // a newcomer rang off its phone: its ACK is awaited
  bool arrived = false;         // the same for a caller: it is asked by re-INVITE
  std::string heard;            // its last session description
  std::string told;             // ours to it, as last agreed
  std::string offered;          // ours to it, not answered yet
  Origin origin;
  Newcomer newcomer;  // of one that waits for another leg's place
};

// One exchange of descriptions that must not cross another: `offers` is asked for an offer, which
// `answers` answers. With `hold` each of the two is told to be silent.
struct Exchange {
  std::string offers;
  std::string answers;
  bool hold = false;
  int step = 0;
  int put_off = 0;  // the number under which its step is to be made again; 0: it runs
  int tries = 1;    // of this step
  // The leg whose place `offers` is to have, a newcomer; `answers` is found when it begins.
  std::string place = "";
};

// Its flow's steps are obeyed as far as signalling alone can.
struct Call : CallParts<Leg, CallerFlow> {
  std::deque<Exchange> exchanges;  // the first runs
  bool agent_left = false;         // from the seat; the others go on
  int put_off = 0;                 // how many steps have been

  bool over() const { return !(flow && flow->asking) && AllEnded(); }
};

// `address` is ours, for the o= lines; `customer` waits until the agent answered.
Call NewCall(std::string id, std::string agent_uri, std::string customer_uri,
             const std::string& address);

// What the API asks for. FAILED_PRECONDITION where the call is not in a state for it.
absl::StatusOr<Effects> Hold(Call& call);
absl::StatusOr<Effects> Resume(Call& call);
absl::StatusOr<Effects> SendDigits(Call& call, std::string_view digits);
// `phone` is what the session calls the party: a referral's target goes where the referral says.
absl::StatusOr<Effects> DialParty(Call& call, const std::string& leg, session::v1::Leg::Party party,
                                  std::string uri, const std::string& phone = "",
                                  int ring_seconds = 0);
absl::StatusOr<Effects> DropParty(Call& call, const std::string& leg);
absl::StatusOr<Effects> HandOver(Call& call, const std::string& leg);

// The step that was put off under this number (Effects::again) is made again.
Effects TryAgain(Call& call, int number);
// A phone's own re-INVITE: the other phone is not asked, what was told is told again. 491 while
// descriptions are exchanged, which it would cross.
Reply Reoffered(const Call& call, const std::string& line);

// A caller came in, with `offer` or without one. Its flow is asked and each step obeyed, as far as
// that needs no voice and no keys: those end the call.
Call NewInbound(std::string id, std::string offer, const std::string& address);
Effects TakeStep(Call& call, const routing::v1::FlowStep& step);
// Nobody could say what to do with the caller.
Effects FlowFailed(Call& call);
Effects FlowTimer(Call& call, int number);

}  // namespace ctc::providers::sip::native
