#include "libs/providers/mcube/adapter.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/providers/account_setting.h"
#include "libs/providers/mcube/flow.h"
#include "libs/providers/mcube/live_control.h"
#include "libs/providers/mcube/push.h"
#include "libs/providers/mcube/request.h"
#include "libs/providers/missing_capability.h"
#include "libs/providers/outcome.h"
#include "libs/providers/recording_fetch.h"
#include "libs/providers/type_info.h"

namespace ctc::providers::mcube {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;

constexpr char kWhose[] = "mCube's API";
constexpr absl::Duration kAskTimeout = absl::Seconds(8);

class McubeAdapter final : public Adapter {
 public:
  explicit McubeAdapter(const Environment& environment) : environment_(environment) {}

  dispatch::v1::ProviderTypeInfo Describe() const override;
  std::vector<std::string> CapabilitiesOf(const dispatch::v1::Provider& config) const override {
    return mcube::CapabilitiesOf(config);
  }
  absl::Status CheckAccount(const Account& account) const override;
  Task<PlaceCallResponse> Place(const Account& account, const CallOrder& order) override;
  Task<absl::StatusOr<ControlCallResponse>> Control(const Account& account,
                                                    const ControlCallRequest& request) override;
  Task<absl::StatusOr<LookUpCallResponse>> LookUp(const Account& /*account*/,
                                                  const LookUpCallRequest& /*request*/) override {
    LookUpCallResponse response;
    response.set_found(LookUpCallResponse::CANNOT_ASK);
    co_return response;
  }
  Task<absl::StatusOr<std::string>> Check(const Account& account) override;
  dispatch::v1::ReadWebhookResponse ReadWebhook(const Account& account,
                                                const common::v1::HttpRequest& request,
                                                absl::Time now) const override {
    return ReadPushWebhook(account, request, now, environment_.window);
  }
  dispatch::v1::ReadFlowResponse ReadFlow(const Account& account,
                                          const common::v1::HttpRequest& request,
                                          absl::Time /*now*/) const override {
    return ReadPull(account, request);
  }
  absl::StatusOr<common::v1::HttpResponse> RenderFlow(
      const Account& /*account*/, const dispatch::v1::RenderFlowRequest& request) const override {
    return RenderAgent(request.step());
  }
  Task<absl::StatusOr<Recording>> FetchRecording(const Account& account,
                                                 const std::string& recording_url) override;

 private:
  Environment environment_;
};

dispatch::v1::ProviderTypeInfo McubeAdapter::Describe() const {
  dispatch::v1::ProviderTypeInfo info;
  info.set_provider_type(common::v1::ProviderType::MCUBE);
  AddField(info, "api_url", true, false,
           "https://api.mcube.com, or https://mcube.vmc.in for a classic account.");
  AddField(info, "auth_token", false, true, "Token of a cloud account.");
  AddField(info, "api_key", false, true, "Key of a classic account.");
  AddField(info, "phone_number", true, false, "The DID customers see, E.164.");
  AddField(info, "webhook_secret", false, true,
           "Goes as token= into the URLs of mCube's panel; needed for callers.");
  AddField(info, "callback_url", false, false, "Public base URL of this installation.");
  AddField(info, "settings.variant", false, false, "cloud or classic; else by the credential.");
  AddField(info, "settings.push_to_panel", false, false,
           "true: pushes go to the panel's URLs, not to one of each call.");
  AddField(info, "settings.rotate_numbers", false, false, "true: mCube picks the DID.");
  AddField(info, "settings.token_in_header", false, false, "true: the token also as a header.");
  AddField(info, "settings.on_call_reports", false, false,
           "agent: the first push tells of the agent alone; else of the conversation.");
  AddField(info, "settings.answeredtime_counts", false, false,
           "wait: answeredtime counts up to the answer; else the talk.");
  AddField(
      info, "settings.operations", false, false,
      "Requests of live control as mCube gave them to you: hang_up, hold, resume, mute, unmute, "
      "dtmf, record_start, record_stop, record_pause, record_resume.");
  for (const char* capability : {"place", "fetch_recording", "webhook", "inbound"}) {
    info.add_capabilities(capability);
  }
  info.set_webhook_path("/api/v1/webhooks/voip/mcube");
  return info;
}

absl::Status McubeAdapter::CheckAccount(const Account& account) const {
  base::ErrorDetail detail;
  const std::string variant = SettingOf(account.config, "variant");
  if (!variant.empty() && variant != "cloud" && variant != "classic") {
    detail.fields.push_back({"settings", "variant must be cloud or classic"});
  }
  const bool cloud = VariantOf(account) == Variant::kCloud;
  if (cloud && account.auth_token.empty()) {
    detail.fields.push_back({"auth_token", "the token is required"});
  }
  if (!cloud && account.api_key.empty()) {
    detail.fields.push_back({"api_key", "the key is required by a classic account"});
  }
  if (const auto operations = ReadOperations(account.config); !operations.ok()) {
    for (auto& fault : base::DetailOf(operations.status()).fields) detail.fields.push_back(fault);
  }
  const std::optional<absl::Time> end = cloud ? TokenEnd(account.auth_token) : std::nullopt;
  if (end.has_value() && *end <= environment_.clock.Now()) {
    detail.fields.push_back({"auth_token", "the token has expired; mCube's end after a year"});
  }
  if (detail.fields.empty()) return absl::OkStatus();
  return base::MakeError(base::kValidationFailed, "the account is not complete", std::move(detail));
}

Task<PlaceCallResponse> McubeAdapter::Place(const Account& account, const CallOrder& order) {
  if (DiallableNumber(order.agent_phone()).empty()) {
    co_return Refused(base::kInvalidDestination,
                      "mCube rings the agent first: agent_phone must be a number",
                      FailOver::kAllowed, session::v1::UNREACHABLE);
  }
  http::ClientRequest request = PlaceRequest(account, order);
  request.timeout = absl::Seconds(std::max(1, account.config.timeout_seconds()));
  const http::ClientResult result = co_await environment_.http.Send(std::move(request));
  co_return OutcomeOf(result);
}

Task<absl::StatusOr<ControlCallResponse>> McubeAdapter::Control(const Account& account,
                                                                const ControlCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const Operations operations, ReadOperations(account.config));
  const http_switch::Operation* operation = FindOperation(operations, request.action());
  if (operation == nullptr) co_return MissingCapability(kWhose, request.action());
  CTC_CO_ASSIGN_OR_RETURN(http::ClientRequest asked, LiveRequest(account, *operation, request));
  const http::ClientResult result = co_await environment_.http.Send(std::move(asked));
  CTC_CO_ASSIGN_OR_RETURN(const bool gone, LiveOutcome(*operation, request.action(), result));
  ControlCallResponse response;
  response.set_call_is_gone(gone);
  co_return response;
}

// Nothing at mCube can be asked without placing a call: whether it answers at all, and how long the
// token lasts.
Task<absl::StatusOr<std::string>> McubeAdapter::Check(const Account& account) {
  const std::optional<absl::Time> end = TokenEnd(account.auth_token);
  const bool cloud = VariantOf(account) == Variant::kCloud;
  if (cloud && end.has_value() && *end <= environment_.clock.Now()) {
    co_return base::MakeError(base::kProviderCredentials, "the token has expired");
  }
  http::ClientRequest request;
  request.url = account.config.api_url();
  request.timeout = kAskTimeout;
  const http::ClientResult result = co_await environment_.http.Send(std::move(request));
  if (!result.ok() || result.response.status >= 500) {
    CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  }
  std::string said = "mCube answers; credentials can be tried by a call only";
  if (cloud && end.has_value()) {
    absl::StrAppend(&said, ". The token ends on ",
                    absl::FormatTime("%Y-%m-%d", *end, absl::UTCTimeZone()));
  }
  co_return said;
}

Task<absl::StatusOr<Recording>> McubeAdapter::FetchRecording(const Account& account,
                                                             const std::string& recording_url) {
  RecordingSource source;
  source.is_known = [&account](const std::string& url) { return IsRecordingHost(account, url); };
  co_return co_await FetchFrom(environment_.http, std::move(source), recording_url);
}

}  // namespace

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment) {
  return std::make_unique<McubeAdapter>(environment);
}

}  // namespace ctc::providers::mcube
