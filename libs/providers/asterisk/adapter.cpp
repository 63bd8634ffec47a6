#include "libs/providers/asterisk/adapter.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/asterisk/ari_client.h"
#include "libs/providers/asterisk/ari_event.h"
#include "libs/providers/asterisk/control.h"
#include "libs/providers/asterisk/dialling.h"
#include "libs/providers/outcome.h"
#include "libs/providers/signed_webhook.h"
#include "libs/providers/type_info.h"

namespace ctc::providers::asterisk {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::CallFact;

constexpr std::string_view kStored = "/recordings/stored/";
constexpr std::string_view kFile = "/file";
constexpr absl::Duration kFileTimeout = absl::Minutes(1);
constexpr size_t kMaxRecording = size_t{256} << 20;  // some four hours

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

// Where it was stored is where the Asterisk was then: it may have another address by now. Empty
// when it is no recording's URL.
std::string_view StoredName(std::string_view url) {
  const size_t at = url.rfind(kStored);
  if (at == std::string_view::npos || !url.ends_with(kFile)) return "";
  url.remove_prefix(at + kStored.size());
  return url.size() < kFile.size() ? "" : url.substr(0, url.size() - kFile.size());
}

std::string_view FirstLeg(const CallOrder& order) {
  return order.agent_phone().empty() ? kCustomerLeg : kAgentLeg;
}

// The channel's id comes from the order, so a look-up needs nothing else.
PlaceCallResponse AcceptedAs(const std::string& channel_id) {
  PlaceCallResponse response = Accepted(channel_id);
  response.set_found_by_order(true);
  return response;
}

// 4xx of an originate that are not the same for all providers.
PlaceCallResponse RefusalOf(const http::ClientResponse& response, const std::string& channel_id) {
  const std::string text = ReadErrorText(response.body);
  const std::string detail = absl::StrCat("Asterisk said ", response.status, " ", text);
  // The id is ours alone, so a channel that has it is this call.
  if (response.status == 409) return AcceptedAs(channel_id);
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
  return AcceptedAs(channel_id);
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
  Task<absl::StatusOr<Recording>> FetchRecording(const Account& account,
                                                 const std::string& recording_url) override;

 private:
  Environment environment_;
};

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
  AddField(
      info, "settings.say", false, false,
      "Media URI of a spoken text, as sound:https://tts.example/say.wav?text={text}; {language} "
      "and {hash} may stand in it as well. Without it texts are spelled out.");
  AddField(info, "settings.ring_timeout_seconds", false, false, "5 to 600; 45 by default.");
  for (const char* capability : {"place",
                                 "hang_up",
                                 "hold",
                                 "mute",
                                 "dtmf",
                                 "record",
                                 "pause_recording",
                                 "fetch_recording",
                                 "look_up",
                                 "event_socket",
                                 "webhook",
                                 "inbound",
                                 "ivr",
                                 "voicemail",
                                 "transfer",
                                 "warm_transfer",
                                 "conference",
                                 "listen",
                                 "whisper",
                                 "barge"}) {
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
  const std::string_view leg = FirstLeg(order);
  const bool agent = leg == kAgentLeg;
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
  originate.channel_id = ChannelId(order.id(), leg);
  originate.endpoint = *std::move(endpoint);
  originate.app = settings->app;
  originate.args = EncodeArgs(PlanOf(order), leg);
  // The agent sees whom he calls; the customer sees the company.
  originate.caller_id = agent ? CallerId(order.contact_name(), order.to_phone())
                              : CallerId(account.config.caller_id(), order.from_phone());
  originate.call = order.id();
  originate.leg = std::string(leg);
  originate.ring_timeout = settings->ring_timeout;
  const std::string channel_id = originate.channel_id;
  AriClient ari(environment_.http, account, settings->ari_url);
  const absl::Duration timeout = absl::Seconds(std::max(1, account.config.timeout_seconds()));
  const http::ClientResult result = co_await ari.Dial(std::move(originate), timeout);
  co_return OutcomeOf(result, channel_id);
}

Task<absl::StatusOr<ControlCallResponse>> AsteriskAdapter::Control(
    const Account& account, const ControlCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const DialSettings settings, ReadSettings(account.config));
  asterisk::Control control(environment_.http, account, settings, request);
  co_return co_await control.Run();
}

Task<absl::StatusOr<LookUpCallResponse>> AsteriskAdapter::LookUp(const Account& account,
                                                                 const LookUpCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const DialSettings settings, ReadSettings(account.config));
  AriClient ari(environment_.http, account, settings.ari_url);
  LookUpCallResponse response;
  response.set_found(LookUpCallResponse::NOT_FOUND);
  const CallOrder& order = request.order();
  const std::string& room = order.room().empty() ? order.id() : order.room();
  std::vector<std::string> ids = {ChannelId(room, kAgentLeg), ChannelId(room, kCustomerLeg)};
  // A caller's leg, or the one that took over in a transfer.
  const std::string& first = request.provider_call_id();
  if (IsChannelId(first) && first != ids[0] && first != ids[1]) ids.insert(ids.begin(), first);
  for (const std::string& id : ids) {
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

Task<absl::StatusOr<Recording>> AsteriskAdapter::FetchRecording(const Account& account,
                                                                const std::string& recording_url) {
  CTC_CO_ASSIGN_OR_RETURN(const DialSettings settings, ReadSettings(account.config));
  const std::string_view name = StoredName(recording_url);
  // Names of ours hold no more than ids do.
  if (!IsChannelId(name)) {
    co_return base::MakeError(base::kProviderRefused, "the recording is not this Asterisk's");
  }
  AriClient ari(environment_.http, account, settings.ari_url);
  std::string path(kStored);
  path.append(name).append(kFile);
  http::ClientResult result = co_await ari.Get(std::move(path), kFileTimeout, kMaxRecording);
  if (result.response.status == 404) {
    co_return base::MakeError(base::kNotFound, "Asterisk has no such recording");
  }
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  Recording recording;
  recording.content_type = std::string(result.response.headers.Get("Content-Type"));
  recording.bytes = std::move(result.response.body);
  co_return recording;
}

}  // namespace

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment) {
  return std::make_unique<AsteriskAdapter>(environment);
}

}  // namespace ctc::providers::asterisk
