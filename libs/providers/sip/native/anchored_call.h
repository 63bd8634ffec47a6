// A call whose sound runs through our own media server, as a pure function: (call, what a phone
// said or what we were asked for) -> (call', requests to the phones, orders to the media server,
// facts). Each leg is a call of its own with a description of ours (a back-to-back user agent);
// joining, holding and handing over change who hears whom and need no word with the phones.
//
// The functions have the names of call_machine.h's, so that a call of either kind is driven alike.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/http/address_guard.h"
#include "libs/media/audio_sdp.h"
#include "libs/providers/sip/native/call_machine.h"
#include "libs/providers/sip/native/scene.h"

namespace ctc::providers::sip::native {

// What of the account its calls need.
struct AnchoredConfig {
  std::string recording_prefix;  // of recordings' URLs, before the file's name
  bool speaks = false;           // texts can be said
  http::AddressGuard guard = http::AddressGuard::Everywhere();  // of where sound is sent
};

struct AnchoredLeg {
  using Phase = Leg::Phase;
  using Mode = dispatch::v1::ControlCallRequest::Mode;
  // Its first way to tell keys; some phones tell each key in both.
  enum class Keys { kUnknown, kInSound, kBySignalling };

  session::v1::Leg::Party party = session::v1::Leg::PARTY_UNSPECIFIED;
  std::string uri;
  std::string replaces;  // the dialog it is to take over (RFC 3891)
  Phase phase = Phase::kIdle;
  bool rang = false;
  bool cancelled = false;  // by us
  bool timed_out = false;  // our ring timer ran out
  int ring_seconds = 0;    // how long it may ring; 0: as the account says
  int attempt = 1;         // of the leg of this name
  media::Address own;      // where its sound ends
  media::SdpOrigin origin;
  std::string offer;                       // a caller's; empty when it made none
  std::optional<media::PeerAudio> agreed;  // nothing is heard of it before
  Mode mode = dispatch::v1::ControlCallRequest::MODE_UNSPECIFIED;  // a supervisor's
  Keys keys = Keys::kUnknown;

  // Its sound may be heard: it picked up, or has something to tell before that.
  bool sounds() const { return agreed.has_value() && phase != Phase::kEnded; }
  // The phone itself put the call on hold.
  bool holds() const;
};

// A caller's way (docs/ivr.md): the step it is in.
struct AnchoredFlow {
  enum class Phase {
    kAsking,     // for the next step, or nothing yet
    kPrompting,  // prompts are played
    kGathering,  // keys are awaited
    kWaiting,    // with music
    kDialling,   // somebody is rung
    kTalking,    // with whom was rung
    kMessage,    // is recorded
    kLeaving,    // we hung up
  };
  Phase phase = Phase::kAsking;
  routing::v1::FlowStep step;
  bool asking = false;                      // for the next step
  bool left = false;                        // the caller did
  bool gone = false;                        // the flow was told so, or needs not be
  bool busy = false;                        // the last agent was
  bool own_music = false;                   // the music of a wait is the step's
  int prompt = 0;                           // the one that is played
  std::string digits;                       // of this gather
  std::string ahead;                        // keys that came while the next step was asked for
  int timer = 0;                            // the number of the timer that counts
  int play = 0;                             // the number of what is played
  std::vector<session::v1::CallFact> held;  // the caller's end, until the flow knows of it
};

// A recording that is not complete: of the conversation, or of a caller's message.
struct OpenRecording {
  std::string session;  // whose it is; empty: the call's own
  bool message = false;
  bool ending = false;  // another one may begin
};

struct AnchoredCall {
  std::string id;  // UUID of the session; of an inbound call a name of our own
  std::shared_ptr<const AnchoredConfig> config;
  std::map<std::string, AnchoredLeg> legs;
  bool record = false;  // from the join on
  bool joined = false;  // agent and customer once talked
  bool held = false;
  bool muted = false;
  std::string seat = "agent";  // the leg that talks with the customer, or is to
  bool unattended = false;     // the customer waits for the next agent: a transfer is under way
  bool ending = false;
  std::optional<Referral> referral;
  std::optional<AnchoredFlow> flow;                 // of an inbound call
  std::map<std::string, OpenRecording> recordings;  // by file
  int recorded = 0;                                 // how many there have been
  int facts = 0;
  Scene scene;  // as last ordered

  AnchoredLeg* Find(const std::string& leg);
  const AnchoredLeg* Find(const std::string& leg) const;
  // The recording that runs, one at a time; null: none.
  OpenRecording* Recording();
  bool over() const;
};

// `own_agent` and `own_customer` are where the two legs' sound will end.
AnchoredCall NewAnchored(std::string id, std::shared_ptr<const AnchoredConfig> config,
                         std::string agent_uri, std::string customer_uri,
                         const media::Address& own_agent, const media::Address& own_customer,
                         bool record);

Effects Start(AnchoredCall& call);
Effects Apply(AnchoredCall& call, const Input& input);
// A phone's own re-INVITE, with an offer or without one: `answer` is what it is told; empty: it is
// refused, and nothing changes.
Effects Reoffered(AnchoredCall& call, const std::string& leg, const std::string& offer,
                  std::string& answer);
// A phone's key, by RFC 4733 or by INFO.
Effects KeyPressed(AnchoredCall& call, const std::string& leg, char key, AnchoredLeg::Keys way);
// Nothing is heard of a leg any more.
Effects FellSilent(AnchoredCall& call, const std::string& leg);
// The file of that name is complete; a negative length: it could not be written.
Effects RecordingDone(AnchoredCall& call, const std::string& file, absl::Duration length);

// What the API asks for. FAILED_PRECONDITION where the call is not in a state for it.
Effects HangUp(AnchoredCall& call);
absl::StatusOr<Effects> Hold(AnchoredCall& call);
absl::StatusOr<Effects> Resume(AnchoredCall& call);
absl::StatusOr<Effects> Mute(AnchoredCall& call, bool muted);
absl::StatusOr<Effects> SendDigits(AnchoredCall& call, std::string_view digits);
// A party to be rung.
struct Callee {
  std::string leg;
  session::v1::Leg::Party party = session::v1::Leg::PARTY_UNSPECIFIED;
  std::string uri;
  std::string phone;  // as the session calls it
  int ring_seconds = 0;
  AnchoredLeg::Mode mode = dispatch::v1::ControlCallRequest::MODE_UNSPECIFIED;
  media::Address own;
};
absl::StatusOr<Effects> DialParty(AnchoredCall& call, Callee callee);
absl::StatusOr<Effects> DropParty(AnchoredCall& call, const std::string& leg);
absl::StatusOr<Effects> HandOver(AnchoredCall& call, const std::string& leg);
absl::StatusOr<Effects> ChangeMode(AnchoredCall& call, const std::string& leg,
                                   AnchoredLeg::Mode mode);
// `session` is whose recording it will be.
absl::StatusOr<Effects> StartRecording(AnchoredCall& call, const std::string& session);
absl::StatusOr<Effects> StopRecording(AnchoredCall& call);
absl::StatusOr<Effects> PauseRecording(AnchoredCall& call, bool paused);

// A caller came in, with `offer` or without one. INVALID_ARGUMENT for an offer that has nothing
// for us.
absl::StatusOr<AnchoredCall> NewAnchoredInbound(std::string id,
                                                std::shared_ptr<const AnchoredConfig> config,
                                                std::string offer, const media::Address& own);
Effects BeginFlow(AnchoredCall& call);
Effects TakeStep(AnchoredCall& call, const routing::v1::FlowStep& step);
Effects FlowFailed(AnchoredCall& call);
Effects FlowTimer(AnchoredCall& call, int number);
Effects DialFailed(AnchoredCall& call);
// What was played under `number` is over, or could not be played.
Effects Played(AnchoredCall& call, int number);

Effects Refer(AnchoredCall& call, Referral referral, int& status);
Effects ReferralTaken(AnchoredCall& call, int status);

}  // namespace ctc::providers::sip::native
