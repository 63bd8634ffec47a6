// What calls of both kinds are made of, the directly joined (call_machine.h) and the anchored
// (anchored_call.h): legs, a phone's referral, a caller's flow, what comes and what goes. Values.
#pragma once

#include <absl/time/time.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctc/routing/v1/call_flow.pb.h"
#include "ctc/session/v1/fact.pb.h"
#include "libs/providers/sip/native/media_order.h"

namespace ctc::providers::sip::native {

inline constexpr const char* kAgent = "agent";
inline constexpr const char* kCustomer = "customer";

// As far as signalling goes.
struct LegParts {
  enum class Phase {
    kIdle,
    kInviting,
    kCalling,  // a caller of ours: its INVITE waits for our answer
    kUp,
    kEnded
  };

  session::v1::Leg::Party party = session::v1::Leg::PARTY_UNSPECIFIED;
  std::string line;  // its dialog's name, once a phone that called us took its place; else its own
  std::string uri;
  std::string replaces;   // the dialog it is to take over (RFC 3891)
  bool by_refer = false;  // the customer's phone calls it, not we
  Phase phase = Phase::kIdle;
  bool rang = false;
  bool cancelled = false;  // by us
  bool timed_out = false;  // our ring timer ran out
  int ring_seconds = 0;    // how long it may ring; 0: as the account says
  int attempt = 1;         // of the leg of this name
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

// A phone that calls us to take a leg's place (Replaces, RFC 3891).
struct Newcomer {
  std::string line;   // the name of its dialog
  std::string leg;    // whose place it is to have
  std::string phone;  // as it shows itself; empty when it does not
  std::string offer;  // or empty
  bool early_only = false;
};

// A caller's way (docs/ivr.md): the step it is in.
struct CallerFlow {
  routing::v1::FlowStep step;
  bool asking = false;  // for the next step
  bool gone = false;    // the flow was told that the caller left, or needs not be
  bool busy = false;    // the last agent was
  int timer = 0;        // the number of the timer that counts
  std::vector<session::v1::CallFact> held;  // the caller's end, until the flow knows of it
};

template <class AnyLeg, class AnyFlow>
struct CallParts {
  using LegType = AnyLeg;

  std::string id;  // UUID of the session; of an inbound call a name of our own
  std::map<std::string, AnyLeg> legs;
  bool joined = false;  // agent and customer once talked
  bool held = false;
  std::string seat = kAgent;  // the leg that talks with the customer, or is to
  bool ending = false;
  std::optional<Referral> referral;
  std::optional<AnyFlow> flow;  // of an inbound call
  int facts = 0;

  AnyLeg* Find(const std::string& leg) {
    const auto found = legs.find(leg);
    return found == legs.end() ? nullptr : &found->second;
  }
  const AnyLeg* Find(const std::string& leg) const {
    const auto found = legs.find(leg);
    return found == legs.end() ? nullptr : &found->second;
  }
  // The target that the customer's phone is asked to call; empty: none.
  std::string Referred() const {
    for (const auto& [name, leg] : legs) {
      if (leg.by_refer && leg.phase == LegParts::Phase::kInviting) return name;
    }
    return "";
  }
  // The leg whose dialog has that name; empty: a dialog that is nobody's any more.
  std::string LegOf(const std::string& line) const {
    for (const auto& [name, leg] : legs) {
      if ((leg.line.empty() ? name : leg.line) == line) return name;
    }
    return "";
  }
  // Its phone called us, not we it.
  bool CalledUs(const std::string& leg) const {
    return (flow && leg == kCustomer) || !legs.at(leg).line.empty();
  }
  bool AllEnded() const {
    return std::all_of(legs.begin(), legs.end(), [](const auto& entry) {
      return entry.second.phase == LegParts::Phase::kEnded;
    });
  }
};

struct Input {
  enum class Kind {
    kRinging,
    kAnswered,      // 200 to INVITE or re-INVITE, with `sdp`
    kRejected,      // of INVITE or re-INVITE, with `status`
    kEnded,         // BYE or CANCEL, or the dialog died
    kAcknowledged,  // our 200 to a caller, with `sdp` when that is its answer
    kRingTimeout,
    kReferred,      // how a call fares that a REFER of ours asked it for, by `status`
    kReferRefused,  // it does not take the REFER
  };
  Kind kind;
  std::string leg;  // by the name of its dialog
  int status = 0;   // SIP; of kEnded what Reason says, 0 when nothing
  std::string sdp;
};

struct Action {
  enum class Kind {
    kInvite,
    kReinvite,
    kAck,
    kCancel,
    kBye,
    kInfo,
    kNotify,
    kRespond,
    kAbandon,  // cancels a call that counts no more, even if its phone picks up
    kRefer,    // asks the phone to call the target whose leg `text` names
  };
  Kind kind;
  std::string leg;   // by the name of its dialog
  std::string text;  // session description, or the digit; empty: without a body
  int status = 0;  // of kBye: the Reason to give; of kNotify: how the referral stands; of kRespond
};

// Our answer to a phone's re-INVITE: 200 with our description, or the refusal.
struct Reply {
  int status = 488;
  std::string sdp;
};

// A request of ours that crossed one of the phone's, to be made again in a while.
struct Again {
  int number = 0;
  bool called = true;  // we called the phone; who did waits longer (RFC 3261 section 14.1)
};

struct Effects {
  std::vector<Action> actions;
  std::vector<session::v1::CallFact> facts;
  std::optional<routing::v1::FlowInput> ask;        // what the caller's flow is to be asked
  std::optional<routing::v1::FlowStep::Dial> dial;  // whom to ring for the caller, by DialParty
  int timer_seconds = 0;                            // calls FlowTimer with the flow's number
  std::optional<Again> again;                       // calls TryAgain with its number
  std::vector<MediaOrder> media;                    // of an anchored call
  std::string session;                              // whose the facts are; empty: the call's
};

// Of the o= lines of a call's legs, counted up from the first one's: the same within a dialog,
// different between two.
inline uint64_t OriginOf(const std::string& call) {
  return 1 + std::hash<std::string>()(call) % 1'000'000'000;
}

// The two of an outbound call, to be called.
template <class AnyCall>
void AddParties(AnyCall& call, std::string agent_uri, std::string customer_uri) {
  auto& agent = call.legs[kAgent];
  agent.party = session::v1::Leg::AGENT;
  agent.uri = std::move(agent_uri);
  agent.origin.session = OriginOf(call.id);
  auto& customer = call.legs[kCustomer];
  customer.party = session::v1::Leg::CUSTOMER;
  customer.uri = std::move(customer_uri);
  customer.origin.session = agent.origin.session + 1;
}

// Who called us, and waits for our answer.
template <class AnyCall>
auto& AddCaller(AnyCall& call) {
  call.flow.emplace();
  auto& caller = call.legs[kCustomer];
  caller.party = session::v1::Leg::CUSTOMER;
  caller.phase = LegParts::Phase::kCalling;
  caller.origin.session = OriginOf(call.id);
  return caller;
}

}  // namespace ctc::providers::sip::native
