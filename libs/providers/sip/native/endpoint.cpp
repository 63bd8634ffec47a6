#include "libs/providers/sip/native/endpoint.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error.h"
#include "libs/base/error_catalogue.h"

namespace ctc::providers::sip::native {
namespace {

using dispatch::v1::ControlCallRequest;

constexpr int kDefaultRingSeconds = 45;

std::string TextSetting(const dispatch::v1::Provider& config, const char* name,
                        const char* fallback) {
  const auto found = config.settings().fields().find(name);
  return found == config.settings().fields().end() ? fallback : found->second.string_value();
}

bool IsHostPart(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view(".-_:[]").find(c) != std::string_view::npos;
  });
}

// "sip:host:port" with ";transport=udp" or tcp at most.
bool ReadTarget(const std::string& url, std::string& target) {
  if (!url.starts_with("sip:")) return false;
  target = url.substr(4);
  const size_t semicolon = target.find(';');
  const std::string parameter = semicolon == std::string::npos ? "" : target.substr(semicolon);
  return IsHostPart(target.substr(0, semicolon)) &&
         (parameter.empty() || parameter == ";transport=udp" || parameter == ";transport=tcp");
}

bool IsUser(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("+*#._-").find(c) != std::string_view::npos;
  });
}

// "#" is no character of a SIP user part as it stands.
std::string EscapeUser(std::string_view user) {
  std::string out;
  for (const char c : user) out += c == '#' ? std::string("%23") : std::string(1, c);
  return out;
}

std::string HostOf(const std::string& bind) {
  const size_t begin = bind.find(':') + 1;
  const std::string host = bind.substr(begin, bind.find(':', begin) - begin);
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

bool IsNative(const dispatch::v1::Provider& config) {
  return TextSetting(config, "mode", "") == "native";
}

absl::StatusOr<NativeSettings> ReadNativeSettings(const dispatch::v1::Provider& config) {
  NativeSettings settings;
  base::ErrorDetail detail;
  if (!ReadTarget(config.api_url(), settings.trunk)) {
    detail.fields.push_back(
        {"api_url", "must be sip:host or sip:host:port, with ;transport=udp or ;transport=tcp"});
  }
  const std::string agents = TextSetting(config, "agent_proxy", "");
  settings.agents = settings.trunk;
  if (!agents.empty() && !ReadTarget(agents, settings.agents)) {
    detail.fields.push_back({"settings.agent_proxy", "must be of the form of api_url"});
  }
  settings.bind = TextSetting(config, "bind", "sip:*:*");
  const bool bind = settings.bind.starts_with("sip:") &&
                    std::count(settings.bind.begin(), settings.bind.end(), ':') == 2 &&
                    settings.bind.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-*:") ==
                        std::string::npos;
  if (!bind) detail.fields.push_back({"settings.bind", "must be sip:address:port; * is any"});
  double seconds = kDefaultRingSeconds;
  for (const auto& [name, value] : config.settings().fields()) {
    if (name == "ring_timeout_seconds") {
      seconds = value.number_value();
    } else if (name != "mode" && name != "bind" && name != "agent_proxy") {
      detail.fields.push_back({"settings." + name, "is not known in native mode"});
    }
  }
  if (!(seconds >= 5 && seconds <= 600)) {
    detail.fields.push_back({"settings.ring_timeout_seconds", "must be a number from 5 to 600"});
    seconds = kDefaultRingSeconds;
  }
  settings.ring_timeout = absl::Seconds(static_cast<int64_t>(seconds));
  if (detail.fields.empty()) return settings;
  const std::string message = detail.fields.front().field + " " + detail.fields.front().detail;
  return base::MakeError(base::kValidationFailed, message, std::move(detail));
}

absl::StatusOr<std::string> PhoneUri(const NativeSettings& settings, std::string_view prefix,
                                     std::string_view phone) {
  const size_t at = phone.find('@');
  const std::string_view name = phone.substr(0, at);
  const std::string_view host = at == std::string_view::npos ? "" : phone.substr(at + 1);
  if (!IsUser(name) || (at != std::string_view::npos && !IsHostPart(host))) {
    return absl::InvalidArgumentError("is no number and no phone");
  }
  if (!host.empty()) return "sip:" + EscapeUser(name) + "@" + std::string(host);
  if (name.front() != '+') return "sip:" + EscapeUser(name) + "@" + settings.agents;
  return "sip:" + std::string(prefix) + EscapeUser(name) + "@" + settings.trunk;
}

Endpoint::Endpoint(std::shared_ptr<const Account> account, NativeSettings settings,
                   const base::Clock& clock, FactSink sink)
    : account_(std::move(account)),
      settings_(std::move(settings)),
      clock_(clock),
      sink_(std::move(sink)) {}

absl::StatusOr<std::shared_ptr<Endpoint>> Endpoint::Create(std::shared_ptr<const Account> account,
                                                           const base::Clock& clock,
                                                           FactSink sink) {
  CTC_ASSIGN_OR_RETURN(NativeSettings settings, ReadNativeSettings(account->config));
  UserAgentConfig config{settings.bind, account->api_key, account->api_secret,
                         settings.ring_timeout};
  std::shared_ptr<Endpoint> endpoint(
      new Endpoint(std::move(account), std::move(settings), clock, std::move(sink)));
  Endpoint* self = endpoint.get();
  CTC_ASSIGN_OR_RETURN(
      endpoint->agent_,
      UserAgent::Start(
          std::move(config),
          [self](const LegName& name, const Input& input) { self->OnInput(name, input); },
          [self](const LegName& name) { return self->Told(name); }));
  return endpoint;
}

std::string Endpoint::From(const Live& live, const std::string& leg) const {
  // The agent sees whom he calls; everybody else sees the company.
  const std::string& shown = leg == "agent" ? live.order.to_phone() : live.order.from_phone();
  const std::string user = IsUser(shown) ? EscapeUser(shown) : "anonymous";
  const std::string host = settings_.trunk.substr(0, settings_.trunk.find(';'));
  return absl::StrCat("<sip:", user, "@", host, ">");
}

void Endpoint::Carry(Live& live, Effects effects) {
  for (Action& action : effects.actions) {
    const LegName name{live.call.id, action.leg};
    const std::string uri = live.call.legs.at(action.leg).uri;
    agent_->Perform(name, std::move(action), uri, From(live, name.leg));
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
    item.set_session(live.call.id);
    item.set_provider_id(account_->config.id());
    *item.mutable_fact() = std::move(fact);
  }
  if (!facts.empty()) sink_(account_, std::move(facts));
}

void Endpoint::OnInput(const LegName& name, const Input& input) {
  const base::MutexLock lock(mutex_);
  const auto found = calls_.find(name.call);
  if (found == calls_.end()) return;
  Carry(found->second, Apply(found->second.call, input));
  if (found->second.call.over()) calls_.erase(found);
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

absl::Status Endpoint::Place(const dispatch::v1::CallOrder& order) {
  const std::string& prefix = account_->config.dial_plan_prefix();
  CTC_ASSIGN_OR_RETURN(std::string agent, PhoneUri(settings_, prefix, order.agent_phone()));
  CTC_ASSIGN_OR_RETURN(std::string customer, PhoneUri(settings_, prefix, order.to_phone()));
  const base::MutexLock lock(mutex_);
  if (calls_.contains(order.id())) return absl::OkStatus();
  Live& live = calls_[order.id()];
  live.order = order;
  live.call = NewCall(order.id(), std::move(agent), std::move(customer), HostOf(settings_.bind));
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
      return DialParty(live.call, target.leg_id(), target.party(), *uri);
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
  const auto found =
      calls_.find(request.order().room().empty() ? request.order().id() : request.order().room());
  if (found == calls_.end()) return absl::NotFoundError("the call is over");
  absl::StatusOr<Effects> effects = Command(found->second, request);
  if (!effects.ok()) return effects.status();
  Carry(found->second, *std::move(effects));
  return absl::OkStatus();
}

bool Endpoint::Has(const std::string& call) const {
  const base::MutexLock lock(mutex_);
  return calls_.contains(call);
}

size_t Endpoint::live_calls() const {
  const base::MutexLock lock(mutex_);
  return calls_.size();
}

void Endpoint::Probe(std::function<void(int)> done) {
  agent_->Probe("sip:" + settings_.trunk, std::move(done));
}

}  // namespace ctc::providers::sip::native
