#include "libs/providers/asterisk/adapter.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/asterisk/ari_client.h"
#include "libs/providers/asterisk/ari_event.h"
#include "libs/providers/asterisk/dialling.h"
#include "libs/providers/outcome.h"
#include "libs/providers/signed_webhook.h"

namespace ctc::providers::asterisk {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::CallFact;

// How an ask ended, where "not there" is an answer of its own.
enum class Asked { kDone, kGone };

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

Party FirstParty(const CallOrder& order) {
  return order.agent_phone().empty() ? Party::kCustomer : Party::kAgent;
}

// 4xx of an originate that are not the same for all providers.
PlaceCallResponse RefusalOf(const http::ClientResponse& response, const std::string& channel_id) {
  const std::string text = ReadErrorText(response.body);
  const std::string detail = absl::StrCat("Asterisk said ", response.status, " ", text);
  // The id is ours alone, so a channel that has it is this call.
  if (response.status == 409) return Accepted(channel_id);
  if (response.status == 422) {
    return Refused(base::kInvalidDestination, detail, FailOver::kForbidden,
                   session::v1::INVALID_NUMBER);
  }
  if (response.status == 404) {  // REST answers before ARI is loaded: nothing was placed
    return Refused(base::kProviderError, detail, FailOver::kAllowed, session::v1::PROVIDER_ERROR);
  }
  return Refused(base::kProviderRefused, detail, FailOver::kAllowed,
                 session::v1::PROVIDER_REJECTED);
}

PlaceCallResponse OutcomeOf(const http::ClientResult& result, const std::string& channel_id) {
  // The one 5xx that is a definite no: the endpoint does not exist or its phone is not registered.
  if (result.response.status == 500 && ReadErrorText(result.response.body) == "Allocation failed") {
    return Refused(base::kProviderRefused, "Asterisk cannot reach the endpoint: Allocation failed",
                   FailOver::kAllowed, session::v1::UNREACHABLE);
  }
  if (auto common = CommonOutcome(result)) return *std::move(common);
  if (result.response.status >= 400) return RefusalOf(result.response, channel_id);
  if (!ReadId(result.response.body).has_value()) {
    return UnknownOutcome(base::kSubmissionUnknown, "the answer is not a channel");
  }
  return Accepted(channel_id);
}

class AsteriskAdapter final : public Adapter {
 public:
  explicit AsteriskAdapter(const Environment& environment) : environment_(environment) {}

  dispatch::v1::ProviderTypeInfo Describe() const override;
  absl::Status CheckAccount(const Account& account) const override;
  Task<PlaceCallResponse> Place(const Account& account, const CallOrder& order) override;
  Task<absl::StatusOr<ControlCallResponse>> Control(const Account& account,
                                                    const ControlCallRequest& request) override;
  Task<absl::StatusOr<LookUpCallResponse>> LookUp(const Account& account,
                                                  const LookUpCallRequest& request) override;
  Task<absl::StatusOr<std::string>> Check(const Account& account) override;

  dispatch::v1::ReadWebhookResponse ReadWebhook(const Account& account,
                                                const common::v1::HttpRequest& request,
                                                absl::Time now) const override {
    return ReadSignedWebhook(account, request, now, environment_.window);
  }
  // The event socket's driver dials the customer.
  bool CustomerIsDialledByUs() const override { return false; }
  Task<PlaceCallResponse> DialCustomer(const Account&, const CallOrder&) override {
    co_return NotSent(base::kCapabilityMissing, "the event socket's driver dials the customer");
  }
  Task<absl::StatusOr<LookUpCallResponse>> LookUpCustomer(const Account&,
                                                          const CallOrder&) override {
    co_return base::MakeError(base::kCapabilityMissing, "the event socket's driver knows the legs");
  }

 private:
  Task<absl::StatusOr<Asked>> Ask(AriClient& ari, std::string method, std::string path);
  Task<absl::StatusOr<Asked>> HangUp(AriClient& ari, const CallOrder& order);
  Task<absl::StatusOr<Asked>> ControlLeg(AriClient& ari, const ControlCallRequest& request);
  Task<absl::StatusOr<Asked>> ControlRecording(AriClient& ari, const ControlCallRequest& request);

  Environment environment_;
};

void AddField(dispatch::v1::ProviderTypeInfo& info, const char* name, bool required, bool secret,
              const char* description) {
  auto& field = *info.add_fields();
  field.set_name(name);
  field.set_required(required);
  field.set_secret(secret);
  field.set_description(description);
}

dispatch::v1::ProviderTypeInfo AsteriskAdapter::Describe() const {
  dispatch::v1::ProviderTypeInfo info;
  info.set_provider_type(common::v1::ProviderType::ASTERISK);
  AddField(info, "api_url", true, false, "Base URL of Asterisk's HTTP server, as http://pbx:8088.");
  AddField(info, "auth_token", true, true, "ARI user:password; without a colon, a bearer token.");
  AddField(info, "phone_number", true, false, "Number shown to the customer, E.164.");
  AddField(info, "caller_id", false, false, "Name shown with the number.");
  AddField(info, "dial_plan_prefix", false, false, "Put before the number when dialling.");
  AddField(info, "webhook_secret", false, true, "Key of X-Signature; webhooks need it.");
  AddField(info, "settings.endpoint_template", false, false,
           "How a number is dialled; PJSIP/{prefix}{number} by default, as PJSIP/{number}@trunk.");
  AddField(info, "settings.agent_endpoint_template", false, false,
           "How an agent's phone is rung; PJSIP/{agent_phone} by default.");
  AddField(info, "settings.app", false, false, "Stasis application; ctc by default.");
  AddField(info, "settings.agent_context", false, false,
           "Dialplan context that finds the agent when a call names none.");
  AddField(info, "settings.ring_timeout_seconds", false, false, "5 to 600; 45 by default.");
  for (const char* capability : {"place", "hang_up", "hold", "mute", "dtmf", "record",
                                 "pause_recording", "look_up", "event_socket", "webhook"}) {
    info.add_capabilities(capability);
  }
  info.set_webhook_path("/api/v1/webhooks/voip/asterisk");
  return info;
}

absl::Status AsteriskAdapter::CheckAccount(const Account& account) const {
  if (account.auth_token.empty() && (account.api_key.empty() || account.api_secret.empty())) {
    return base::InvalidField("auth_token", "ARI's user:password is required");
  }
  return ReadSettings(account.config).status();
}

Task<PlaceCallResponse> AsteriskAdapter::Place(const Account& account, const CallOrder& order) {
  const absl::StatusOr<DialSettings> settings = ReadSettings(account.config);
  if (!settings.ok()) co_return NotSent(base::kProviderError, MessageOf(settings.status()));
  const std::string& prefix = account.config.dial_plan_prefix();
  const Party party = FirstParty(order);
  const bool agent = party == Party::kAgent;
  absl::StatusOr<std::string> endpoint =
      agent ? AgentEndpoint(*settings, prefix, order.agent_phone())
            : CustomerEndpoint(*settings, prefix, order.to_phone());
  if (endpoint.ok() && agent) {
    // Refused before the agent's phone rings rather than after.
    if (auto customer = CustomerEndpoint(*settings, prefix, order.to_phone()); !customer.ok()) {
      endpoint = customer.status();
    }
  }
  if (!endpoint.ok()) {
    co_return Refused(base::kInvalidDestination, MessageOf(endpoint.status()), FailOver::kForbidden,
                      session::v1::INVALID_NUMBER);
  }
  Originate originate;
  originate.channel_id = ChannelId(order.id(), party);
  originate.endpoint = *std::move(endpoint);
  originate.app = settings->app;
  originate.args = EncodeArgs(PlanOf(order), party);
  // The agent sees whom he calls; the customer sees the company.
  originate.caller_id = agent ? CallerId(order.contact_name(), order.to_phone())
                              : CallerId(account.config.caller_id(), order.from_phone());
  originate.call = order.id();
  originate.party = party;
  originate.ring_timeout = settings->ring_timeout;
  const std::string channel_id = originate.channel_id;
  AriClient ari(environment_.http, account, settings->ari_url);
  const absl::Duration timeout = absl::Seconds(std::max(1, account.config.timeout_seconds()));
  const http::ClientResult result = co_await ari.Dial(std::move(originate), timeout);
  co_return OutcomeOf(result, channel_id);
}

Task<absl::StatusOr<Asked>> AsteriskAdapter::Ask(AriClient& ari, std::string method,
                                                 std::string path) {
  const http::ClientResult result = co_await ari.Ask(std::move(method), std::move(path));
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

Task<absl::StatusOr<ControlCallResponse>> AsteriskAdapter::Control(
    const Account& account, const ControlCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const DialSettings settings, ReadSettings(account.config));
  AriClient ari(environment_.http, account, settings.ari_url);
  absl::StatusOr<Asked> asked = Asked::kDone;
  switch (request.action()) {
    case ControlCallRequest::HANG_UP:
      asked = co_await HangUp(ari, request.order());
      break;
    case ControlCallRequest::START_RECORDING:
    case ControlCallRequest::STOP_RECORDING:
    case ControlCallRequest::PAUSE_RECORDING:
    case ControlCallRequest::RESUME_RECORDING:
      asked = co_await ControlRecording(ari, request);
      break;
    default:
      asked = co_await ControlLeg(ari, request);
  }
  if (!asked.ok()) co_return asked.status();
  ControlCallResponse response;
  response.set_call_is_gone(*asked == Asked::kGone);
  co_return response;
}

Task<absl::StatusOr<Asked>> AsteriskAdapter::HangUp(AriClient& ari, const CallOrder& order) {
  // The customer first: nobody is left listening to an empty line. All are tried whatever one says.
  Asked asked = Asked::kGone;
  absl::Status fault;
  for (const Party party : {Party::kCustomer, Party::kAgent}) {
    std::string path = absl::StrCat("/channels/", ChannelId(order.id(), party), "?reason=normal");
    const absl::StatusOr<Asked> leg = co_await Ask(ari, "DELETE", std::move(path));
    if (!leg.ok()) {
      fault = leg.status();
    } else if (*leg == Asked::kDone) {
      asked = Asked::kDone;
    }
  }
  std::string bridge = "/bridges/" + BridgeId(order.id());
  // An empty bridge that stays costs nothing; the driver removes it as well.
  (void)co_await Ask(ari, "DELETE", std::move(bridge));
  if (!fault.ok()) co_return fault;
  co_return asked;
}

Task<absl::StatusOr<Asked>> AsteriskAdapter::ControlLeg(AriClient& ari,
                                                        const ControlCallRequest& request) {
  const std::string customer = "/channels/" + ChannelId(request.order().id(), Party::kCustomer);
  const std::string agent = "/channels/" + ChannelId(request.order().id(), Party::kAgent);
  switch (request.action()) {
    case ControlCallRequest::HOLD: {
      // Music alone would leave the agent listening to the customer.
      CTC_CO_ASSIGN_OR_RETURN(const Asked muted,
                              co_await Ask(ari, "POST", customer + "/mute?direction=in"));
      if (muted == Asked::kGone) co_return muted;
      co_return co_await Ask(ari, "POST", customer + "/moh");
    }
    case ControlCallRequest::RESUME: {
      CTC_CO_ASSIGN_OR_RETURN(const Asked stopped, co_await Ask(ari, "DELETE", customer + "/moh"));
      if (stopped == Asked::kGone) co_return stopped;
      co_return co_await Ask(ari, "DELETE", customer + "/mute?direction=in");
    }
    case ControlCallRequest::MUTE:
      co_return co_await Ask(ari, "POST", agent + "/mute?direction=in");
    case ControlCallRequest::UNMUTE:
      co_return co_await Ask(ari, "DELETE", agent + "/mute?direction=in");
    case ControlCallRequest::SEND_DTMF: {
      // In the body: digits of a payment must not stand in a URL that is logged.
      nlohmann::json body;
      body["dtmf"] = request.digits();
      const http::ClientResult result =
          co_await ari.Send("POST", customer + "/dtmf", body.dump(), kAskTimeout);
      if (result.response.status == 404) co_return Asked::kGone;
      if (result.response.status == 409) {
        co_return base::MakeError(base::kCallNotLive, "the customer has not answered");
      }
      CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
      co_return Asked::kDone;
    }
    default:
      co_return base::MakeError(base::kCapabilityMissing, "Asterisk does not know this action");
  }
}

Task<absl::StatusOr<Asked>> AsteriskAdapter::ControlRecording(AriClient& ari,
                                                              const ControlCallRequest& request) {
  const std::string& call = request.order().id();
  const std::string live = "/recordings/live/" + RecordingName(call);
  if (request.action() == ControlCallRequest::START_RECORDING) {
    absl::StatusOr<Asked> started = co_await Ask(
        ari, "POST",
        absl::StrCat(
            "/bridges/", BridgeId(call), "/record?name=", RecordingName(call),
            "&format=wav&ifExists=append&maxDurationSeconds=0&beep=false&terminateOn=none"));
    // 409: it runs already.
    if (base::IsError(started.status(), base::kCallNotLive)) co_return Asked::kDone;
    co_return started;
  }
  absl::StatusOr<Asked> asked = Asked::kDone;
  if (request.action() == ControlCallRequest::STOP_RECORDING) {
    asked = co_await Ask(ari, "POST", live + "/stop");
  } else if (request.action() == ControlCallRequest::PAUSE_RECORDING) {
    asked = co_await Ask(ari, "POST", live + "/pause");
  } else {
    asked = co_await Ask(ari, "DELETE", live + "/pause");
  }
  if (!asked.ok() || *asked == Asked::kDone) co_return asked;
  // 404 names the recording only: the call itself may live on.
  CTC_CO_ASSIGN_OR_RETURN(const Asked bridge,
                          co_await Ask(ari, "GET", "/bridges/" + BridgeId(call)));
  if (bridge == Asked::kGone) co_return Asked::kGone;
  co_return base::MakeError(base::kCallNotLive, "no recording runs");
}

Task<absl::StatusOr<LookUpCallResponse>> AsteriskAdapter::LookUp(const Account& account,
                                                                 const LookUpCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const DialSettings settings, ReadSettings(account.config));
  AriClient ari(environment_.http, account, settings.ari_url);
  LookUpCallResponse response;
  response.set_found(LookUpCallResponse::NOT_FOUND);
  for (const Party party : {Party::kAgent, Party::kCustomer}) {
    const std::string id = ChannelId(request.order().id(), party);
    const http::ClientResult result = co_await ari.Get("/channels/" + id, kAskTimeout);
    if (result.response.status == 404 &&
        ReadErrorText(result.response.body) == "Channel not found") {
      continue;
    }
    const auto state = ReadChannelState(result.response.body);
    if (result.response.status != 200 || !state.has_value()) {
      response.set_found(LookUpCallResponse::FOUND_UNSPECIFIED);
      co_return response;
    }
    response.set_found(LookUpCallResponse::LIVE);
    if (response.provider_call_id().empty()) response.set_provider_call_id(id);
  }
  co_return response;
}

Task<absl::StatusOr<std::string>> AsteriskAdapter::Check(const Account& account) {
  CTC_CO_ASSIGN_OR_RETURN(const DialSettings settings, ReadSettings(account.config));
  AriClient ari(environment_.http, account, settings.ari_url);
  // Unlike /asterisk/ping, this needs right credentials in every version, and its body is ARI's
  // own.
  const absl::Duration timeout = absl::Seconds(std::clamp(account.config.timeout_seconds(), 1, 8));
  const http::ClientResult result = co_await ari.Get("/asterisk/info?only=system", timeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  const nlohmann::json body = nlohmann::json::parse(result.response.body, nullptr, false);
  if (!body.is_object()) {
    co_return base::MakeError(base::kProviderError,
                              "what answers at api_url is not Asterisk's ARI");
  }
  std::string version;
  if (const auto system = body.find("system"); system != body.end() && system->is_object()) {
    const auto text = system->find("version");
    if (text != system->end() && text->is_string()) version = text->get<std::string>();
  }
  co_return version.empty() ? "Asterisk answers" : "Asterisk " + Excerpt(version) + " answers";
}

}  // namespace

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment) {
  return std::make_unique<AsteriskAdapter>(environment);
}

}  // namespace ctc::providers::asterisk
