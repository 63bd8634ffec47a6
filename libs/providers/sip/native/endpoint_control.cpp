// Live control of an endpoint's calls: what the API asks for, as the machines' functions.
#include <absl/strings/str_cat.h>

#include "libs/base/error.h"
#include "libs/base/error_catalogue.h"
#include "libs/providers/sip/native/endpoint.h"

namespace ctc::providers::sip::native {
namespace {

using dispatch::v1::ControlCallRequest;

absl::Status Cannot(const char* capability) {
  base::ErrorDetail detail;
  detail.metadata["capability"] = capability;
  return base::MakeError(base::kCapabilityMissing,
                         absl::StrCat("SIP without media of ours has no ", capability),
                         std::move(detail));
}

// What an action without which a call can do when its sound does not pass here.
const char* CapabilityOf(ControlCallRequest::Action action) {
  switch (action) {
    case ControlCallRequest::MUTE:
    case ControlCallRequest::UNMUTE:
      return "mute";
    case ControlCallRequest::CHANGE_MODE:
      return "supervise";
    case ControlCallRequest::ASK_FLOW:
      return "inbound";
    default:
      return "record";
  }
}

}  // namespace

absl::StatusOr<Effects> Endpoint::DialTarget(Live& live, const ControlCallRequest& request) {
  const ControlCallRequest::Target& target = request.target();
  const bool talks =
      target.party() == session::v1::Leg::CONSULT || target.party() == session::v1::Leg::AGENT;
  const bool listens =
      target.party() == session::v1::Leg::SUPERVISOR || target.party() == session::v1::Leg::GUEST;
  if (!talks && !(listens && settings_.anchored)) return Cannot("conference");
  absl::StatusOr<std::string> uri =
      PhoneUri(settings_, account_->config.dial_plan_prefix(), target.phone());
  if (!uri.ok()) return base::InvalidField("target", "cannot be called by SIP");
  // Not where the account was told to refer since: the stack was not started to be told of it.
  if (target.by_refer() && settings_.refers) {
    return std::visit(
        [&](auto& call) {
          return SendRefer(call, target.leg_id(), *std::move(uri), target.ring_seconds());
        },
        live.call);
  }
  Callee callee;
  callee.leg = target.leg_id();
  callee.party = target.party();
  callee.uri = *std::move(uri);
  callee.phone = target.phone();
  callee.ring_seconds = target.ring_seconds();
  callee.mode = target.mode();
  return Dial(live, std::move(callee));
}

absl::StatusOr<Effects> Endpoint::CommandSound(Live& live, const ControlCallRequest& request) {
  AnchoredCall* call = std::get_if<AnchoredCall>(&live.call);
  if (call == nullptr) return Cannot(CapabilityOf(request.action()));
  switch (request.action()) {
    case ControlCallRequest::MUTE:
      return Mute(*call, true);
    case ControlCallRequest::UNMUTE:
      return Mute(*call, false);
    case ControlCallRequest::CHANGE_MODE:
      return ChangeMode(*call, request.target().leg_id(), request.target().mode());
    case ControlCallRequest::START_RECORDING:
      return StartRecording(*call, request.order().id());
    case ControlCallRequest::STOP_RECORDING:
      return StopRecording(*call);
    case ControlCallRequest::PAUSE_RECORDING:
      return PauseRecording(*call, true);
    case ControlCallRequest::RESUME_RECORDING:
      return PauseRecording(*call, false);
    default:
      return Cannot("inbound");
  }
}

absl::StatusOr<Effects> Endpoint::Command(Live& live, const ControlCallRequest& request) {
  const std::string& leg = request.target().leg_id();
  switch (request.action()) {
    case ControlCallRequest::HANG_UP:
      return std::visit([](auto& call) { return HangUp(call); }, live.call);
    case ControlCallRequest::HOLD:
      return std::visit([](auto& call) { return Hold(call); }, live.call);
    case ControlCallRequest::RESUME:
      return std::visit([](auto& call) { return Resume(call); }, live.call);
    case ControlCallRequest::SEND_DTMF:
      return std::visit([&](auto& call) { return SendDigits(call, request.digits()); }, live.call);
    case ControlCallRequest::DIAL_PARTY:
      return DialTarget(live, request);
    case ControlCallRequest::DROP_PARTY:
      return std::visit([&](auto& call) { return DropParty(call, leg); }, live.call);
    case ControlCallRequest::HAND_OVER:
      return std::visit([&](auto& call) { return HandOver(call, leg); }, live.call);
    default:
      return CommandSound(live, request);
  }
}

absl::Status Endpoint::Control(const ControlCallRequest& request) {
  const base::MutexLock lock(mutex_);
  const dispatch::v1::CallOrder& order = request.order();
  Live* live = Find(order.room().empty() ? order.id() : order.room());
  if (live == nullptr) return absl::NotFoundError("the call is over");
  absl::StatusOr<Effects> effects = Command(*live, request);
  if (!effects.ok()) return effects.status();
  const std::string call = live->id;
  Carry(*live, *std::move(effects));
  EraseIfOver(call);
  return absl::OkStatus();
}

}  // namespace ctc::providers::sip::native
