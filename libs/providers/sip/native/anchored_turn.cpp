#include "libs/providers/sip/native/anchored_turn.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "libs/base/error_catalogue.h"
#include "libs/base/status.h"
#include "libs/providers/sip/native/recording_files.h"
#include "libs/providers/sip/sip_status.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using Party = session::v1::Leg;
using Phase = AnchoredLeg::Phase;

// Whom a customer may talk with.
bool IsCompany(const AnchoredLeg& leg) {
  return leg.party == Party::AGENT || leg.party == Party::CONSULT || leg.party == Party::GUEST;
}

bool IsV6(const std::string& ip) { return ip.find(':') != std::string::npos; }

CallFact Deaf(Party::Party party) {
  CallFact fact = EndingOfStatus(party, 488);
  fact.set_error_code(std::string(base::kProviderError.code));
  fact.set_message(
      "the phone answered with a session description that has no G.711 sound we may send to");
  return fact;
}

}  // namespace

Effects AnchoredTurn::Finish() {
  if (call_.AllEnded()) EndTheRecording();
  Scene scene = SceneOf(call_);
  if (scene != call_.scene) {
    call_.scene = scene;
    Order(SetScene{std::move(scene)});
  }
  return std::move(effects_);
}

bool AnchoredTurn::IsAttended() const {
  return std::any_of(call_.legs.begin(), call_.legs.end(), [](const auto& entry) {
    return IsCompany(entry.second) && entry.second.phase != Phase::kEnded &&
           !entry.second.cancelled;
  });
}

std::string AnchoredTurn::OurOffer(AnchoredLeg& leg) {
  ++leg.origin.version;
  return media::Offer(leg.own, leg.origin);
}

void AnchoredTurn::Invite(const std::string& name) {
  AnchoredLeg& leg = call_.legs.at(name);
  leg.phase = Phase::kInviting;
  Do(Action::Kind::kInvite, name, OurOffer(leg));
}

void AnchoredTurn::End(const std::string& name, int status) {
  AnchoredLeg& leg = call_.legs.at(name);
  // What was asked of the customer's phone cannot be taken back.
  if (leg.phase == Phase::kInviting && leg.by_refer) return Leave(name);
  if (leg.phase == Phase::kInviting) {
    leg.cancelled = true;
    return Do(Action::Kind::kCancel, name);  // its port stays until the phone has answered
  }
  if (leg.phase == Phase::kEnded) return;
  if (leg.phase == Phase::kUp) Do(Action::Kind::kBye, name, "", status);
  if (leg.phase == Phase::kCalling) {
    Do(Action::Kind::kRespond, name, "", status >= 300 ? status : 480);
  }
  Leave(name);
}

void AnchoredTurn::Leave(const std::string& name) {
  call_.legs.at(name).phase = Phase::kEnded;
  Order(CloseLeg{name});
}

void AnchoredTurn::EndAll(int status) {
  call_.ending = true;
  if (call_.referral) SettleReferrer();
  call_.referral.reset();
  for (auto& [name, leg] : call_.legs) {
    if (!leg.cancelled) End(name, status);
  }
}

absl::StatusOr<media::PeerAudio> ReadPeer(const AnchoredConfig& config, const media::Address& own,
                                          const std::string& sdp) {
  CTC_ASSIGN_OR_RETURN(media::PeerAudio audio, media::ReadAudio(sdp));
  const std::string& ip = audio.stream.remote.ip;
  if (IsV6(ip) != IsV6(own.ip)) {
    return absl::InvalidArgumentError("the phone's sound is of the other IP family");
  }
  const bool nowhere = ip == "0.0.0.0" || ip == "::";
  if (!nowhere && !config.guard.AllowsHostOf(IsV6(ip) ? "[" + ip + "]" : ip)) {
    return absl::InvalidArgumentError("the phone's sound is at an address that is not allowed");
  }
  return audio;
}

bool AnchoredTurn::Agree(const std::string& name, AnchoredLeg& leg, const std::string& sdp) {
  absl::StatusOr<media::PeerAudio> audio = ReadPeer(*call_.config, leg.own, sdp);
  if (!audio.ok()) return false;
  leg.agreed = *std::move(audio);
  Order(ConnectLeg{name, leg.agreed->stream});
  return true;
}

void AnchoredTurn::OnRinging(const Input& input) {
  AnchoredLeg& leg = call_.legs.at(input.leg);
  if (leg.phase != Phase::kInviting) return;
  // What cannot be read before the answer is no fault yet.
  if (!input.sdp.empty()) (void)Agree(input.leg, leg, input.sdp);
  if (std::exchange(leg.rang, true)) return;
  Say(CallFact::CALL_RINGING, input.leg);
  if (IsReferred(input.leg)) TellReferrer(180);
  const bool waits = call_.legs.at(kCustomer).phase == Phase::kCalling;
  if (waits && input.leg == call_.seat) Do(Action::Kind::kRespond, kCustomer, "", 180);
}

void AnchoredTurn::OnAnswered(const Input& input) {
  AnchoredLeg& leg = call_.legs.at(input.leg);
  if (leg.phase == Phase::kEnded) return;
  const bool refreshed = leg.phase != Phase::kInviting;
  // The stack refreshes the session of who called us without an offer, which the answer has then.
  const bool asked = refreshed && call_.CalledUs(input.leg) && !input.sdp.empty();
  Do(Action::Kind::kAck, input.leg, asked ? OnReoffered(input.leg, input.sdp) : "");
  if (!refreshed) return OnPickedUp(input.leg, leg, input.sdp);
  if (!asked) OnAcknowledged(input);
}

void AnchoredTurn::OnPickedUp(const std::string& name, AnchoredLeg& leg, const std::string& sdp) {
  leg.phase = Phase::kUp;
  if (leg.cancelled) {  // the 200 crossed our CANCEL
    if (IsReferred(name)) TellReferrer(leg.timed_out ? 480 : 487);
    return LetGo(name, MissedFact(leg, 487));
  }
  // Without a description of its own the phone means what it said before it picked up.
  const bool known = sdp.empty() && leg.agreed.has_value();
  if (!known && !Agree(name, leg, sdp)) {
    if (IsReferred(name)) TellReferrer(488);
    return LetGo(name, Deaf(leg.party));
  }
  if (name == kCustomer) return Joined();
  if (call_.flow && name == call_.seat && call_.flow->phase == AnchoredFlow::Phase::kDialling) {
    return OnAgentTook();
  }
  Say(CallFact::CALL_ANSWERED, name);
  if (name == kAgent && !call_.joined) return Invite(kCustomer);
  if (IsReferred(name)) TellReferrer(200);
}

void AnchoredTurn::LetGo(const std::string& name, const CallFact& fact) {
  End(name, fact.kind() == CallFact::CALL_FAILED ? 488 : 0);
  Say(name, fact);
  AfterEnd(name, 0);
}

void AnchoredTurn::Joined() {
  call_.joined = true;
  Say(CallFact::CALL_ANSWERED, call_.flow ? call_.seat : kCustomer);
  if (std::exchange(call_.record, false)) StartRecording("");
}

void AnchoredTurn::OnRejected(const Input& input) {
  AnchoredLeg& leg = call_.legs.at(input.leg);
  // A phone that refuses a refresh ends its dialog by itself, or does not.
  if (leg.phase != Phase::kInviting) return;
  if (IsReferred(input.leg)) TellReferrer(leg.timed_out ? 480 : input.status);
  Leave(input.leg);
  Say(input.leg, MissedFact(leg, input.status));
  AfterEnd(input.leg, input.status);
}

void AnchoredTurn::OnEnded(const Input& input) {
  AnchoredLeg& leg = call_.legs.at(input.leg);
  if (leg.phase == Phase::kEnded) return;
  Leave(input.leg);
  if (LeftReferring(input.leg)) return;
  CallFact fact = EndedFact(leg, input.status);
  if (call_.flow && input.leg == kCustomer) return OnCallerLeft(std::move(fact));
  Say(input.leg, std::move(fact));
  AfterEnd(input.leg, 0);
}

void AnchoredTurn::OnSilent(const std::string& name) {
  Do(Action::Kind::kBye, name);
  Input input;
  input.kind = Input::Kind::kEnded;
  input.leg = name;
  OnEnded(input);
}

void AnchoredTurn::AfterEnd(const std::string& name, int status) {
  if (call_.ending) return;
  if (name == kCustomer) return EndAll(status);
  const AnchoredLeg& leg = call_.legs.at(name);
  if (!IsCompany(leg) || IsAttended()) return;
  const CallFact::Kind kind = effects_.facts.back().kind();
  if (call_.flow && call_.flow->phase == AnchoredFlow::Phase::kDialling) return OnAgentMissed(kind);
  // A transfer's target that cannot be had: the session rings somebody else.
  call_.unattended =
      call_.unattended || (leg.party == Party::CONSULT && kind != CallFact::CALL_ENDED);
  if (call_.unattended && Up(kCustomer) != nullptr) return;
  if (call_.flow && Up(kCustomer) != nullptr) return OnTalkOver();
  EndAll(status);
}

int AnchoredTurn::TakePlace(const Newcomer& newcomer) {
  AnchoredLeg& leg = call_.legs.at(newcomer.leg);
  const bool offers = !newcomer.offer.empty();
  if (offers && !ReadPeer(*call_.config, leg.own, newcomer.offer).ok()) return 488;
  media::SdpOrigin origin;
  origin.session = OriginOf(newcomer.line);
  std::string answer = offers ? media::Answer(newcomer.offer, leg.own, origin).value_or("")
                              : media::Offer(leg.own, origin);
  if (answer.empty()) return 488;
  const bool early = leg.phase == Phase::kInviting;
  Swap(newcomer, std::move(answer));
  // Whom the customer's old phone was asked to call, of which nothing is heard any more.
  const std::string referred = newcomer.leg == kCustomer ? call_.Referred() : "";
  if (!referred.empty()) OnRejected({Input::Kind::kRejected, referred, 480, ""});
  leg.origin = origin;
  leg.keys = AnchoredLeg::Keys::kUnknown;
  if (early && offers) {
    OnPickedUp(newcomer.leg, leg, newcomer.offer);
  } else if (early) {
    leg.phase = Phase::kUp;
    leg.agreed.reset();
    leg.arriving = true;
  } else if (offers) {
    const bool before = leg.holds();
    (void)Agree(newcomer.leg, leg, newcomer.offer);  // it was looked at above
    TellHold(newcomer.leg, before, leg.holds());
  } else {  // what it agrees to comes in its ACK; what the old phone did is over
    const bool before = leg.holds();
    leg.agreed.reset();
    TellHold(newcomer.leg, before, false);
  }
  return 100;
}

// Our answer to a re-INVITE without an offer was an offer: this is the phone's answer.
void AnchoredTurn::OnAcknowledged(const Input& input) {
  AnchoredLeg* leg = Up(input.leg);
  if (leg != nullptr && std::exchange(leg->arriving, false)) {
    return OnPickedUp(input.leg, *leg, input.sdp);
  }
  if (leg == nullptr || (input.sdp.empty() && leg->agreed)) return;
  const bool before = leg->holds();
  const bool first = !leg->agreed.has_value();
  if (!Agree(input.leg, *leg, input.sdp)) {
    if (!first) return;
    LetGo(input.leg, Deaf(leg->party));
    return;
  }
  TellHold(input.leg, before, leg->holds());
}

std::string AnchoredTurn::OnReoffered(const std::string& name, const std::string& offer) {
  AnchoredLeg* leg = Up(name);
  if (leg == nullptr) return "";
  if (offer.empty()) return OurOffer(*leg);
  const bool before = leg->holds();
  ++leg->origin.version;
  absl::StatusOr<std::string> answer = media::Answer(offer, leg->own, leg->origin);
  if (!answer.ok() || !Agree(name, *leg, offer)) return "";
  TellHold(name, before, leg->holds());
  return *std::move(answer);
}

void AnchoredTurn::TellHold(const std::string& name, bool before, bool now) {
  if (before == now || !call_.joined) return;
  Say(now ? CallFact::CALL_HELD : CallFact::CALL_RESUMED, name);
}

void AnchoredTurn::OnKey(const std::string& name, char key) {
  const bool caller = call_.flow && name == kCustomer;
  if (caller && call_.flow->phase != AnchoredFlow::Phase::kTalking) return OnFlowKey(key);
  if (!call_.joined) return;
  CallFact fact;
  fact.set_kind(CallFact::DTMF_RECEIVED);
  fact.set_party(call_.legs.at(name).party);
  fact.set_digits(std::string(1, key));
  Say(name, std::move(fact));
}

std::string AnchoredTurn::FileFor(const std::string& whose) {
  return absl::StrCat(whose, "-", call_.mark, "-", ++call_.recorded, ".wav");
}

void AnchoredTurn::StartRecording(const std::string& session) {
  BeginRecording order;
  order.file = FileFor(session.empty() ? call_.FileOwner() : session);
  call_.recordings[order.file] = {session};
  Order(std::move(order));
  effects_.session = session;
  Say(CallFact::RECORDING_STARTED, kCustomer);
}

void AnchoredTurn::EndTheRecording() {
  OpenRecording* recording = call_.Recording();
  if (recording == nullptr) return;
  recording->ending = true;
  Order(EndRecording{});
}

void AnchoredTurn::OnRecorded(const std::string& file, absl::Duration length) {
  const OpenRecording done = call_.recordings.extract(file).mapped();
  if (done.message) return OnMessage(file, length);
  effects_.session = done.session;
  Say(CallFact::RECORDING_STOPPED, kCustomer);
  if (length < absl::ZeroDuration()) {
    CallFact failed;
    failed.set_kind(CallFact::RECORDING_FAILED);
    failed.set_party(Party::CUSTOMER);
    failed.set_message("The file of the recording could not be written");
    Say(kCustomer, std::move(failed));
    return;
  }
  CallFact ready;
  ready.set_kind(CallFact::RECORDING_READY);
  ready.set_party(Party::CUSTOMER);
  ready.set_recording_url(call_.config->recording_prefix + file);
  std::string key = ReadyKey(ready.recording_url());
  Say(kCustomer, std::move(ready));
  effects_.facts.back().set_event_key(std::move(key));
}

void AnchoredTurn::OnReferralTaken(int status) {
  const std::string left = SettleReferral(status);
  if (!left.empty()) AfterEnd(left, 0);
}

}  // namespace ctc::providers::sip::native
