// A call by third-party call control (RFC 3725 flow IV) as a pure function: (call, what a phone
// said or what we were asked for) -> (call', requests to the phones, facts). Agent first, with an
// offer without media; then the customer, without an offer; the customer's offer goes to the agent
// by re-INVITE and the agent's answer to the customer in the ACK. Later joins work the same way.
#pragma once

#include <absl/time/time.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctc/routing/v1/call_flow.pb.h"
#include "ctc/session/v1/fact.pb.h"
#include "libs/providers/sip/native/media_order.h"
#include "libs/providers/sip/native/sdp.h"

namespace ctc::providers::sip::native {

struct Leg {
  enum class Phase {
    kIdle,
    kInviting,
    kCalling,  // a caller of ours: its INVITE waits for our answer
    kUp,
    kEnded
  };

  session::v1::Leg::Party party = session::v1::Leg::PARTY_UNSPECIFIED;
  std::string uri;
  std::string replaces;  // the dialog it is to take over (RFC 3891)
  Phase phase = Phase::kIdle;
  bool rang = false;
  bool unacknowledged = false;  // its 200 with `heard` waits for our ACK
  bool cancelled = false;       // by us
  bool timed_out = false;       // our ring timer ran out
  std::string heard;            // its last session description
  std::string told;             // ours to it
  Origin origin;
  int ring_seconds = 0;  // how long it may ring; 0: as the account says
  int attempt = 1;       // of the leg of this name
};

// One exchange of descriptions that must not cross another: `offers` is asked for an offer, which
// `answers` answers. With `hold` each of the two is told to be silent.
struct Exchange {
  std::string offers;
  std::string answers;
  bool hold = false;
  int step = 0;
};

// A phone that hands the call over by itself (REFER, RFC 3515): from its request to the answer of
// the one it named, or none. The transfer itself is the session's, which dials the target.
struct Referral {
  std::string leg;       // whose phone asked
  std::string phone;     // the target as the session is to dial it
  std::string uri;       // and as it is called
  std::string replaces;  // the target's dialog with the phone that asked: they have spoken already
  std::string target;    // its leg, once it is dialled
  bool asked = true;     // the session has not taken it yet
  bool left = false;     // the phone hung up meanwhile
};

// A caller's way (docs/ivr.md): the step it is in, as far as signalling alone can follow it.
struct CallerFlow {
  routing::v1::FlowStep step;
  bool asking = false;                      // for the next step
  bool gone = false;                        // the caller, or the call is over
  bool busy = false;                        // the last agent was
  int timer = 0;                            // the number of the timer that counts
  std::vector<session::v1::CallFact> held;  // the caller's end, until the flow knows of it
};

struct Call {
  std::string id;  // UUID of the session; of an inbound call a name of our own
  std::map<std::string, Leg> legs;
  std::deque<Exchange> exchanges;  // the first runs
  bool joined = false;             // agent and customer once talked
  bool held = false;
  std::string seat = "agent";  // the leg that talks with the customer, or is to
  bool agent_left = false;     // from the seat; the others go on
  bool ending = false;
  std::optional<Referral> referral;
  std::optional<CallerFlow> flow;  // of an inbound call
  int facts = 0;

  Leg* Find(const std::string& leg);
  bool over() const;
};

struct Input {
  enum class Kind {
    kRinging,
    kAnswered,      // 200 to INVITE or re-INVITE, with `sdp`
    kRejected,      // of INVITE or re-INVITE, with `status`
    kEnded,         // BYE or CANCEL, or the dialog died
    kAcknowledged,  // our 200 to a caller, with `sdp` when that is its answer
    kRingTimeout,
  };
  Kind kind;
  std::string leg;
  int status = 0;  // SIP; of kEnded what Reason says, 0 when nothing
  std::string sdp;
};

struct Action {
  enum class Kind { kInvite, kReinvite, kAck, kCancel, kBye, kInfo, kNotify, kRespond };
  Kind kind;
  std::string leg;
  std::string text;  // session description, or the digit; empty: without a body
  int status = 0;  // of kBye: the Reason to give; of kNotify: how the referral stands; of kRespond
};

struct Effects {
  std::vector<Action> actions;
  std::vector<session::v1::CallFact> facts;
  std::optional<routing::v1::FlowInput> ask;        // what the caller's flow is to be asked
  std::optional<routing::v1::FlowStep::Dial> dial;  // whom to ring for the caller, by DialParty
  int timer_seconds = 0;                            // calls FlowTimer with the flow's number
  std::vector<MediaOrder> media;                    // of an anchored call
  std::string session;                              // whose the facts are; empty: the call's
};

// `address` is ours, for the o= lines; `customer` waits until the agent answered.
Call NewCall(std::string id, std::string agent_uri, std::string customer_uri,
             const std::string& address);

Effects Start(Call& call);
Effects Apply(Call& call, const Input& input);

// What the API asks for. FAILED_PRECONDITION where the call is not in a state for it.
Effects HangUp(Call& call);
absl::StatusOr<Effects> Hold(Call& call);
absl::StatusOr<Effects> Resume(Call& call);
absl::StatusOr<Effects> SendDigits(Call& call, std::string_view digits);
// `phone` is what the session calls the party: a referral's target goes where the referral says.
absl::StatusOr<Effects> DialParty(Call& call, const std::string& leg, session::v1::Leg::Party party,
                                  std::string uri, const std::string& phone = "",
                                  int ring_seconds = 0);
absl::StatusOr<Effects> DropParty(Call& call, const std::string& leg);
absl::StatusOr<Effects> HandOver(Call& call, const std::string& leg);

// A caller came in, with `offer` or without one. Its flow is asked and each step obeyed, as far as
// that needs no voice and no keys: those end the call.
Call NewInbound(std::string id, std::string offer, const std::string& address);
Effects BeginFlow(Call& call);
Effects TakeStep(Call& call, const routing::v1::FlowStep& step);
// Nobody could say what to do with the caller.
Effects FlowFailed(Call& call);
Effects FlowTimer(Call& call, int number);
// The party of the step cannot be called at all.
Effects DialFailed(Call& call);

// A phone refers its call to another one. `status` answers it: 202, or the refusal. 202 means that
// the session is to be asked, and ReferralTaken called with its answer.
Effects Refer(Call& call, Referral referral, int& status);
// `status` is a SIP one; from 300 on the session refused.
Effects ReferralTaken(Call& call, int status);

}  // namespace ctc::providers::sip::native
