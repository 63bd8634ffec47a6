#include "libs/providers/sip/native/endpoint.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>

#include "libs/base/error.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/providers/sip/native/call_parts.h"
#include "libs/providers/sip/native/recording_files.h"

namespace ctc::providers::sip::native {
namespace {

std::string HostOf(const NativeSettings& settings) {
  const std::string host = settings.own_address();
  return host == "*" ? "0.0.0.0" : host;
}

// One function for calls of each kind.
template <class... Each>
struct Choose : Each... {
  using Each::operator()...;
};

// Drawn anew each time, so that two do not cross again (RFC 3261 section 14.1).
absl::Duration WaitOf(const Again& again, base::Random& random) {
  std::array<unsigned char, 2> drawn;
  random.Fill(drawn);
  const int any = drawn[0] * 256 + drawn[1];
  return absl::Milliseconds(again.called ? 2100 + 10 * (any % 191) : 10 + 10 * (any % 200));
}

std::shared_ptr<const AnchoredConfig> AnchoredConfigOf(const Account& account,
                                                       const NativeSettings& settings) {
  if (!settings.anchored) return nullptr;
  AnchoredConfig config;
  config.recording_prefix = RecordingPrefix(account.config);
  config.speaks = !settings.say.empty();
  config.guard = settings.guard;
  return std::make_shared<const AnchoredConfig>(std::move(config));
}

}  // namespace

Endpoint::Endpoint(std::shared_ptr<const Account> account, NativeSettings settings,
                   const Ground& ground)
    : account_(std::move(account)),
      settings_(std::move(settings)),
      clock_(ground.clock),
      random_(ground.random),
      outlets_(ground.outlets),
      anchored_(AnchoredConfigOf(*account_, settings_)) {}

absl::StatusOr<std::shared_ptr<Endpoint>> Endpoint::Create(std::shared_ptr<const Account> account,
                                                           const Ground& ground, Reaper& reaper) {
  CTC_ASSIGN_OR_RETURN(NativeSettings settings, ReadNativeSettings(*account, ground.guard));
  std::string place = settings.has_fixed_port() ? settings.bind : "";
  if (reaper.IsHeld(place)) {
    return absl::FailedPreconditionError("not yet: another line still has this SIP address");
  }
  UserAgentConfig config;
  config.bind = settings.bind;
  config.user = account->api_key;
  config.password = account->api_secret;
  config.tls = settings.tls();
  config.tls_ca = settings.tls_ca;
  config.tls_certificate = settings.tls_certificate;
  config.tls_key = account->private_key;
  config.callers = settings.callers;
  config.takes_keys = settings.anchored;
  config.refers = settings.refers;
  std::unique_ptr<Endpoint> made(new Endpoint(std::move(account), std::move(settings), ground));
  Endpoint* self = made.get();
  std::shared_ptr<Endpoint> endpoint = reaper.Adopt(std::move(made), std::move(place));
  PhoneEvents events;
  events.on_input = [self](const LegName& name, const Input& input) { self->OnInput(name, input); };
  events.on_reinvite = [self](const LegName& name, const std::string& offer) {
    return self->OnReinvite(name, offer);
  };
  events.on_key = [self](const LegName& name, char key) {
    self->Tell(name.call, [&](AnchoredCall& call) {
      return KeyPressed(call, call.LegOf(name.leg), key, AnchoredLeg::Keys::kBySignalling);
    });
  };
  events.on_refer = [self](const LegName& name, const ReferTo& target) {
    return self->OnRefer(name, target);
  };
  events.on_caller = [self](Caller caller) { return self->OnCaller(std::move(caller)); };
  events.on_newcomer = [self](const std::string& call, Newcomer newcomer) {
    return self->OnNewcomer(call, std::move(newcomer));
  };
  {
    // Whoever calls as soon as it listens is heard when there is somebody to answer with.
    const base::MutexLock lock(self->mutex_);
    if (self->settings_.anchored) CTC_RETURN_IF_ERROR(self->StartDesk(ground.recordings));
    CTC_ASSIGN_OR_RETURN(self->agent_,
                         UserAgent::Start(std::move(config), ground.clock, std::move(events)));
  }
  return endpoint;
}

absl::Status Endpoint::StartDesk(const std::string& recordings) {
  SoundEvents events;
  // What a phone says while this ends is of no use any more.
  const auto tell = [weak = weak_from_this()](const std::string& call,
                                              const std::function<Effects(AnchoredCall&)>& news) {
    if (const auto self = weak.lock()) self->Tell(call, news);
  };
  events.on_key = [tell](const std::string& call, const std::string& leg, char key) {
    tell(call, [&](AnchoredCall& told) {
      return KeyPressed(told, leg, key, AnchoredLeg::Keys::kInSound);
    });
  };
  events.on_silent = [tell](const std::string& call, const std::string& leg) {
    tell(call, [&](AnchoredCall& told) { return FellSilent(told, leg); });
  };
  events.on_played = [tell](const std::string& call, int number) {
    tell(call, [&](AnchoredCall& told) { return Played(told, number); });
  };
  // A recording is told of even then: the desk ends before what it tells.
  events.on_recorded = [this](const std::string& call, const std::string& file,
                              absl::Duration length) {
    Tell(call, [&](AnchoredCall& told) { return RecordingDone(told, file, length); });
  };
  events.fetch = [account = account_, sounds = outlets_.sounds](SoundNote note) {
    if (sounds) sounds(account, std::move(note));
  };
  CTC_ASSIGN_OR_RETURN(desk_,
                       MediaDesk::Start(settings_, RecordingFolder(recordings, account_->config),
                                        std::move(events)));
  return absl::OkStatus();
}

Dialling Endpoint::HowToCall(const Live& live, const std::string& name) const {
  return std::visit(
      [&](const auto& call) -> Dialling {
        const auto& leg = call.legs.at(name);
        // The agent sees whom he calls; everybody else sees the company.
        const bool agent = leg.party == session::v1::Leg::AGENT;
        const std::string& shown = agent ? live.order.to_phone() : live.order.from_phone();
        return {leg.uri, HomeOf(settings_, leg.uri),
                absl::StrCat("<", settings_.trunk.scheme, ":", UserPart(shown), "@",
                             settings_.trunk.host, ">"),
                leg.replaces,
                leg.ring_seconds > 0 ? absl::Seconds(leg.ring_seconds) : settings_.ring_timeout};
      },
      live.call);
}

void Endpoint::Carry(Live& live, Effects effects) {
  if (!effects.media.empty()) desk_->Carry(live.id, std::move(effects.media));
  for (Action& action : effects.actions) {
    const LegName name{live.id, action.leg};
    Dialling dialling;
    if (action.kind == Action::Kind::kInvite) dialling = HowToCall(live, name.leg);
    if (action.kind == Action::Kind::kRefer) dialling = HowToCall(live, action.text);
    agent_->Perform(name, std::move(action), std::move(dialling));
  }
  std::vector<session::v1::SessionFact> facts;
  const google::protobuf::Timestamp now = base::ToPreciseProto(clock_.Now());
  for (session::v1::CallFact& fact : effects.facts) {
    *fact.mutable_provider_time() = *fact.mutable_received_time() = now;
    fact.set_source(session::v1::EVENT_SOCKET);
    session::v1::SessionFact& item = facts.emplace_back();
    item.set_tenant_id(account_->tenant.value());
    item.set_session(effects.session.empty() ? live.session : effects.session);
    item.set_provider_id(account_->config.id());
    *item.mutable_fact() = std::move(fact);
  }
  // A caller who left before a session could be opened leaves nothing to tell.
  if (!facts.empty() && !live.session.empty()) outlets_.facts(account_, std::move(facts));
  if (effects.dial) RingFor(live, *effects.dial);
  if (effects.ask) Ask(live, *std::move(effects.ask));
  if (effects.again) {
    agent_->After(WaitOf(*effects.again, random_),
                  [weak = weak_from_this(), call = live.id, number = effects.again->number] {
                    if (const auto self = weak.lock()) self->OnPutOff(call, number);
                  });
  }
  if (effects.timer_seconds > 0) {
    const int timer = std::visit([](const auto& call) { return call.flow->timer; }, live.call);
    agent_->After(absl::Seconds(effects.timer_seconds),
                  [weak = weak_from_this(), call = live.id, number = timer] {
                    if (const auto self = weak.lock()) self->OnFlowTimer(call, number);
                  });
  }
}

Endpoint::Live* Endpoint::Find(const std::string& call) {
  const auto alias = inbound_.find(call);
  const auto found = calls_.find(alias == inbound_.end() ? call : alias->second);
  return found == calls_.end() ? nullptr : &found->second;
}

void Endpoint::EraseIfOver(const std::string& call) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  if (!std::visit([](const auto& live) { return live.over(); }, found->second.call)) return;
  if (desk_ != nullptr) desk_->CloseCall(call);
  inbound_.erase(found->second.session);
  calls_.erase(found);
}

template <class News>
void Endpoint::Change(const std::string& call, const News& news) {
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  Carry(found->second, std::visit(news, found->second.call));
  EraseIfOver(call);
}

void Endpoint::OnInput(const LegName& name, const Input& input) {
  Change(name.call, [&input](auto& call) { return Apply(call, input); });
}

void Endpoint::Tell(const std::string& call, const std::function<Effects(AnchoredCall&)>& news) {
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  AnchoredCall* anchored = std::get_if<AnchoredCall>(&found->second.call);
  if (anchored == nullptr) return;
  Carry(found->second, news(*anchored));
  EraseIfOver(call);
}

Reply Endpoint::OnReinvite(const LegName& name, const std::string& offer) {
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(name.call);
  if (found == calls_.end()) return {};
  Live& live = found->second;
  AnchoredCall* anchored = std::get_if<AnchoredCall>(&live.call);
  if (anchored == nullptr) return Reoffered(std::get<Call>(live.call), name.leg);
  std::string answer;
  Carry(live, Reoffered(*anchored, name.leg, offer, answer));
  return answer.empty() ? Reply() : Reply{200, std::move(answer)};
}

int Endpoint::OnRefer(const LegName& name, const ReferTo& target) {
  const absl::StatusOr<NamedPhone> phone =
      PhoneOf(settings_, account_->config.dial_plan_prefix(), target.user, target.host);
  if (!phone.ok()) return absl::IsPermissionDenied(phone.status()) ? 403 : 400;
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(name.call);
  if (found == calls_.end()) return 481;
  Live& live = found->second;
  Referral referral;
  referral.leg = name.leg;
  referral.phone = phone->phone;
  referral.uri = phone->uri;
  referral.replaces = target.replaces;
  int status = 0;
  Carry(live, std::visit([&](auto& call) { return Refer(call, std::move(referral), status); },
                         live.call));
  if (status != 202) return status;
  ReferralNote note;
  note.call = live.session;
  note.phone = phone->phone;
  note.attended = !target.replaces.empty();
  note.key = absl::StrCat("refer:", name.call, ":", ++live.referrals);
  note.done = [weak = weak_from_this(), call = name.call](int taken) {
    if (const std::shared_ptr<Endpoint> self = weak.lock()) self->OnReferralTaken(call, taken);
  };
  outlets_.referrals(account_, std::move(note));
  return status;
}

int Endpoint::OnCaller(Caller caller) {
  if (closed_) return 503;
  if (!IsOwnNumber(account_->config, caller.to)) return 404;
  if (!caller.offer.empty() && !CheckSdp(caller.offer).ok()) return 488;
  const base::MutexLock lock(mutex_);
  const std::string call = caller.name.call;
  if (calls_.contains(call)) return 482;  // the same request by two ways
  Live& live = calls_[call];
  live.id = call;
  if (const absl::Status made = MakeInbound(live, std::move(caller.offer)); !made.ok()) {
    calls_.erase(call);
    return absl::IsInvalidArgument(made) ? 488 : 503;
  }
  // As they are shown: the agent sees the caller, everybody else the company.
  live.order.set_to_phone(std::move(caller.from));
  live.order.set_from_phone(account_->config.phone_number());
  Carry(live, std::visit([](auto& made) { return BeginFlow(made); }, live.call));
  return 100;
}

// Also on a closed line: the call that it belongs to goes on there.
int Endpoint::OnNewcomer(const std::string& call, Newcomer newcomer) {
  if (!newcomer.offer.empty() && !CheckSdp(newcomer.offer).ok()) return 488;
  int status = 603;  // the call is over
  Change(call, [&](auto& told) { return TakePlace(told, std::move(newcomer), status); });
  return status;
}

absl::Status Endpoint::MakeInbound(Live& live, std::string offer) {
  if (!settings_.anchored) {
    live.call = NewInbound(live.id, std::move(offer), HostOf(settings_));
    return absl::OkStatus();
  }
  CTC_ASSIGN_OR_RETURN(const media::Address own, desk_->Open(live.id, kCustomer));
  absl::StatusOr<AnchoredCall> call = NewAnchoredInbound(live.id, anchored_, std::move(offer), own);
  if (!call.ok()) {
    desk_->CloseCall(live.id);
    return call.status();
  }
  call->mark = NewMark();
  live.call = *std::move(call);
  return absl::OkStatus();
}

absl::StatusOr<Effects> Endpoint::Dial(Live& live, Callee callee) {
  AnchoredCall* anchored = std::get_if<AnchoredCall>(&live.call);
  if (anchored == nullptr) {
    return DialParty(std::get<Call>(live.call), callee.leg, callee.party, std::move(callee.uri),
                     callee.phone, callee.ring_seconds);
  }
  const std::string leg = callee.leg;
  const AnchoredLeg* known = anchored->Find(leg);
  if (known != nullptr && known->phase != AnchoredLeg::Phase::kEnded) return Effects();  // twice
  CTC_ASSIGN_OR_RETURN(callee.own, desk_->Open(live.id, leg));
  absl::StatusOr<Effects> effects = DialParty(*anchored, std::move(callee));
  if (!effects.ok()) desk_->Close(live.id, leg);
  return effects;
}

void Endpoint::RingFor(Live& live, const routing::v1::FlowStep::Dial& dial) {
  absl::StatusOr<std::string> uri =
      PhoneUri(settings_, account_->config.dial_plan_prefix(), dial.phone());
  absl::StatusOr<Effects> effects = absl::InvalidArgumentError("is no phone");
  if (uri.ok()) {
    Callee callee;
    callee.leg = kAgent;
    callee.party = session::v1::Leg::AGENT;
    callee.uri = *std::move(uri);
    callee.phone = dial.phone();
    callee.ring_seconds = dial.ring_seconds();
    effects = Dial(live, std::move(callee));
  }
  if (!effects.ok()) {
    effects = std::visit([](auto& call) { return DialFailed(call); }, live.call);
  }
  Carry(live, *std::move(effects));
}

void Endpoint::Ask(Live& live, routing::v1::FlowInput input) {
  FlowNote note;
  note.session = live.session;
  note.provider_call_id = live.id + "-customer";
  note.from_phone = live.order.to_phone();
  note.to_phone = live.order.from_phone();
  note.input = std::move(input);
  note.done = [weak = weak_from_this(), call = live.id](absl::StatusOr<FlowAnswer> answer) {
    if (const auto self = weak.lock()) self->OnFlowAnswer(call, std::move(answer));
  };
  outlets_.flows(account_, std::move(note));
}

void Endpoint::OnFlowAnswer(const std::string& call, absl::StatusOr<FlowAnswer> answer) {
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  Live& live = found->second;
  if (answer.ok()) {
    live.session = answer->session;
    inbound_[live.session] = call;
    if (auto* anchored = std::get_if<AnchoredCall>(&live.call)) anchored->session = live.session;
  }
  Carry(live, std::visit(
                  [&](auto& told) {
                    return answer.ok() ? TakeStep(told, answer->step) : FlowFailed(told);
                  },
                  live.call));
  EraseIfOver(call);
}

void Endpoint::OnFlowTimer(const std::string& call, int number) {
  Change(call, [number](auto& told) { return FlowTimer(told, number); });
}

void Endpoint::OnPutOff(const std::string& call, int number) {
  Change(call, Choose{[number](Call& told) { return TryAgain(told, number); },
                      [](AnchoredCall&) { return Effects(); }});
}

void Endpoint::OnReferralTaken(const std::string& call, int status) {
  Change(call, [status](auto& told) { return ReferralTaken(told, status); });
}

absl::Status Endpoint::Place(const dispatch::v1::CallOrder& order) {
  const std::string& prefix = account_->config.dial_plan_prefix();
  CTC_ASSIGN_OR_RETURN(std::string agent, PhoneUri(settings_, prefix, order.agent_phone()));
  CTC_ASSIGN_OR_RETURN(std::string customer, PhoneUri(settings_, prefix, order.to_phone()));
  const base::MutexLock lock(mutex_);
  if (calls_.contains(order.id())) return absl::OkStatus();
  Live& live = calls_[order.id()];
  live.order = order;
  live.id = live.session = order.id();
  if (absl::Status made = MakeCall(live, std::move(agent), std::move(customer)); !made.ok()) {
    calls_.erase(order.id());
    return made;
  }
  Carry(live, std::visit([](auto& call) { return Start(call); }, live.call));
  return absl::OkStatus();
}

absl::Status Endpoint::MakeCall(Live& live, std::string agent, std::string customer) {
  if (!settings_.anchored) {
    live.call = NewCall(live.id, std::move(agent), std::move(customer), HostOf(settings_));
    return absl::OkStatus();
  }
  const absl::StatusOr<media::Address> own = desk_->Open(live.id, kAgent);
  const absl::StatusOr<media::Address> other = desk_->Open(live.id, kCustomer);
  if (!own.ok() || !other.ok()) {
    desk_->CloseCall(live.id);
    return absl::UnavailableError("no port of media_ports is free");
  }
  AnchoredCall call = NewAnchored(live.id, anchored_, std::move(agent), std::move(customer), *own,
                                  *other, live.order.record());
  call.mark = NewMark();
  live.call = std::move(call);
  return absl::OkStatus();
}

std::string Endpoint::NewMark() const { return base::IdGenerator(clock_, random_).Token("", 8); }

bool Endpoint::Has(const std::string& session) const {
  const base::MutexLock lock(mutex_);
  return calls_.contains(session) || inbound_.contains(session);
}

size_t Endpoint::live_calls() const {
  const base::MutexLock lock(mutex_);
  return calls_.size();
}

void Endpoint::Leave() {
  closed_ = true;
  if (agent_ == nullptr) return;
  EndCalls();
  agent_->Leave();
}

void Endpoint::EndCalls() {
  const base::MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, live] : calls_) names.push_back(name);
  for (const std::string& name : names) {
    Live& live = calls_.at(name);
    Carry(live, std::visit([](auto& call) { return EndAtOnce(call); }, live.call));
    EraseIfOver(name);
  }
}

void Endpoint::Probe(std::function<void(int)> done) {
  agent_->Probe(settings_.trunk.Uri(""), std::move(done));
}

}  // namespace ctc::providers::sip::native
