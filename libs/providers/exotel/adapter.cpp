#include "libs/providers/exotel/adapter.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/http/message.h"
#include "libs/providers/account_setting.h"
#include "libs/providers/exotel/call_report.h"
#include "libs/providers/exotel/flow.h"
#include "libs/providers/exotel/request.h"
#include "libs/providers/exotel/webhook.h"
#include "libs/providers/indian.h"
#include "libs/providers/missing_capability.h"
#include "libs/providers/outcome.h"
#include "libs/providers/recording_fetch.h"
#include "libs/providers/type_info.h"

namespace ctc::providers::exotel {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using Json = nlohmann::json;

constexpr char kWhose[] = "Exotel's voice API";
constexpr absl::Duration kAskTimeout = absl::Seconds(8);

// Text of a member; numbers as text, "" for everything else.
std::string TextOf(const Json& json, const char* name) {
  if (!json.is_object()) return "";
  const auto found = json.find(name);
  if (found == json.end()) return "";
  if (found->is_string()) return found->get<std::string>();
  return found->is_number() ? found->dump() : "";
}

int NumberOf(const Json& json, const char* name) {
  int value = 0;
  return absl::SimpleAtoi(TextOf(json, name), &value) && value >= 0 ? value : -1;
}

bool IsLive(std::string_view status) {
  return status == "queued" || status == "ringing" || status == "in-progress";
}

CallReport ReportOf(const Json& call, bool customer_only) {
  const Json details = call.value("Details", Json());
  CallReport report;
  report.sid = TextOf(call, "Sid");
  report.status = TextOf(call, "Status");
  report.leg1 = TextOf(details, "Leg1Status");
  report.leg2 = TextOf(details, "Leg2Status");
  report.has_legs = details.is_object() && details.contains("Leg1Status");
  report.customer_only = customer_only;
  report.conversation_seconds = NumberOf(details, "ConversationDuration");
  report.updated = ReadIndianTime(TextOf(call, "DateUpdated"));
  report.ended = ReadIndianTime(TextOf(call, "EndTime"));
  return report;
}

// Found, sid and facts from one Call. The record of a call that just ended lacks its figures for
// minutes: until they are there, only its legs are believed.
void AddRecord(const Json& call, bool customer_only, LookUpCallResponse& response) {
  const CallReport report = ReportOf(call, customer_only);
  const bool settled = report.has_legs || report.ended.has_value() || report.status != "completed";
  response.clear_facts();
  response.set_provider_call_id(report.sid);
  response.set_found(IsOver(report.status) && settled ? LookUpCallResponse::ENDED
                                                      : LookUpCallResponse::LIVE);
  if (!settled) return;
  const std::string key =
      absl::StrCat("exotel:", report.sid, ":poll:", report.status, ":", report.leg2);
  for (session::v1::CallFact& fact : FactsOf(report, key)) {
    fact.set_source(session::v1::POLL);
    *response.add_facts() = std::move(fact);
  }
}

class ExotelAdapter final : public Adapter {
 public:
  explicit ExotelAdapter(const Environment& environment) : environment_(environment) {}

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
    return ReadCallback(account, request, now, environment_.window);
  }
  dispatch::v1::ReadFlowResponse ReadFlow(const Account& account,
                                          const common::v1::HttpRequest& request,
                                          absl::Time /*now*/) const override {
    return ReadQuestion(account, request);
  }
  absl::StatusOr<common::v1::HttpResponse> RenderFlow(
      const Account& account, const dispatch::v1::RenderFlowRequest& request) const override {
    return RenderAnswer(account, request);
  }
  Task<absl::StatusOr<Recording>> FetchRecording(const Account& account,
                                                 const std::string& recording_url) override;

 private:
  http::ClientRequest MakeRequest(const Account& account, std::string method, std::string path,
                                  absl::Duration timeout) const;
  Task<http::ClientResult> Get(const Account& account, std::string path);
  // The order's call by numbers and time. Found LIVE means: look at its record.
  Task<absl::StatusOr<LookUpCallResponse>> Search(const Account& account,
                                                  const LookUpCallRequest& request);

  Environment environment_;
};

http::ClientRequest ExotelAdapter::MakeRequest(const Account& account, std::string method,
                                               std::string path, absl::Duration timeout) const {
  std::string base = account.config.api_url();
  while (!base.empty() && base.back() == '/') base.pop_back();
  http::ClientRequest request;
  request.method = std::move(method);
  request.url = absl::StrCat(base, "/v1/Accounts/", http::Encode(AccountSid(account)), path);
  request.timeout = timeout;
  request.headers.emplace_back("Accept", "application/json");
  request.user = std::string(account.api_key.Reveal());
  request.password = account.api_secret;
  return request;
}

Task<http::ClientResult> ExotelAdapter::Get(const Account& account, std::string path) {
  http::ClientRequest request = MakeRequest(account, "GET", std::move(path), kAskTimeout);
  co_return co_await environment_.http.Send(std::move(request));
}

dispatch::v1::ProviderTypeInfo ExotelAdapter::Describe() const {
  dispatch::v1::ProviderTypeInfo info;
  info.set_provider_type(common::v1::ProviderType::EXOTEL);
  AddField(info, "api_url", true, false,
           "https://api.exotel.com (Singapore) or https://api.in.exotel.com (Mumbai).");
  AddField(info, "account_sid", false, false, "Account SID; api_key when absent.");
  AddField(info, "api_key", true, true, "API key.");
  AddField(info, "api_secret", true, true, "API token.");
  AddField(info, "phone_number", true, false, "An ExoPhone of the account, E.164.");
  AddField(info, "webhook_secret", false, true,
           "Goes as token= into the URLs of applets; needed for callers.");
  AddField(info, "callback_url", false, false, "Public base URL of this installation.");
  AddField(info, "settings.wait_text", false, false,
           "Said to callers in a queue without music; \"Please hold the line.\" when absent.");
  AddField(info, "settings.flow_id", false, false,
           "Flow that a customer is connected to when there is no agent's phone.");
  for (const char* capability : {"place", "record", "look_up", "fetch_recording", "webhook",
                                 "inbound", "ivr", "voicemail"}) {
    info.add_capabilities(capability);
  }
  info.set_webhook_path("/api/v1/webhooks/voip/exotel");
  return info;
}

absl::Status ExotelAdapter::CheckAccount(const Account& account) const {
  base::ErrorDetail detail;
  if (account.api_key.empty()) detail.fields.push_back({"api_key", "the API key is required"});
  if (account.api_secret.empty()) {
    detail.fields.push_back({"api_secret", "the API token is required"});
  }
  const std::string flow = SettingOf(account.config, "flow_id");
  if (!std::all_of(flow.begin(), flow.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    detail.fields.push_back({"settings", "flow_id must be the number of a flow"});
  }
  if (detail.fields.empty()) return absl::OkStatus();
  return base::MakeError(base::kValidationFailed, "the account is not complete", std::move(detail));
}

Task<PlaceCallResponse> ExotelAdapter::Place(const Account& account, const CallOrder& order) {
  const bool agent = !order.agent_phone().empty();
  if (!agent && SettingOf(account.config, "flow_id").empty()) {
    co_return Refused(base::kInvalidDestination,
                      "Exotel rings the agent first: agent_phone or settings.flow_id is needed",
                      FailOver::kAllowed, session::v1::UNREACHABLE);
  }
  if (agent && DiallableNumber(order.agent_phone()).empty()) {
    co_return Refused(base::kInvalidDestination, "Exotel calls numbers only: agent_phone is none",
                      FailOver::kAllowed, session::v1::UNREACHABLE);
  }
  const absl::Duration timeout = absl::Seconds(std::max(1, account.config.timeout_seconds()));
  http::ClientRequest request = MakeRequest(account, "POST", "/Calls/connect.json", timeout);
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = ConnectForm(account, order);
  const http::ClientResult result = co_await environment_.http.Send(std::move(request));
  co_return OutcomeOf(result);
}

Task<absl::StatusOr<ControlCallResponse>> ExotelAdapter::Control(
    const Account& /*account*/, const ControlCallRequest& request) {
  co_return MissingCapability(kWhose, request.action());
}

Task<absl::StatusOr<LookUpCallResponse>> ExotelAdapter::Search(const Account& account,
                                                               const LookUpCallRequest& request) {
  LookUpCallResponse response;
  const http::ClientResult result =
      co_await Get(account, absl::StrCat("/Calls.json?", SearchQuery(request.order())));
  if (result.response.status == 429) co_return ControlStatus(result);
  const Json body = Json::parse(result.response.body, nullptr, false);
  const Json calls = body.is_object() ? body.value("Calls", Json()) : Json();
  if (result.response.status != 200 || !calls.is_array()) co_return response;
  response.set_found(LookUpCallResponse::NOT_FOUND);
  for (const Json& call : calls) {
    const std::string sid = TextOf(call, "Sid");
    if (!IsCallSid(sid) || IsOfOthers(request, sid)) continue;
    response.set_found(LookUpCallResponse::LIVE);
    response.set_provider_call_id(sid);
    if (IsLive(TextOf(call, "Status"))) break;
  }
  co_return response;
}

Task<absl::StatusOr<LookUpCallResponse>> ExotelAdapter::LookUp(const Account& account,
                                                               const LookUpCallRequest& request) {
  LookUpCallResponse response;
  response.set_provider_call_id(request.provider_call_id());
  if (!IsCallSid(request.provider_call_id())) {
    CTC_CO_ASSIGN_OR_RETURN(response, co_await Search(account, request));
    if (response.found() != LookUpCallResponse::LIVE) co_return response;
  }
  std::string path = absl::StrCat("/Calls/", response.provider_call_id(), ".json?details=true");
  const http::ClientResult result = co_await Get(account, std::move(path));
  if (result.response.status == 429) co_return ControlStatus(result);
  response.Clear();
  if (result.response.status == 404) response.set_found(LookUpCallResponse::NOT_FOUND);
  const Json body = Json::parse(result.response.body, nullptr, false);
  const Json call = body.is_object() ? body.value("Call", Json()) : Json();
  if (result.response.status == 200 && !TextOf(call, "Sid").empty()) {
    AddRecord(call, request.order().agent_phone().empty(), response);
  }
  co_return response;
}

Task<absl::StatusOr<std::string>> ExotelAdapter::Check(const Account& account) {
  const http::ClientResult result = co_await Get(account, "");
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  const std::string& body = result.response.body;
  // XML unless asked otherwise.
  if (!absl::StrContains(body, "<TwilioResponse") && !absl::StrContains(body, "\"Account\"")) {
    co_return base::MakeError(base::kProviderError, "what answers at api_url is not Exotel's API");
  }
  co_return "Exotel answers and takes the credentials";
}

Task<absl::StatusOr<Recording>> ExotelAdapter::FetchRecording(const Account& account,
                                                              const std::string& recording_url) {
  RecordingSource source;
  source.is_known = [&account](const std::string& url) { return IsRecordingHost(account, url); };
  source.authorize = [&account](http::ClientRequest& request) {
    if (!MaySeeCredentials(account, request.url)) return;
    request.user = std::string(account.api_key.Reveal());
    request.password = account.api_secret;
  };
  co_return co_await FetchFrom(environment_.http, std::move(source), recording_url);
}

}  // namespace

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment) {
  return std::make_unique<ExotelAdapter>(environment);
}

}  // namespace ctc::providers::exotel
