// A call by third-party call control (RFC 3725 flow IV) as a pure function: (call, what a phone
// said or what we were asked for) -> (call', requests to the phones, facts). Agent first, with an
// offer without media; then the customer, without an offer; the customer's offer goes to the agent
// by re-INVITE and the agent's answer to the customer in the ACK. Later joins work the same way.
#pragma once

#include <absl/time/time.h>

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ctc/session/v1/fact.pb.h"
#include "libs/providers/sip/native/sdp.h"

namespace ctc::providers::sip::native {

struct Leg {
  enum class Phase { kIdle, kInviting, kUp, kEnded };

  session::v1::Leg::Party party = session::v1::Leg::PARTY_UNSPECIFIED;
  std::string uri;
  Phase phase = Phase::kIdle;
  bool rang = false;
  bool unacknowledged = false;  // its 200 with `heard` waits for our ACK
  bool cancelled = false;       // by us
  bool timed_out = false;       // our ring timer ran out
  std::string heard;            // its last session description
  std::string told;             // ours to it
  Origin origin;
};

// One exchange of descriptions that must not cross another: `offers` is asked for an offer, which
// `answers` answers. With `hold` each of the two is told to be silent.
struct Exchange {
  std::string offers;
  std::string answers;
  bool hold = false;
  int step = 0;
};

struct Call {
  std::string id;  // UUID of the session
  std::map<std::string, Leg> legs;
  std::deque<Exchange> exchanges;  // the first runs
  bool joined = false;             // agent and customer once talked
  bool held = false;
  bool agent_left = false;   // taken out; the others go on
  bool handed_over = false;  // the customer talks with the target
  bool ending = false;
  int facts = 0;

  Leg* Find(const std::string& leg);
  bool over() const;
};

struct Input {
  enum class Kind {
    kRinging,
    kAnswered,  // 200 to INVITE or re-INVITE, with `sdp`
    kRejected,  // of INVITE or re-INVITE, with `status`
    kEnded,     // BYE, or the dialog died
    kRingTimeout,
  };
  Kind kind;
  std::string leg;
  int status = 0;  // SIP; of kEnded what Reason says, 0 when nothing
  std::string sdp;
};

struct Action {
  enum class Kind { kInvite, kReinvite, kAck, kCancel, kBye, kInfo };
  Kind kind;
  std::string leg;
  std::string text;  // session description, or the digit; empty: without a body
  int status = 0;    // of kBye: the Reason to give
};

struct Effects {
  std::vector<Action> actions;
  std::vector<session::v1::CallFact> facts;
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
absl::StatusOr<Effects> DialParty(Call& call, const std::string& leg, session::v1::Leg::Party party,
                                  std::string uri);
absl::StatusOr<Effects> DropParty(Call& call, const std::string& leg);
absl::StatusOr<Effects> HandOver(Call& call, const std::string& leg);

}  // namespace ctc::providers::sip::native
