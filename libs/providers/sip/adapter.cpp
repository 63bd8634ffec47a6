#include "libs/providers/sip/adapter.h"

#include <absl/strings/str_cat.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/providers/outcome.h"
#include "libs/providers/recording_fetch.h"
#include "libs/providers/recording_host.h"
#include "libs/providers/signed_webhook.h"
#include "libs/providers/sip/callers.h"
#include "libs/providers/sip/capabilities.h"
#include "libs/providers/sip/exchange.h"
#include "libs/providers/sip/mapped_webhook.h"
#include "libs/providers/sip/native/recording_files.h"
#include "libs/providers/sip/native_calls.h"
#include "libs/providers/sip/switch_template.h"
#include "libs/providers/sip/template_cache.h"
#include "libs/providers/type_info.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::Leg;

constexpr absl::Duration kAskTimeout = absl::Seconds(8);

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

// The operation that does it, and the capability it stands for.
struct Wanted {
  const char* operation;
  const char* capability;
};

Wanted OperationFor(const ControlCallRequest& request) {
  const bool consult = request.target().party() == Leg::CONSULT;
  switch (request.action()) {
    case ControlCallRequest::HANG_UP:
      return {"hang_up", "hang_up"};
    case ControlCallRequest::HOLD:
      return {"hold", "hold"};
    case ControlCallRequest::RESUME:
      return {"resume", "hold"};
    case ControlCallRequest::MUTE:
      return {"mute", "mute"};
    case ControlCallRequest::UNMUTE:
      return {"unmute", "mute"};
    case ControlCallRequest::SEND_DTMF:
      return {"dtmf", "dtmf"};
    case ControlCallRequest::START_RECORDING:
      return {"record_start", "record"};
    case ControlCallRequest::STOP_RECORDING:
      return {"record_stop", "record"};
    case ControlCallRequest::PAUSE_RECORDING:
      return {"record_pause", "pause_recording"};
    case ControlCallRequest::RESUME_RECORDING:
      return {"record_resume", "pause_recording"};
    case ControlCallRequest::DIAL_PARTY:
      return consult ? Wanted{"consult", "transfer"} : Wanted{"add_party", "conference"};
    case ControlCallRequest::DROP_PARTY:
      return consult ? Wanted{"consult_cancel", "transfer"} : Wanted{"drop_party", "conference"};
    case ControlCallRequest::HAND_OVER:
      return {"hand_over", "transfer"};
    case ControlCallRequest::CHANGE_MODE:
      return {"", "supervise"};
    default:
      return {"", "inbound"};
  }
}

// What an account without webhook_secret cannot do.
void CheckSecret(const SwitchTemplate& settings, base::ErrorDetail& detail) {
  using Mode = ProofSettings::Mode;
  const Mode mode = settings.webhook.verify.mode;
  if (mode == Mode::kUrlToken) {
    detail.fields.push_back({"webhook_secret", "is required by settings.webhook.verify url_token"});
  } else if (settings.flow.has_value() && mode != Mode::kEd25519) {
    detail.fields.push_back(
        {"webhook_secret", "is required by settings.flow: it proves questions"});
  }
}

absl::Status Missing(const char* capability) {
  base::ErrorDetail detail;
  detail.metadata["capability"] = capability;
  return base::MakeError(base::kCapabilityMissing,
                         absl::StrCat("the account's settings have no operation for ", capability),
                         std::move(detail));
}

class SipAdapter final : public Adapter {
 public:
  SipAdapter(const Environment& environment, native::Outlets outlets, std::string recordings)
      : environment_(environment),
        recordings_(std::move(recordings)),
        native_({environment.clock, environment.random, std::move(outlets), environment.guard,
                 recordings_}) {}

  dispatch::v1::ProviderTypeInfo Describe() const override;
  std::vector<std::string> CapabilitiesOf(const dispatch::v1::Provider& config) const override {
    return sip::CapabilitiesOf(config);
  }
  absl::Status CheckAccount(const Account& account) const override;
  Task<PlaceCallResponse> Place(const Account& account, const CallOrder& order) override;
  Task<absl::StatusOr<ControlCallResponse>> Control(const Account& account,
                                                    const ControlCallRequest& request) override;
  Task<absl::StatusOr<LookUpCallResponse>> LookUp(const Account& account,
                                                  const LookUpCallRequest& request) override;
  Task<absl::StatusOr<std::string>> Check(const Account& account) override;
  dispatch::v1::ReadWebhookResponse ReadWebhook(const Account& account,
                                                const common::v1::HttpRequest& request,
                                                absl::Time now) const override;
  dispatch::v1::ReadFlowResponse ReadFlow(const Account& account,
                                          const common::v1::HttpRequest& request,
                                          absl::Time now) const override;
  absl::StatusOr<common::v1::HttpResponse> RenderFlow(
      const Account& account, const dispatch::v1::RenderFlowRequest& request) const override;
  Task<absl::StatusOr<Recording>> FetchRecording(const Account& account,
                                                 const std::string& recording_url) override;
  Task<absl::Status> DeleteRecording(std::string account_id, std::string recording_url) override;
  Task<absl::StatusOr<Recording>> ReadOnDisk(dispatch::v1::Provider config, std::string url) const {
    co_return native::ReadRecording(recordings_, config, url);
  }
  Task<absl::Status> DeleteOnDisk(dispatch::v1::Provider config, std::string url) const {
    co_return native::DeleteRecording(recordings_, config, url);
  }
  bool ChecksApiUrl(const dispatch::v1::Provider& config) const override {
    return native::IsNative(config);
  }
  absl::Duration Attend(const std::vector<std::shared_ptr<const Account>>& accounts) override {
    return native_.Attend(accounts);
  }
  bool CarriesCalls(const dispatch::v1::Provider& config) const override {
    return native::IsNative(config);
  }
  Task<void> EndLost(std::shared_ptr<const Account> account,
                     std::vector<session::v1::Session> live) override {
    Task<void> work = EndLostOnDisk(std::move(account), std::move(live));
    co_await asio::co_spawn(disk_, std::move(work), asio::use_awaitable);
  }
  Task<void> Leave() override {
    Task<void> work = LeaveOnDisk();
    co_await asio::co_spawn(disk_, std::move(work), asio::use_awaitable);
  }

 private:
  // On `disk_`: what takes time there.
  Task<LookUpCallResponse> LookUpOnDisk(const Account& account, const LookUpCallRequest& request) {
    co_return native_.LookUp(account, request);
  }
  Task<void> EndLostOnDisk(std::shared_ptr<const Account> account,
                           std::vector<session::v1::Session> live) {
    native_.EndLost(account, live);
    co_return;
  }
  Task<void> LeaveOnDisk() {
    native_.Leave();
    co_return;
  }

  Environment environment_;
  const std::string recordings_;
  NativeCalls native_;
  TemplateCache templates_;
  asio::thread_pool disk_{1};  // where recordings are read and deleted, and ends are waited for
};

dispatch::v1::ProviderTypeInfo SipAdapter::Describe() const {
  dispatch::v1::ProviderTypeInfo info;
  info.set_provider_type(common::v1::ProviderType::SIP);
  AddField(info, "api_url", true, false,
           "Base URL of the switch's HTTP interface; native: sip:proxy:5060 or sips:proxy:5061.");
  AddField(info, "api_key", false, true, "Bearer token, or user name with settings.auth basic.");
  AddField(info, "api_secret", false, true, "Password with settings.auth basic.");
  AddField(info, "webhook_secret", false, true,
           "Key of the webhooks' signature, or the credentials they carry.");
  AddField(info, "phone_number", true, false, "Number shown to the customer, E.164.");
  AddField(info, "dial_plan_prefix", false, false, "{prefix} in the template.");
  AddField(info, "callback_url", false, false, "Public base URL of this installation.");
  AddField(info, "settings.mode", false, false,
           "native: call the phones ourselves, by third-party call control (RFC 3725).");
  AddField(info, "settings.agent_proxy", false, false,
           "Native: where phones with a name are; api_url by default.");
  AddField(info, "settings.bind", false, false, "Native: our own address, as sip:10.0.0.5:5060.");
  AddField(info, "settings.tls", false, false,
           "Native: ca (who vouches for peers) and certificate (our own), both PEM.");
  AddField(info, "private_key", false, true, "Native: key of settings.tls.certificate, PEM.");
  AddField(info, "settings.inbound_from", false, false,
           "Native: addresses of the trunk, as 10.0.0.0/8, whose calls are taken; others need "
           "api_key and api_secret. Absent: nobody's are.");
  AddField(info, "settings.media", false, false,
           "Native: direct (default), between the phones, or anchored: through this installation, "
           "which can then mute, record, play, mix and hear keys.");
  AddField(info, "settings.media_address", false, false,
           "Native, anchored: the IP address that phones send sound to; that of bind by default.");
  AddField(info, "settings.media_ports", false, false,
           "Native, anchored: UDP ports for sound, as 20000-20999; any by default.");
  AddField(
      info, "settings.media_timeout_seconds", false, false,
      "Native, anchored: silence of a phone after which it is hung up; 0, the default: never.");
  AddField(info, "settings.say", false, false,
           "Native, anchored: URL of a WAV file with {text}, {language} and {hash}, by which texts "
           "are spoken.");
  AddField(info, "settings.preset", false, false,
           "reference (default), freeswitch, jambonz, kamailio, opensips, signalwire, or none.");
  AddField(info, "settings.auth", false, false, "mode: bearer (default), basic, header or none.");
  AddField(info, "settings.constants", false, false, "Values for {constants.x} in the template.");
  AddField(info, "settings.operations", false, false,
           "How each operation is asked for; what is absent cannot be done. See docs/sip.md.");
  AddField(info, "settings.webhook", false, false, "How the switch's webhooks are read.");
  AddField(
      info, "settings.flow", false, false,
      "dialect: twiml or jambonz, in which the switch asks what to do with a caller. Absent: it "
      "does not ask.");
  AddField(info, "settings.ring_timeout_seconds", false, false, "5 to 600; 45 by default.");
  AddField(info, "settings.max_duration_seconds", false, false, "60 to 86400; 14400 by default.");
  for (std::string& name : AllCapabilities()) info.add_capabilities(std::move(name));
  info.set_webhook_path("/api/v1/webhooks/voip/sip");
  return info;
}

absl::Status SipAdapter::CheckAccount(const Account& account) const {
  if (native::IsNative(account.config)) return native_.CheckAccount(account);
  base::ErrorDetail detail;
  const auto settings = templates_.Of(account.config);
  if (!settings.ok()) detail.fields = base::DetailOf(settings.status()).fields;
  const auto auth = settings.ok() ? (*settings)->auth : SwitchTemplate::Auth::kNone;
  if (auth != SwitchTemplate::Auth::kNone && account.api_key.empty()) {
    detail.fields.push_back({"api_key", "is required by settings.auth"});
  }
  if (auth == SwitchTemplate::Auth::kBasic && account.api_secret.empty()) {
    detail.fields.push_back({"api_secret", "is required by settings.auth"});
  }
  if (settings.ok() && account.webhook_secret.empty()) CheckSecret(**settings, detail);
  if (detail.fields.empty()) return absl::OkStatus();
  return base::MakeError(base::kValidationFailed, "the account cannot be used", std::move(detail));
}

// The fault begins with the value's name. A phone of the agent that this account cannot write
// another one may ring.
PlaceCallResponse CannotBeWritten(const std::string& fault) {
  const bool customers = fault.starts_with("customer");
  return Refused(base::kInvalidDestination, fault,
                 customers ? FailOver::kForbidden : FailOver::kAllowed,
                 customers ? session::v1::INVALID_NUMBER : session::v1::UNREACHABLE);
}

Task<PlaceCallResponse> SipAdapter::Place(const Account& account, const CallOrder& order) {
  if (native::IsNative(account.config)) co_return native_.Place(account, order);
  const auto settings = templates_.Of(account.config);
  if (!settings.ok()) co_return NotSent(base::kProviderError, MessageOf(settings.status()));
  const Operation& place = *(*settings)->Find("place");
  if (place.names_agent && order.agent_phone().empty()) {
    co_return Refused(base::kInvalidDestination, "this switch rings the agent: a phone is needed",
                      FailOver::kAllowed, session::v1::UNREACHABLE);
  }
  const Values values = ValuesOf(account, **settings, order);
  const absl::Duration timeout = absl::Seconds(std::max(1, account.config.timeout_seconds()));
  absl::StatusOr<http::ClientRequest> request =
      MakeRequest(account, **settings, place, values, timeout);
  if (!request.ok()) co_return CannotBeWritten(MessageOf(request.status()));
  const http::ClientResult result = co_await environment_.http.Send(*std::move(request));
  co_return PlaceOutcome(place, values, result);
}

Task<absl::StatusOr<ControlCallResponse>> SipAdapter::Control(const Account& account,
                                                              const ControlCallRequest& request) {
  if (native::IsNative(account.config)) co_return native_.Control(account, request);
  CTC_CO_ASSIGN_OR_RETURN(const auto settings, templates_.Of(account.config));
  const Wanted wanted = OperationFor(request);
  const Operation* operation = settings->Find(wanted.operation);
  if (operation == nullptr) co_return Missing(wanted.capability);
  Values values = ValuesOf(account, *settings, request.order());
  AddLive(request, values);
  AddAgentLeg(request, values);
  absl::StatusOr<http::ClientRequest> asked =
      MakeRequest(account, *settings, *operation, values, kAskTimeout);
  if (!asked.ok()) co_return base::MakeError(base::kCallNotLive, MessageOf(asked.status()));
  const http::ClientResult result = co_await environment_.http.Send(*std::move(asked));
  const bool ends = request.action() == ControlCallRequest::HANG_UP;
  CTC_CO_ASSIGN_OR_RETURN(const bool gone, ControlOutcome(*operation, ends, result));
  ControlCallResponse response;
  response.set_call_is_gone(gone);
  co_return response;
}

Task<absl::StatusOr<LookUpCallResponse>> SipAdapter::LookUp(const Account& account,
                                                            const LookUpCallRequest& request) {
  if (native::IsNative(account.config)) {
    Task<LookUpCallResponse> look = LookUpOnDisk(account, request);
    co_return co_await asio::co_spawn(disk_, std::move(look), asio::use_awaitable);
  }
  CTC_CO_ASSIGN_OR_RETURN(const auto settings, templates_.Of(account.config));
  LookUpCallResponse response;
  const Operation* operation =
      settings->Find(request.provider_call_id().empty() ? "look_up_by_reference" : "look_up");
  if (operation == nullptr) {
    response.set_found(LookUpCallResponse::CANNOT_ASK);
    co_return response;
  }
  Values values = ValuesOf(account, *settings, request.order());
  values["provider_call_id"] = request.provider_call_id();
  absl::StatusOr<http::ClientRequest> asked =
      MakeRequest(account, *settings, *operation, values, kAskTimeout);
  if (!asked.ok()) {
    response.set_found(LookUpCallResponse::CANNOT_ASK);  // the template's doing, not the switch's
    co_return response;
  }
  const http::ClientResult result = co_await environment_.http.Send(*std::move(asked));
  co_return LookUpOutcome(account, *operation, values, result, environment_.clock.Now());
}

Task<absl::StatusOr<std::string>> SipAdapter::Check(const Account& account) {
  if (native::IsNative(account.config)) co_return co_await native_.Check(account);
  CTC_CO_ASSIGN_OR_RETURN(const auto settings, templates_.Of(account.config));
  const Operation* health = settings->Find("health");
  if (health == nullptr) co_return Missing("health");
  const absl::Duration timeout = absl::Seconds(std::clamp(account.config.timeout_seconds(), 1, 8));
  absl::StatusOr<http::ClientRequest> asked =
      MakeRequest(account, *settings, *health, settings->constants, timeout);
  if (!asked.ok()) co_return base::MakeError(base::kProviderError, MessageOf(asked.status()));
  const http::ClientResult result = co_await environment_.http.Send(*std::move(asked));
  CTC_CO_ASSIGN_OR_RETURN(const bool gone, ControlOutcome(*health, false, result));
  if (gone) {
    co_return base::MakeError(base::kProviderError, "the switch has nothing at the health path");
  }
  co_return "the switch answers";
}

Task<absl::StatusOr<Recording>> SipAdapter::FetchRecording(const Account& account,
                                                           const std::string& recording_url) {
  if (native::IsNative(account.config)) {
    // What was recorded can be had when no more is.
    const bool ours = !native::RecordingFile(account.config, recording_url).empty();
    if (!ours && !native::IsAnchored(account.config)) co_return Missing("fetch_recording");
    Task<absl::StatusOr<Recording>> read = ReadOnDisk(account.config, recording_url);
    co_return co_await asio::co_spawn(disk_, std::move(read), asio::use_awaitable);
  }
  CTC_CO_ASSIGN_OR_RETURN(const auto settings, templates_.Of(account.config));
  RecordingSource source;
  // The switch's own host only: where else its recordings are kept is not ours to trust.
  source.is_known = [&account](const std::string& url) {
    return IsAtHostOf(url, account.config.api_url());
  };
  source.authorize = [&account, &settings](http::ClientRequest& request) {
    Authenticate(account, *settings, request);
  };
  co_return co_await FetchFrom(environment_.http, std::move(source), recording_url);
}

Task<absl::Status> SipAdapter::DeleteRecording(std::string account_id, std::string recording_url) {
  dispatch::v1::Provider config;
  config.set_id(std::move(account_id));
  if (native::RecordingFile(config, recording_url).empty()) co_return absl::OkStatus();
  Task<absl::Status> deletion = DeleteOnDisk(std::move(config), std::move(recording_url));
  co_return co_await asio::co_spawn(disk_, std::move(deletion), asio::use_awaitable);
}

dispatch::v1::ReadWebhookResponse SipAdapter::ReadWebhook(const Account& account,
                                                          const common::v1::HttpRequest& request,
                                                          absl::Time now) const {
  if (native::IsNative(account.config)) {
    return ReadSignedWebhook(account, request, now, environment_.window);
  }
  const auto settings = templates_.Of(account.config);
  if (!settings.ok() || !(*settings)->webhook.event.set() || IsSeedWebhook(request)) {
    return ReadSignedWebhook(account, request, now, environment_.window);
  }
  if (auto event = ReadCallerEvent(account, **settings, request, now, environment_.window)) {
    return *std::move(event);
  }
  return ReadMappedWebhook(account, (*settings)->webhook, request, now, environment_.window);
}

dispatch::v1::ReadFlowResponse SipAdapter::ReadFlow(const Account& account,
                                                    const common::v1::HttpRequest& request,
                                                    absl::Time now) const {
  if (native::IsNative(account.config)) return NoFlow("native callers are not asked about by HTTP");
  const auto settings = templates_.Of(account.config);
  if (!settings.ok()) return NoFlow(MessageOf(settings.status()));
  return ReadCallerQuestion(account, **settings, request, now, environment_.window);
}

absl::StatusOr<common::v1::HttpResponse> SipAdapter::RenderFlow(
    const Account& account, const dispatch::v1::RenderFlowRequest& request) const {
  if (native::IsNative(account.config)) return Adapter::RenderFlow(account, request);
  CTC_ASSIGN_OR_RETURN(const auto settings, templates_.Of(account.config));
  return AnswerCaller(account, *settings, request);
}

}  // namespace

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment, native::Outlets outlets,
                                     std::string recordings) {
  return std::make_unique<SipAdapter>(environment, std::move(outlets), std::move(recordings));
}

}  // namespace ctc::providers::sip
