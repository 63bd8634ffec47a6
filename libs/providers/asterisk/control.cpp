#include "libs/providers/asterisk/control.h"

#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <set>

#include "libs/base/error_catalogue.h"
#include "libs/base/ids.h"
#include "libs/providers/asterisk/ari_event.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::asterisk {
namespace {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using session::v1::Leg;

}  // namespace

Control::Control(http::Client& http, const Account& account, const DialSettings& settings,
                 const ControlCallRequest& request)
    : account_(account),
      settings_(settings),
      request_(request),
      room_(request.order().room().empty() ? request.order().id() : request.order().room()),
      ari_(http, account, settings.ari_url) {}

std::string Control::AgentLeg() const {
  std::string found(kAgentLeg);
  for (const Leg& leg : request_.legs()) {
    if (leg.party() == Leg::AGENT && leg.state() != Leg::ENDED && IsLegId(leg.id())) {
      found = leg.id();
    }
  }
  return found;
}

std::string Control::ChannelOf(const std::string& leg) const {
  for (const Leg& known : request_.legs()) {
    if (known.id() == leg && IsChannelId(known.provider_leg_id())) return known.provider_leg_id();
  }
  const bool inbound = request_.order().direction() == session::v1::Session::INBOUND;
  const bool customer = leg == kCustomerLeg;
  if (customer && inbound && IsChannelId(request_.provider_call_id())) {
    return request_.provider_call_id();
  }
  // The customer stays the one of the first session, whoever talks to him.
  return ChannelId(LegName{room_, leg, customer ? room_ : request_.order().id()});
}

Task<absl::StatusOr<Control::Asked>> Control::Ask(std::string method, std::string path) {
  const http::ClientResult result = co_await ari_.Ask(std::move(method), std::move(path));
  const int status = result.response.status;
  if (status == 404 ||
      (status == 400 && ReadErrorText(result.response.body) == "Channel not found")) {
    co_return Asked::kGone;
  }
  if (status == 409 || status == 422) {
    co_return base::MakeError(base::kCallNotLive, ReadErrorText(result.response.body));
  }
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  co_return Asked::kDone;
}

Task<absl::Status> Control::Ensure(std::string path) {
  const http::ClientResult result = co_await ari_.Ask("POST", std::move(path));
  if (result.response.status == 409) co_return absl::OkStatus();
  if (result.response.status == 404) {
    co_return base::MakeError(base::kCallNotLive, ReadErrorText(result.response.body));
  }
  co_return ControlStatus(result);
}

Task<absl::StatusOr<ControlCallResponse>> Control::Run() {
  if (!base::IsUuid(room_)) co_return base::InvalidField("order.room", "must be a UUID");
  absl::StatusOr<Asked> asked = Asked::kDone;
  switch (request_.action()) {
    case ControlCallRequest::HANG_UP:
      asked = co_await HangUp();
      break;
    case ControlCallRequest::HOLD:
    case ControlCallRequest::RESUME:
      asked = co_await HoldOrResume();
      break;
    case ControlCallRequest::MUTE:
    case ControlCallRequest::UNMUTE: {
      const bool mute = request_.action() == ControlCallRequest::MUTE;
      std::string path = "/channels/" + ChannelOf(AgentLeg()) + "/mute?direction=in";
      asked = co_await Ask(mute ? "POST" : "DELETE", std::move(path));
      break;
    }
    case ControlCallRequest::SEND_DTMF:
      asked = co_await SendDigits();
      break;
    case ControlCallRequest::START_RECORDING:
    case ControlCallRequest::STOP_RECORDING:
    case ControlCallRequest::PAUSE_RECORDING:
    case ControlCallRequest::RESUME_RECORDING:
      asked = co_await ControlRecording();
      break;
    case ControlCallRequest::DIAL_PARTY:
      asked = co_await DialParty();
      break;
    case ControlCallRequest::DROP_PARTY:
      asked = co_await DropParty(request_.target().leg_id());
      break;
    case ControlCallRequest::HAND_OVER:
      asked = co_await HandOver();
      break;
    case ControlCallRequest::CHANGE_MODE:
      asked = co_await ChangeMode();
      break;
    default:
      co_return base::MakeError(base::kCapabilityMissing, "Asterisk does not know this action");
  }
  if (!asked.ok()) co_return asked.status();
  ControlCallResponse response;
  response.set_call_is_gone(*asked == Asked::kGone);
  co_return response;
}

Task<absl::StatusOr<Control::Asked>> Control::HangUp() {
  // The customer first: nobody is left listening to an empty line. All are tried whatever one says.
  const std::string agent = AgentLeg();
  std::vector<std::string> channels = {ChannelOf(std::string(kCustomerLeg)), ChannelOf(agent)};
  for (const Leg& leg : request_.legs()) {
    if (leg.state() == Leg::ENDED || !IsLegId(leg.id())) continue;
    if (leg.id() != kCustomerLeg && leg.id() != agent) channels.push_back(ChannelOf(leg.id()));
  }
  Asked asked = Asked::kGone;
  absl::Status fault;
  for (const std::string& channel : channels) {
    std::string path = absl::StrCat("/channels/", channel, "?reason=normal");
    const absl::StatusOr<Asked> leg = co_await Ask("DELETE", std::move(path));
    if (!leg.ok()) {
      fault = leg.status();
    } else if (*leg == Asked::kDone) {
      asked = Asked::kDone;
    }
  }
  std::string bridge = "/bridges/" + BridgeId(room_);
  // An empty bridge that stays costs nothing; the driver removes it as well.
  (void)co_await Ask("DELETE", std::move(bridge));
  if (!fault.ok()) co_return fault;
  co_return asked;
}

Task<absl::StatusOr<Control::Asked>> Control::HoldOrResume() {
  const std::string customer = "/channels/" + ChannelOf(std::string(kCustomerLeg));
  if (request_.action() == ControlCallRequest::HOLD) {
    // Music alone would leave the agent listening to the customer.
    CTC_CO_ASSIGN_OR_RETURN(const Asked muted,
                            co_await Ask("POST", customer + "/mute?direction=in"));
    if (muted == Asked::kGone) co_return muted;
    const absl::StatusOr<Asked> music = co_await Ask("POST", customer + "/moh");
    if (music.ok()) co_return music;
    // Who is not on hold is never resumed. An answer that got lost may have been a yes.
    (void)co_await Ask("DELETE", customer + "/moh");
    (void)co_await Ask("DELETE", customer + "/mute?direction=in");
    co_return music;
  }
  CTC_CO_ASSIGN_OR_RETURN(const Asked stopped, co_await Ask("DELETE", customer + "/moh"));
  if (stopped == Asked::kGone) co_return stopped;
  CTC_CO_ASSIGN_OR_RETURN(const Asked heard,
                          co_await Ask("DELETE", customer + "/mute?direction=in"));
  const bool agent_was_rung_again = AgentLeg().starts_with("agent-");
  if (agent_was_rung_again) co_await StopMusicAgain();
  co_return heard;
}

Task<absl::StatusOr<Control::Asked>> Control::SendDigits() {
  // In the body: digits of a payment must not stand in a URL that is logged.
  nlohmann::json body;
  body["dtmf"] = request_.digits();
  std::string path = "/channels/" + ChannelOf(std::string(kCustomerLeg)) + "/dtmf";
  const http::ClientResult result =
      co_await ari_.Send("POST", std::move(path), body.dump(), kAskTimeout);
  if (result.response.status == 404) co_return Asked::kGone;
  if (result.response.status == 409) {
    co_return base::MakeError(base::kCallNotLive, "the customer has not answered");
  }
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  co_return Asked::kDone;
}

Task<absl::StatusOr<Control::Asked>> Control::ControlLive(const std::string& name) {
  const std::string live = "/recordings/live/" + name;
  if (request_.action() == ControlCallRequest::STOP_RECORDING) {
    co_return co_await Ask("POST", live + "/stop");
  }
  const bool pause = request_.action() == ControlCallRequest::PAUSE_RECORDING;
  co_return co_await Ask(pause ? "POST" : "DELETE", live + "/pause");
}

Task<absl::StatusOr<Control::Asked>> Control::ControlRecording() {
  const std::string name = RecordingName(request_.order().id());
  if (request_.action() == ControlCallRequest::START_RECORDING) {
    absl::StatusOr<Asked> started = co_await Ask(
        "POST",
        absl::StrCat(
            "/bridges/", BridgeId(room_), "/record?name=", name,
            "&format=wav&ifExists=append&maxDurationSeconds=0&beep=false&terminateOn=none"));
    // 409: it runs already.
    if (base::IsError(started.status(), base::kCallNotLive)) co_return Asked::kDone;
    co_return started;
  }
  absl::StatusOr<Asked> asked = co_await ControlLive(name);
  // One that began before a transfer goes on after it.
  const std::string first = RecordingName(room_);
  if (asked.ok() && *asked == Asked::kGone && first != name) asked = co_await ControlLive(first);
  if (!asked.ok() || *asked == Asked::kDone) co_return asked;
  // 404 names the recording only: the call itself may live on.
  CTC_CO_ASSIGN_OR_RETURN(const Asked bridge, co_await Ask("GET", "/bridges/" + BridgeId(room_)));
  if (bridge == Asked::kGone) co_return Asked::kGone;
  co_return base::MakeError(base::kCallNotLive, "no recording runs");
}

}  // namespace ctc::providers::asterisk
