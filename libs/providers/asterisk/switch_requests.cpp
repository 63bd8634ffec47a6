#include "libs/providers/asterisk/switch_requests.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/asterisk/ari_event.h"

namespace ctc::providers::asterisk {
namespace {

using Kind = Action::Kind;

// What the switch would say of an endpoint that does not even look like one.
http::ClientResult NotDiallable() {
  http::ClientResult refused;
  refused.response.status = 400;
  refused.response.body = R"({"message":"the number cannot be dialled"})";
  return refused;
}

bool IsDone(const http::ClientResult& result) {
  return result.response.status >= 200 && result.response.status < 300;
}

}  // namespace

bool SwitchRequests::Succeeded(const Action& action, const http::ClientResult& result) {
  const int status = result.response.status;
  if (IsDone(result)) {
    const bool originates = action.kind == Kind::kDialCustomer || action.kind == Kind::kRingAgent;
    // Somebody else's page is no channel.
    return !originates || ReadId(result.response.body).has_value();
  }
  switch (action.kind) {
    case Kind::kMakeBridge:
    case Kind::kMakeMonitor:
    case Kind::kDialCustomer:
    case Kind::kRingAgent:
    case Kind::kSnoop:
      return status == 409;  // the id exists: an earlier try got through
    case Kind::kTakeMessage:
      // As well said of a channel that has left, where nothing was recorded.
      return status == 409 &&
             ReadErrorText(result.response.body).find("already exists") != std::string::npos;
    default:
      return false;
  }
}

bool SwitchRequests::MayTryAgain(const Action& action, const http::ClientResult& result) {
  const int status = result.response.status;
  // 500 as well when it is just over.
  if (action.kind == Kind::kStopPlay || action.kind == Kind::kStopRingTone) return status == 0;
  if (status == 500 && ReadErrorText(result.response.body) == "Allocation failed") return false;
  return status == 0 || status >= 500 || IsDone(result);
}

const base::ErrorSpec& SwitchRequests::ErrorOf(const http::ClientResult& result) {
  const int status = result.response.status;
  if (status == 401 || status == 403) return base::kProviderCredentials;
  return status == 429 ? base::kProviderRateLimited : base::kProviderError;
}

std::string SwitchRequests::DetailOf(const http::ClientResult& result) {
  if (!result.ok()) return std::string(result.error.status.message());
  if (IsDone(result)) return "Asterisk's answer is not the channel that was asked for";
  return absl::StrCat("Asterisk said ", result.response.status, " ",
                      ReadErrorText(result.response.body));
}

bool SwitchRequests::IsEssential(const Action& action) {
  switch (action.kind) {
    case Kind::kMakeBridge:
    case Kind::kAddToBridge:
    case Kind::kDialCustomer:
    case Kind::kRingAgent:
    case Kind::kFindAgent:
    case Kind::kMakeMonitor:
    case Kind::kAddToMonitor:
    case Kind::kSnoop:
      return true;
    default:
      return false;
  }
}

Task<http::ClientResult> SwitchRequests::Send(SwitchRequest request) {
  const Kind kind = request.action.kind;
  if (kind < Kind::kMakeMonitor) co_return co_await SendRoom(request);
  if (kind < Kind::kMarkCaller) co_return co_await SendMonitor(request);
  co_return co_await SendFlow(request);
}

Task<http::ClientResult> SwitchRequests::SendRoom(const SwitchRequest& request) {
  const CallPlan& plan = request.plan;
  const std::string channel = "/channels/" + request.channel;
  const std::string bridge = "/bridges/" + BridgeId(plan.call);
  switch (request.action.kind) {
    case Kind::kMakeBridge:
      co_return co_await MakeBridge(plan.call);
    case Kind::kAddToBridge:
      co_return co_await ari_.Ask("POST", bridge + "/addChannel?channel=" + request.channel);
    case Kind::kPlayRingTone:
      co_return co_await ari_.Ask("POST", channel + "/play/" + RingToneId(plan.call) +
                                              "?media=tone%3Aring%3Btonezone%3Dus");
    case Kind::kStopRingTone:
      co_return co_await ari_.Ask("DELETE", "/playbacks/" + RingToneId(plan.call));
    case Kind::kRecord:
      co_return co_await ari_.Ask(
          "POST",
          bridge + "/record?name=" + RecordingName(plan.call) +
              "&format=wav&ifExists=append&maxDurationSeconds=0&beep=false&terminateOn=none");
    case Kind::kStopRecording:
      co_return co_await ari_.Ask("POST",
                                  "/recordings/live/" + RecordingName(request.action.id) + "/stop");
    case Kind::kFindRecording:
      co_return co_await FindRecording(request.action.id);
    case Kind::kFindAgent:
      co_return co_await ari_.Ask(
          "POST", channel + "/continue?context=" + settings_.agent_context + "&extension=" +
                      (plan.agent_id.empty() ? "s" : plan.agent_id) + "&priority=1");
    case Kind::kHangUp: {
      const std::string& reason = request.action.text;
      co_return co_await ari_.Ask("DELETE",
                                  channel + "?reason=" + (reason.empty() ? "normal" : reason));
    }
    case Kind::kDestroyBridge:
      co_return co_await ari_.Ask("DELETE", bridge);
    default:
      break;
  }
  co_return co_await DialCustomer(request);
}

Task<http::ClientResult> SwitchRequests::MakeBridge(const std::string& room) {
  const std::string bridge = BridgeId(room);
  // Without dtmf_events a bridge of two phones would pass digits through unseen.
  http::ClientResult made =
      co_await ari_.Ask("POST", "/bridges/" + bridge + "?type=mixing,dtmf_events&name=" + room);
  // Else the end of a recording that ends with the bridge's last party is not always told. It ends
  // with the bridge.
  if (IsDone(made) || made.response.status == 409) {
    (void)co_await ari_.Ask(
        "POST", "/applications/" + settings_.app + "/subscription?eventSource=bridge:" + bridge);
  }
  co_return made;
}

Task<http::ClientResult> SwitchRequests::FindRecording(const std::string& session) {
  const std::string name = RecordingName(session);
  // Its file is whole once this is answered, even by "not found".
  (void)co_await ari_.Ask("POST", "/recordings/live/" + name + "/stop");
  co_return co_await ari_.Get("/recordings/stored/" + name, kAskTimeout);
}

Task<http::ClientResult> SwitchRequests::SendMonitor(const SwitchRequest& request) {
  const std::string snoop = SnoopId(request.channel);
  const std::string bridge = "/bridges/" + MonitorBridgeId(request.channel);
  switch (request.action.kind) {
    case Kind::kMakeMonitor:
      co_return co_await ari_.Ask("POST", bridge + "?type=mixing");
    case Kind::kAddToMonitor:
      co_return co_await ari_.Ask("POST", bridge + "/addChannel?channel=" + request.channel);
    case Kind::kMute:
      co_return co_await ari_.Ask("POST", "/channels/" + request.channel + "/mute?direction=in");
    case Kind::kSnoop:
      co_return co_await Snoop(request);
    case Kind::kAddSnoop:
      co_return co_await ari_.Ask("POST", bridge + "/addChannel?channel=" + snoop);
    default:
      break;
  }
  (void)co_await ari_.Ask("DELETE", "/channels/" + snoop);
  co_return co_await ari_.Ask("DELETE", bridge);
}

Task<http::ClientResult> SwitchRequests::Snoop(const SwitchRequest& request) {
  const std::string snoop = SnoopId(request.channel);
  // Whispering is always open: who may only listen is muted.
  http::ClientResult made =
      co_await ari_.Ask("POST", "/channels/" + request.action.text + "/snoop/" + snoop +
                                    "?spy=both&whisper=out&app=" + settings_.app);
  if (made.response.status != 500) co_return made;
  // What Asterisk says as well of one that an earlier try made.
  http::ClientResult there = co_await ari_.Get("/channels/" + snoop, kAskTimeout);
  co_return there.response.status == 200 ? there : made;
}

Task<http::ClientResult> SwitchRequests::SendFlow(const SwitchRequest& request) {
  const Action& action = request.action;
  const std::string channel = "/channels/" + request.channel;
  switch (action.kind) {
    case Kind::kMarkCaller:
      co_return co_await ari_.Ask(
          "POST", channel + "/variable?variable=CTC_CALL_ID&value=" + request.plan.call);
    case Kind::kAnswerCaller:
      co_return co_await ari_.Ask("POST", channel + "/answer");
    case Kind::kPlay: {
      nlohmann::json body;
      body["media"] = std::vector<std::string>(absl::StrSplit(action.text, ','));
      co_return co_await ari_.Send(
          "POST", channel + "/play/" + action.id,
          body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), kAskTimeout);
    }
    case Kind::kStopPlay:
      co_return co_await ari_.Ask("DELETE", "/playbacks/" + action.id);
    case Kind::kStartMusic:
      co_return co_await ari_.Ask("POST", channel + "/moh");
    case Kind::kStopMusic:
      co_return co_await ari_.Ask("DELETE", channel + "/moh");
    case Kind::kTakeMessage:
      co_return co_await TakeMessage(request);
    case Kind::kEndMessage:
      co_return co_await ari_.Ask("POST", "/recordings/live/" + action.id + "/stop");
    case Kind::kDropMessage:
      co_return co_await ari_.Ask("DELETE", "/recordings/stored/" + action.id);
    default:
      break;
  }
  co_return co_await RingAgent(request);
}

Task<http::ClientResult> SwitchRequests::TakeMessage(const SwitchRequest& request) {
  const Action& action = request.action;
  // Asterisk ends it by these keys itself; by any other the flow does.
  const std::string key = action.text == "#" ? "%23" : action.text == "*" ? "*" : "none";
  co_return co_await ari_.Ask(
      "POST",
      absl::StrCat("/channels/", request.channel, "/record?name=", action.id,
                   "&format=wav&ifExists=fail&maxSilenceSeconds=10&beep=true&maxDurationSeconds=",
                   absl::ToInt64Seconds(action.limit), "&terminateOn=", key));
}

Task<http::ClientResult> SwitchRequests::DialCustomer(const SwitchRequest& request) {
  absl::StatusOr<std::string> endpoint =
      CustomerEndpoint(settings_, account_.config.dial_plan_prefix(), request.plan.to);
  if (!endpoint.ok()) co_return NotDiallable();
  Originate originate;
  originate.channel_id = request.channel;
  originate.endpoint = *std::move(endpoint);
  originate.app = settings_.app;
  originate.args = EncodeArgs(request.plan, kCustomerLeg);
  originate.caller_id = CallerId(account_.config.caller_id(), request.plan.from);
  originate.call = request.plan.call;
  originate.leg = std::string(kCustomerLeg);
  originate.ring_timeout = settings_.ring_timeout;
  co_return co_await ari_.Dial(std::move(originate), kAskTimeout);
}

Task<http::ClientResult> SwitchRequests::RingAgent(const SwitchRequest& request) {
  const std::string& phone = request.action.text;
  absl::StatusOr<std::string> endpoint =
      AgentEndpoint(settings_, account_.config.dial_plan_prefix(), phone);
  if (!endpoint.ok()) co_return NotDiallable();
  const bool outside = phone.starts_with("+");
  Originate originate;
  originate.channel_id = request.channel;
  originate.endpoint = *std::move(endpoint);
  originate.app = settings_.app;
  originate.args = EncodeArgs(PartyPlan());
  // An agent sees who calls; a trunk takes numbers of ours only.
  originate.caller_id = outside ? CallerId(account_.config.caller_id(), request.plan.to)
                                : CallerId("", request.plan.from);
  originate.call = request.plan.call;
  originate.leg = request.action.leg;
  originate.ring_timeout = request.action.limit;
  co_return co_await ari_.Dial(std::move(originate), kAskTimeout);
}

}  // namespace ctc::providers::asterisk
