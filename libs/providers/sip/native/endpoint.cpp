#include "libs/providers/sip/native/endpoint.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error.h"
#include "libs/base/error_catalogue.h"

namespace ctc::providers::sip::native {
namespace {

using dispatch::v1::ControlCallRequest;

std::string HostOf(const NativeSettings& settings) {
  const std::string host = settings.own_host();
  return host == "*" ? "0.0.0.0" : host;
}

absl::Status Cannot(const char* capability) {
  base::ErrorDetail detail;
  detail.metadata["capability"] = capability;
  return base::MakeError(base::kCapabilityMissing,
                         absl::StrCat("SIP without a media server has no ", capability),
                         std::move(detail));
}

}  // namespace

Endpoint::Endpoint(std::shared_ptr<const Account> account, NativeSettings settings,
                   const Ground& ground)
    : account_(std::move(account)),
      settings_(std::move(settings)),
      clock_(ground.clock),
      outlets_(ground.outlets) {}

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
  std::unique_ptr<Endpoint> made(new Endpoint(std::move(account), std::move(settings), ground));
  Endpoint* self = made.get();
  std::shared_ptr<Endpoint> endpoint = reaper.Adopt(std::move(made), std::move(place));
  PhoneEvents events;
  events.on_input = [self](const LegName& name, const Input& input) { self->OnInput(name, input); };
  events.on_refresh = [self](const LegName& name) { return self->Told(name); };
  events.on_refer = [self](const LegName& name, const ReferTo& target) {
    return self->OnRefer(name, target);
  };
  events.on_caller = [self](Caller caller) { return self->OnCaller(std::move(caller)); };
  {
    // Whoever calls as soon as it listens is heard when there is somebody to answer with.
    const base::MutexLock lock(self->mutex_);
    CTC_ASSIGN_OR_RETURN(self->agent_,
                         UserAgent::Start(std::move(config), ground.clock, std::move(events)));
  }
  return endpoint;
}

std::string Endpoint::From(const Live& live, const std::string& leg) const {
  // The agent sees whom he calls; everybody else sees the company.
  const bool agent = live.call.legs.at(leg).party == session::v1::Leg::AGENT;
  const std::string& shown = agent ? live.order.to_phone() : live.order.from_phone();
  return absl::StrCat("<", settings_.trunk.scheme, ":", UserPart(shown), "@", settings_.trunk.host,
                      ">");
}

void Endpoint::Carry(Live& live, Effects effects) {
  for (Action& action : effects.actions) {
    const LegName name{live.call.id, action.leg};
    const Leg& leg = live.call.legs.at(action.leg);
    const absl::Duration ring =
        leg.ring_seconds > 0 ? absl::Seconds(leg.ring_seconds) : settings_.ring_timeout;
    agent_->Perform(name, std::move(action), {leg.uri, From(live, name.leg), leg.replaces, ring});
  }
  std::vector<session::v1::SessionFact> facts;
  const int64_t nanos = absl::ToUnixNanos(clock_.Now());
  for (session::v1::CallFact& fact : effects.facts) {
    for (auto* stamp : {fact.mutable_provider_time(), fact.mutable_received_time()}) {
      stamp->set_seconds(nanos / 1'000'000'000);
      stamp->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
    }
    fact.set_source(session::v1::EVENT_SOCKET);
    session::v1::SessionFact& item = facts.emplace_back();
    item.set_tenant_id(account_->tenant.value());
    item.set_session(live.session);
    item.set_provider_id(account_->config.id());
    *item.mutable_fact() = std::move(fact);
  }
  // A caller who left before a session could be opened leaves nothing to tell.
  if (!facts.empty() && !live.session.empty()) outlets_.facts(account_, std::move(facts));
  if (effects.dial) RingFor(live, *effects.dial);
  if (effects.ask) Ask(live, *std::move(effects.ask));
  if (effects.timer_seconds > 0) {
    agent_->After(absl::Seconds(effects.timer_seconds),
                  [weak = weak_from_this(), call = live.call.id, number = live.call.flow->timer] {
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
  if (found == calls_.end() || !found->second.call.over()) return;
  inbound_.erase(found->second.session);
  calls_.erase(found);
}

void Endpoint::OnInput(const LegName& name, const Input& input) {
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(name.call);
  if (found == calls_.end()) return;
  Carry(found->second, Apply(found->second.call, input));
  EraseIfOver(name.call);
}

std::string Endpoint::Told(const LegName& name) const {
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(name.call);
  if (found == calls_.end()) return "";
  const auto leg = found->second.call.legs.find(name.leg);
  // While descriptions are exchanged a phone's own would cross ours.
  const bool idle = found->second.call.exchanges.empty();
  return leg == found->second.call.legs.end() || !idle ? "" : leg->second.told;
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
  Carry(live, Refer(live.call, std::move(referral), status));
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
  live.call = NewInbound(call, std::move(caller.offer), HostOf(settings_));
  // As From() shows them: the agent sees the caller, everybody else the company.
  live.order.set_to_phone(std::move(caller.from));
  live.order.set_from_phone(account_->config.phone_number());
  Carry(live, BeginFlow(live.call));
  return 100;
}

void Endpoint::RingFor(Live& live, const routing::v1::FlowStep::Dial& dial) {
  absl::StatusOr<std::string> uri =
      PhoneUri(settings_, account_->config.dial_plan_prefix(), dial.phone());
  absl::StatusOr<Effects> effects = absl::InvalidArgumentError("is no phone");
  if (uri.ok()) {
    effects = DialParty(live.call, "agent", session::v1::Leg::AGENT, *std::move(uri), dial.phone(),
                        dial.ring_seconds());
  }
  Carry(live, effects.ok() ? *std::move(effects) : DialFailed(live.call));
}

void Endpoint::Ask(Live& live, routing::v1::FlowInput input) {
  FlowNote note;
  note.session = live.session;
  note.provider_call_id = live.call.id + "-customer";
  note.from_phone = live.order.to_phone();
  note.to_phone = live.order.from_phone();
  note.input = std::move(input);
  note.done = [weak = weak_from_this(), call = live.call.id](absl::StatusOr<FlowAnswer> answer) {
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
  }
  Carry(live, answer.ok() ? TakeStep(live.call, answer->step) : FlowFailed(live.call));
  EraseIfOver(call);
}

void Endpoint::OnFlowTimer(const std::string& call, int number) {
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  Carry(found->second, FlowTimer(found->second.call, number));
}

void Endpoint::OnReferralTaken(const std::string& call, int status) {
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  Carry(found->second, ReferralTaken(found->second.call, status));
  EraseIfOver(call);
}

absl::Status Endpoint::Place(const dispatch::v1::CallOrder& order) {
  const std::string& prefix = account_->config.dial_plan_prefix();
  CTC_ASSIGN_OR_RETURN(std::string agent, PhoneUri(settings_, prefix, order.agent_phone()));
  CTC_ASSIGN_OR_RETURN(std::string customer, PhoneUri(settings_, prefix, order.to_phone()));
  const base::MutexLock lock(mutex_);
  if (calls_.contains(order.id())) return absl::OkStatus();
  Live& live = calls_[order.id()];
  live.order = order;
  live.session = order.id();
  live.call = NewCall(order.id(), std::move(agent), std::move(customer), HostOf(settings_));
  Carry(live, Start(live.call));
  return absl::OkStatus();
}

absl::StatusOr<Effects> Endpoint::Command(Live& live, const ControlCallRequest& request) {
  switch (request.action()) {
    case ControlCallRequest::HANG_UP:
      return HangUp(live.call);
    case ControlCallRequest::HOLD:
      return Hold(live.call);
    case ControlCallRequest::RESUME:
      return Resume(live.call);
    case ControlCallRequest::SEND_DTMF:
      return SendDigits(live.call, request.digits());
    case ControlCallRequest::DIAL_PARTY: {
      const auto& target = request.target();
      if (target.party() != session::v1::Leg::CONSULT &&
          target.party() != session::v1::Leg::AGENT) {
        return Cannot("conference");
      }
      const absl::StatusOr<std::string> uri =
          PhoneUri(settings_, account_->config.dial_plan_prefix(), target.phone());
      if (!uri.ok()) return base::InvalidField("target", "cannot be called by SIP");
      return DialParty(live.call, target.leg_id(), target.party(), *uri, target.phone(),
                       target.ring_seconds());
    }
    case ControlCallRequest::DROP_PARTY:
      return DropParty(live.call, request.target().leg_id());
    case ControlCallRequest::HAND_OVER:
      return HandOver(live.call, request.target().leg_id());
    case ControlCallRequest::MUTE:
    case ControlCallRequest::UNMUTE:
      return Cannot("mute");
    case ControlCallRequest::CHANGE_MODE:
      return Cannot("supervise");
    case ControlCallRequest::ASK_FLOW:
      return Cannot("inbound");
    default:
      return Cannot("record");
  }
}

absl::Status Endpoint::Control(const ControlCallRequest& request) {
  const base::MutexLock lock(mutex_);
  const dispatch::v1::CallOrder& order = request.order();
  Live* live = Find(order.room().empty() ? order.id() : order.room());
  if (live == nullptr) return absl::NotFoundError("the call is over");
  absl::StatusOr<Effects> effects = Command(*live, request);
  if (!effects.ok()) return effects.status();
  const std::string call = live->call.id;
  Carry(*live, *std::move(effects));
  EraseIfOver(call);
  return absl::OkStatus();
}

bool Endpoint::Has(const std::string& session) const {
  const base::MutexLock lock(mutex_);
  return calls_.contains(session) || inbound_.contains(session);
}

size_t Endpoint::live_calls() const {
  const base::MutexLock lock(mutex_);
  return calls_.size();
}

void Endpoint::Leave() {
  if (agent_ != nullptr) agent_->Leave();
}

void Endpoint::Probe(std::function<void(int)> done) {
  agent_->Probe(settings_.trunk.Uri(""), std::move(done));
}

}  // namespace ctc::providers::sip::native
