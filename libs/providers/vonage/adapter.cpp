#include "libs/providers/vonage/adapter.h"

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "libs/providers/outcome.h"
#include "libs/providers/type_info.h"
#include "libs/providers/vonage/api.h"
#include "libs/providers/vonage/flow.h"
#include "libs/providers/vonage/live_control.h"
#include "libs/providers/vonage/look_up.h"
#include "libs/providers/vonage/ncco.h"
#include "libs/providers/vonage/webhook.h"

namespace ctc::providers::vonage {
namespace {

using common::v1::HttpRequest;
using common::v1::HttpResponse;
using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::Leg;

constexpr absl::Duration kAskTimeout = absl::Seconds(8);
constexpr int kRingSeconds = 45;

class VonageAdapter final : public Adapter {
 public:
  explicit VonageAdapter(const Environment& environment)
      : window_(environment.window), api_(environment), control_(api_) {}

  dispatch::v1::ProviderTypeInfo Describe() const override;
  absl::Status CheckAccount(const Account& account) const override;
  Task<PlaceCallResponse> Place(const Account& account, const CallOrder& order) override {
    return Create(account, order, order.agent_phone().empty() ? Leg::CUSTOMER : Leg::AGENT);
  }
  Task<absl::StatusOr<ControlCallResponse>> Control(const Account& account,
                                                    const ControlCallRequest& request) override {
    return control_.Do(account, request);
  }
  Task<absl::StatusOr<LookUpCallResponse>> LookUp(const Account& account,
                                                  const LookUpCallRequest& request) override {
    return LookUpCall(api_, account, request);
  }
  Task<absl::StatusOr<std::string>> Check(const Account& account) override;
  dispatch::v1::ReadWebhookResponse ReadWebhook(const Account& account, const HttpRequest& request,
                                                absl::Time now) const override {
    return ReadEvent(account, request, now, window_);
  }
  dispatch::v1::ReadFlowResponse ReadFlow(const Account& account, const HttpRequest& request,
                                          absl::Time now) const override {
    return ReadQuestion(account, request, now, window_);
  }
  absl::StatusOr<HttpResponse> RenderFlow(
      const Account& account, const dispatch::v1::RenderFlowRequest& request) const override {
    return RenderStep(account, request);
  }
  bool CustomerIsDialledByUs() const override { return true; }
  Task<PlaceCallResponse> DialCustomer(const Account& account, const CallOrder& order) override {
    return Create(account, order, Leg::CUSTOMER);
  }
  Task<absl::StatusOr<LookUpCallResponse>> LookUpCustomer(
      const Account& account, const LookUpCallRequest& request) override {
    return FindByNumbers(api_, account, request, Leg::CUSTOMER);
  }
  Task<absl::StatusOr<Recording>> FetchRecording(const Account& account,
                                                 const std::string& recording_url) override {
    return api_.Fetch(account, recording_url);
  }
  bool AgentIsDialledByUs() const override { return true; }
  bool LegsOutliveOthers() const override { return true; }

 private:
  Task<PlaceCallResponse> Create(const Account& account, const CallOrder& order, Leg::Party party);

  const ReplayWindow window_;
  Api api_;
  LiveControl control_;
};

dispatch::v1::ProviderTypeInfo VonageAdapter::Describe() const {
  dispatch::v1::ProviderTypeInfo info;
  info.set_provider_type(common::v1::ProviderType::VONAGE);
  AddField(info, "api_url", true, false,
           "https://api.nexmo.com, or the host of the application's region.");
  AddField(info, "application_id", true, false, "UUID of the voice application.");
  AddField(info, "private_key", true, true, "The application's RSA key, PEM.");
  AddField(info, "webhook_secret", true, true,
           "The account's signature secret; signed webhooks must be on.");
  AddField(info, "api_key", false, true, "The account's key; webhooks of another are refused.");
  AddField(info, "phone_number", true, false, "A number linked to the application, E.164.");
  AddField(info, "callback_url", false, false, "Public base URL of this installation.");
  AddField(
      info, "settings", false, false,
      "hold_music_url: heard on hold and while waiting; ringback_url: heard by the agent until "
      "the customer answers.");
  for (const char* capability :
       {"place", "hang_up", "hold", "mute", "dtmf", "record", "transfer", "warm_transfer",
        "conference", "listen", "whisper", "barge", "inbound", "ivr", "voicemail",
        "fetch_recording", "look_up", "webhook"}) {
    info.add_capabilities(capability);
  }
  info.set_webhook_path("/api/v1/webhooks/voip/vonage");
  return info;
}

absl::Status VonageAdapter::CheckAccount(const Account& account) const {
  base::ErrorDetail detail;
  if (!base::IsUuid(account.config.application_id())) {
    detail.fields.push_back({"application_id", "the application's UUID is required"});
  }
  if (account.private_key.empty()) {
    detail.fields.push_back({"private_key", "the application's private key is required"});
  } else if (!crypto::SignRs256(account.private_key, "").ok()) {
    detail.fields.push_back(
        {"private_key", "must be an RSA key of 2048 bits or more, PEM, without a passphrase"});
  }
  if (account.webhook_secret.empty()) {
    detail.fields.push_back({"webhook_secret", "the account's signature secret is required"});
  }
  for (const char* name : {"hold_music_url", "ringback_url"}) {
    const std::string url = SettingUrl(account, name);
    if (!url.empty() && !url.starts_with("https://") && !url.starts_with("http://")) {
      detail.fields.push_back({"settings." + std::string(name), "must be an http or https URL"});
    }
  }
  if (detail.fields.empty()) return absl::OkStatus();
  return base::MakeError(base::kValidationFailed, "the account is not complete", std::move(detail));
}

// One leg into the call's conversation. The agent waits there for the customer, with whom it begins
// and ends.
Task<PlaceCallResponse> VonageAdapter::Create(const Account& account, const CallOrder& order,
                                              Leg::Party party) {
  const bool agent = party == Leg::AGENT;
  const std::optional<Json> endpoint = EndpointOf(agent ? order.agent_phone() : order.to_phone());
  if (!endpoint.has_value()) {
    co_return Refused(base::kInvalidDestination, "Vonage calls numbers and SIP addresses only",
                      FailOver::kAllowed, session::v1::UNREACHABLE);
  }
  Seat seat;
  seat.starts = !agent;
  seat.ends = !agent;
  seat.record = !agent && order.record();
  if (agent) seat.music_url = SettingUrl(account, "ringback_url");
  LegUrl url;
  url.leg = agent ? "agent" : "customer";
  url.records = seat.record;
  Json body = Json::object();
  body["to"] = Json::array({*endpoint});
  body["from"]["type"] = "phone";
  body["from"]["number"] = WireNumber(order.from_phone());
  body["ncco"] = Json::array({ConversationAction(account, order, seat)});
  body["event_url"] = Json::array({EventUrl(account, order, url)});
  body["ringing_timer"] = kRingSeconds;
  const absl::Duration timeout = absl::Seconds(std::max(1, account.config.timeout_seconds()));
  const http::ClientResult result =
      co_await api_.Send(account, "POST", "/v1/calls", Dump(body), timeout);
  co_return OutcomeOfCreate(result);
}

Task<absl::StatusOr<std::string>> VonageAdapter::Check(const Account& account) {
  const http::ClientResult result =
      co_await api_.Send(account, "GET", "/v1/calls?page_size=1", "", kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  const Json body = Json::parse(result.response.body, nullptr, false);
  if (!body.is_object() || !body.contains("_embedded")) {
    co_return base::MakeError(base::kProviderError, "what answers at api_url is not Vonage's API");
  }
  co_return "Vonage answers and takes the application's key";
}

}  // namespace

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment) {
  return std::make_unique<VonageAdapter>(environment);
}

}  // namespace ctc::providers::vonage
