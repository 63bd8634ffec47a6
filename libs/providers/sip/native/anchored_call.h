// A call whose sound runs through our own media server, as a pure function: (call, what a phone
// said or what we were asked for) -> (call', requests to the phones, orders to the media server,
// facts). Each leg is a call of its own with a description of ours (a back-to-back user agent);
// joining, holding and handing over change who hears whom and need no word with the phones.
//
// The functions have the names of call_machine.h's, so that a call of either kind is driven alike;
// what is the same for both is in call_steps.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/http/address_guard.h"
#include "libs/media/audio_sdp.h"
#include "libs/providers/sip/native/call_parts.h"
#include "libs/providers/sip/native/call_steps.h"
#include "libs/providers/sip/native/scene.h"

namespace ctc::providers::sip::native {

// What of the account its calls need.
struct AnchoredConfig {
  std::string recording_prefix;  // of recordings' URLs, before the file's name
  bool speaks = false;           // texts can be said
  http::AddressGuard guard = http::AddressGuard::Everywhere();  // of where sound is sent
};

struct AnchoredLeg : LegParts {
  using Mode = dispatch::v1::ControlCallRequest::Mode;
  // Its first way to tell keys; some phones tell each key in both.
  enum class Keys { kUnknown, kInSound, kBySignalling };

  media::Address own;  // where its sound ends
  media::SdpOrigin origin;
  std::string offer;                       // a caller's; empty when it made none
  std::optional<media::PeerAudio> agreed;  // nothing is heard of it before
  Mode mode = dispatch::v1::ControlCallRequest::MODE_UNSPECIFIED;  // a supervisor's
  Keys keys = Keys::kUnknown;
  bool arriving = false;  // it picks up by the ACK of a newcomer that offered nothing

  // Its sound may be heard: it picked up, or has something to tell before that.
  bool sounds() const { return agreed.has_value() && phase != Phase::kEnded; }
  // The phone itself put the call on hold.
  bool holds() const;
};

struct AnchoredFlow : CallerFlow {
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
  bool left = false;       // the caller did
  bool own_music = false;  // the music of a wait is the step's
  int prompt = 0;          // the one that is played
  std::string digits;      // of this gather
  std::string ahead;       // keys that came while the next step was asked for
  int play = 0;            // the number of what is played
};

// A recording that is not complete: of the conversation, or of a caller's message.
struct OpenRecording {
  std::string session;  // whose it is; empty: the call's own
  bool message = false;
  bool ending = false;  // another one may begin
};

struct AnchoredCall : CallParts<AnchoredLeg, AnchoredFlow> {
  std::shared_ptr<const AnchoredConfig> config;
  bool record = false;  // from the join on
  bool muted = false;
  bool unattended = false;  // the customer waits for the next agent: a transfer is under way
  std::map<std::string, OpenRecording> recordings;  // by file
  int recorded = 0;                                 // how many there have been
  // In the names of its recordings: drawn anew for each, as a session, or the names of a caller's
  // dialog, may have had a call before or have one elsewhere.
  std::string mark;
  std::string session;  // UUID; of an inbound call once its flow answered
  Scene scene;          // as last ordered

  // The recording that runs, one at a time; null: none.
  OpenRecording* Recording();
  // Whom files of the call's own are named by: who asks for the session's finds them.
  const std::string& FileOwner() const { return session.empty() ? id : session; }
  bool over() const;
};

// `own_agent` and `own_customer` are where the two legs' sound will end.
AnchoredCall NewAnchored(std::string id, std::shared_ptr<const AnchoredConfig> config,
                         std::string agent_uri, std::string customer_uri,
                         const media::Address& own_agent, const media::Address& own_customer,
                         bool record);

// A phone's own re-INVITE, with an offer or without one: `answer` is what it is told; empty: it is
// refused, and nothing changes.
Effects Reoffered(AnchoredCall& call, const std::string& line, const std::string& offer,
                  std::string& answer);
// A phone's key, by RFC 4733 or by INFO.
Effects KeyPressed(AnchoredCall& call, const std::string& leg, char key, AnchoredLeg::Keys way);
// Nothing is heard of a leg any more.
Effects FellSilent(AnchoredCall& call, const std::string& leg);
// The file of that name is complete; a negative length: it could not be written.
Effects RecordingDone(AnchoredCall& call, const std::string& file, absl::Duration length);

// What the API asks for. FAILED_PRECONDITION where the call is not in a state for it.
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
Effects TakeStep(AnchoredCall& call, const routing::v1::FlowStep& step);
Effects FlowFailed(AnchoredCall& call);
Effects FlowTimer(AnchoredCall& call, int number);
// What was played under `number` is over, or could not be played.
Effects Played(AnchoredCall& call, int number);

}  // namespace ctc::providers::sip::native
