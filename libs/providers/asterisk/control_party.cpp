// Control of single parties: rung, dropped, handed over to, supervisors. The rest is in
// control.cpp.
#include <absl/strings/str_cat.h>

#include <chrono>

#include "libs/base/error_catalogue.h"
#include "libs/providers/asterisk/ari_event.h"
#include "libs/providers/asterisk/control.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::asterisk {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using session::v1::Leg;

namespace {

Task<void> Pause(std::chrono::milliseconds how_long) {
  asio::steady_timer timer(co_await asio::this_coro::executor, how_long);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

absl::StatusOr<Originate> Control::OriginateOf() const {
  const ControlCallRequest::Target& target = request_.target();
  const CallOrder& order = request_.order();
  if (!IsLegId(target.leg_id()) || PartyOf(target.leg_id()) == Leg::PARTY_UNSPECIFIED ||
      target.leg_id() == kCustomerLeg) {
    return base::InvalidField("target.leg_id", "is not the id of a leg that can be rung");
  }
  absl::StatusOr<std::string> endpoint =
      AgentEndpoint(settings_, account_.config.dial_plan_prefix(), target.phone());
  if (!endpoint.ok()) {
    return base::MakeError(base::kInvalidDestination, std::string(endpoint.status().message()));
  }
  const bool inbound = order.direction() == session::v1::Session::INBOUND;
  const std::string& ours = inbound ? order.to_phone() : order.from_phone();
  const std::string& customer = inbound ? order.from_phone() : order.to_phone();
  const bool outside = !target.phone().empty() && target.phone().front() == '+';
  PartyPlan plan;
  const bool listens =
      target.mode() == ControlCallRequest::LISTEN || target.mode() == ControlCallRequest::WHISPER;
  if (listens) plan.watches = ChannelOf(AgentLeg());
  plan.whispers = target.mode() == ControlCallRequest::WHISPER;
  Originate originate;
  originate.channel_id = ChannelId(LegName{room_, target.leg_id(), order.id()});
  originate.endpoint = *std::move(endpoint);
  originate.app = settings_.app;
  originate.args = EncodeArgs(plan);
  // A colleague sees whom he will talk to; a trunk takes numbers of ours only.
  originate.caller_id = outside ? CallerId(account_.config.caller_id(), ours)
                                : CallerId(order.contact_name(), customer);
  originate.call = room_;
  originate.leg = target.leg_id();
  originate.ring_timeout =
      target.ring_seconds() > 0 ? absl::Seconds(target.ring_seconds()) : settings_.ring_timeout;
  return originate;
}

Task<absl::StatusOr<Control::Asked>> Control::DialParty() {
  CTC_CO_ASSIGN_OR_RETURN(Originate originate, OriginateOf());
  const http::ClientResult result = co_await ari_.Dial(std::move(originate), kAskTimeout);
  const int status = result.response.status;
  if (status == 409) co_return Asked::kDone;  // the id is this leg's: an earlier try got through
  if (status == 400 || status == 422 ||
      (status == 500 && ReadErrorText(result.response.body) == "Allocation failed")) {
    co_return base::MakeError(
        base::kProviderRefused,
        absl::StrCat("Asterisk cannot reach the endpoint: ", ReadErrorText(result.response.body)));
  }
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  co_return Asked::kDone;
}

// The reason tells the driver that the others go on, even before it knows of who follows.
Task<absl::StatusOr<Control::Asked>> Control::DropParty(std::string leg) {
  if (!IsLegId(leg)) co_return base::InvalidField("target.leg_id", "is not the id of a leg");
  std::string path = "/channels/" + ChannelOf(leg) + "?reason=answered_elsewhere";
  CTC_CO_ASSIGN_OR_RETURN(const Asked dropped, co_await Ask("DELETE", std::move(path)));
  (void)dropped;  // one that has left already is dropped as well; the call itself goes on
  co_return Asked::kDone;
}

Task<absl::StatusOr<Control::Asked>> Control::HandOver() {
  const std::string customer = "/channels/" + ChannelOf(std::string(kCustomerLeg));
  CTC_CO_ASSIGN_OR_RETURN(const Asked stopped, co_await Ask("DELETE", customer + "/moh"));
  if (stopped == Asked::kGone) co_return stopped;
  CTC_CO_ASSIGN_OR_RETURN(const Asked heard,
                          co_await Ask("DELETE", customer + "/mute?direction=in"));
  if (heard == Asked::kGone) co_return heard;
  // Before the agent is let go: from then on the handover is to be written down soon.
  co_await StopMusicAgain();
  co_return co_await DropParty(AgentLeg());
}

// A stop that comes while the bridge takes somebody in may be answered 204 and lost: the music goes
// on (Asterisk 22, rarely, under load). So it is said once more, when the bridge is at rest.
Task<void> Control::StopMusicAgain() {
  co_await Pause(std::chrono::milliseconds(200));
  std::string path = "/channels/" + ChannelOf(std::string(kCustomerLeg)) + "/moh";
  (void)co_await Ask("DELETE", std::move(path));
}

Task<absl::Status> Control::EnsureSnoop(const std::string& supervisor) {
  const std::string snoop = SnoopId(supervisor);
  CTC_CO_ASSIGN_OR_RETURN(const Asked there, co_await Ask("GET", "/channels/" + snoop));
  if (there == Asked::kDone) co_return absl::OkStatus();
  std::string path = absl::StrCat("/channels/", ChannelOf(AgentLeg()), "/snoop/", snoop,
                                  "?spy=both&whisper=out&app=", settings_.app);
  co_return co_await Ensure(std::move(path));
}

// Asterisk answers 409 for the moment in which a channel is on its way from bridge to bridge.
Task<absl::StatusOr<Control::Asked>> Control::Move(std::string channel, std::string bridge) {
  constexpr int kTries = 10;
  const std::string path = "/bridges/" + bridge + "/addChannel?channel=" + channel;
  for (int tried = 1;; ++tried) {
    absl::StatusOr<Asked> added = co_await Ask("POST", path);
    if (tried == kTries || !base::IsError(added.status(), base::kCallNotLive)) co_return added;
    co_await Pause(std::chrono::milliseconds(50));
  }
}

Task<absl::StatusOr<Control::Asked>> Control::ChangeMode() {
  const ControlCallRequest::Target& target = request_.target();
  if (PartyOf(target.leg_id()) != Leg::SUPERVISOR || !IsLegId(target.leg_id())) {
    co_return base::InvalidField("target.leg_id", "is not a supervisor's");
  }
  const std::string supervisor = ChannelOf(target.leg_id());
  const std::string mute = "/channels/" + supervisor + "/mute?direction=in";
  std::string bridge = BridgeId(room_);
  if (target.mode() == ControlCallRequest::LISTEN || target.mode() == ControlCallRequest::WHISPER) {
    bridge = MonitorBridgeId(supervisor);
    CTC_CO_RETURN_IF_ERROR(co_await Ensure("/bridges/" + bridge + "?type=mixing"));
    CTC_CO_RETURN_IF_ERROR(co_await EnsureSnoop(supervisor));
  }
  // Silent before it is let in.
  if (target.mode() == ControlCallRequest::LISTEN) {
    CTC_CO_ASSIGN_OR_RETURN(const Asked muted, co_await Ask("POST", mute));
    if (muted == Asked::kGone) co_return base::MakeError(base::kCallNotLive, "it has left");
  }
  CTC_CO_ASSIGN_OR_RETURN(const Asked added, co_await Move(supervisor, bridge));
  if (added == Asked::kGone) co_return base::MakeError(base::kCallNotLive, "it has left");
  if (target.mode() != ControlCallRequest::LISTEN) {
    CTC_CO_RETURN_IF_ERROR((co_await Ask("DELETE", mute)).status());
  }
  co_return Asked::kDone;
}

}  // namespace ctc::providers::asterisk
