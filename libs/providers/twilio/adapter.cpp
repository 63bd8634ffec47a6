#include "libs/providers/twilio/adapter.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/http/message.h"
#include "libs/providers/outcome.h"
#include "libs/providers/twilio/answers.h"
#include "libs/providers/twilio/control.h"
#include "libs/providers/twilio/flow.h"
#include "libs/providers/twilio/incoming.h"
#include "libs/providers/twilio/legs.h"
#include "libs/providers/twilio/request_text.h"
#include "libs/providers/twilio/webhook.h"
#include "libs/providers/type_info.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::Leg;

constexpr absl::Duration kAskTimeout = absl::Seconds(8);
constexpr absl::Duration kMediaTimeout = absl::Minutes(2);
constexpr size_t kMaxRecording = 256 << 20;

std::string AccountSid(const Account& account) {
  if (!account.config.account_sid().empty()) return account.config.account_sid();
  const std::string_view key = account.api_key.Reveal();
  return key.starts_with("SK") ? "" : std::string(key);
}

class TwilioAdapter final : public Adapter {
 public:
  explicit TwilioAdapter(const Environment& environment) : environment_(environment) {}

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
      const Account& account, const dispatch::v1::RenderFlowRequest& request) const override;
  Task<absl::StatusOr<Recording>> FetchRecording(const Account& account,
                                                 const std::string& recording_url) override;
  bool AgentIsDialledByUs() const override { return true; }
  bool CustomerIsDialledByUs() const override { return true; }
  Task<PlaceCallResponse> DialCustomer(const Account& account, const CallOrder& order) override;
  Task<absl::StatusOr<LookUpCallResponse>> LookUpCustomer(
      const Account& account, const LookUpCallRequest& request) override;

 private:
  http::ClientRequest MakeRequest(const Account& account, std::string method,
                                  const std::string& path, absl::Duration timeout) const;
  Task<http::ClientResult> Post(const Account& account, std::string path, Form form,
                                absl::Duration timeout);
  Task<http::ClientResult> Get(const Account& account, std::string path);
  // True when the call, conference or party is over at Twilio.
  Task<absl::StatusOr<bool>> Do(const Account& account, const RestStep& step);
  // The sid of the room's conference; empty when there is none, or it is over.
  Task<absl::StatusOr<std::string>> ConferenceSid(const Account& account, const std::string& room);
  Task<absl::StatusOr<LookUpCallResponse>> FindByNumbers(const Account& account,
                                                         const LookUpCallRequest& request,
                                                         Leg::Party party);

  Environment environment_;
};

http::ClientRequest TwilioAdapter::MakeRequest(const Account& account, std::string method,
                                               const std::string& path,
                                               absl::Duration timeout) const {
  std::string base = account.config.api_url();
  while (!base.empty() && base.back() == '/') base.pop_back();
  http::ClientRequest request;
  request.method = std::move(method);
  request.url = absl::StrCat(base, "/2010-04-01/Accounts/", AccountSid(account), path);
  request.timeout = timeout;
  request.headers.emplace_back("Accept", "application/json");
  const bool key = !account.api_key.empty() && !account.api_secret.empty();
  request.user = key ? std::string(account.api_key.Reveal()) : AccountSid(account);
  request.password = key ? account.api_secret : account.auth_token;
  return request;
}

Task<http::ClientResult> TwilioAdapter::Post(const Account& account, std::string path, Form form,
                                             absl::Duration timeout) {
  http::ClientRequest request = MakeRequest(account, "POST", path, timeout);
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = Encode(form);
  co_return co_await environment_.http.Send(std::move(request));
}

Task<http::ClientResult> TwilioAdapter::Get(const Account& account, std::string path) {
  http::ClientRequest request = MakeRequest(account, "GET", path, kAskTimeout);
  co_return co_await environment_.http.Send(std::move(request));
}

dispatch::v1::ProviderTypeInfo TwilioAdapter::Describe() const {
  dispatch::v1::ProviderTypeInfo info;
  info.set_provider_type(common::v1::ProviderType::TWILIO);
  AddField(info, "api_url", true, false, "https://api.twilio.com, or an edge and region of it.");
  AddField(info, "account_sid", false, false, "AC...; not needed when api_key is it.");
  AddField(info, "api_key", false, true, "Account SID, or the SID of an API key (SK...).");
  AddField(info, "api_secret", false, true, "Auth token, or the API key's secret.");
  AddField(info, "auth_token", false, true,
           "Primary auth token: signs webhooks; needed beside an API key.");
  AddField(info, "phone_number", true, false, "A number of the account or a verified one, E.164.");
  AddField(info, "callback_url", false, false, "Public base URL of this installation.");
  for (const char* capability :
       {"place", "hang_up", "hold", "mute", "dtmf", "record", "pause_recording", "fetch_recording",
        "look_up", "webhook", "inbound", "ivr", "voicemail", "transfer", "warm_transfer",
        "conference", "listen", "whisper", "barge"}) {
    info.add_capabilities(capability);
  }
  info.set_webhook_path("/api/v1/webhooks/voip/twilio");
  return info;
}

absl::Status TwilioAdapter::CheckAccount(const Account& account) const {
  base::ErrorDetail detail;
  if (!IsPathSafe(AccountSid(account))) {
    detail.fields.push_back({"account_sid", "the account's SID is required (AC...)"});
  }
  const bool key = account.api_key.Reveal().starts_with("SK");
  if (key && account.api_secret.empty()) {
    detail.fields.push_back({"api_secret", "the API key's secret is required"});
  }
  if (account.auth_token.empty() && (key || account.api_secret.empty())) {
    detail.fields.push_back({"auth_token", "the auth token is required; it signs webhooks"});
  }
  if (detail.fields.empty()) return absl::OkStatus();
  return base::MakeError(base::kValidationFailed, "credentials are missing", std::move(detail));
}

Task<PlaceCallResponse> TwilioAdapter::Place(const Account& account, const CallOrder& order) {
  const bool agent = !order.agent_phone().empty();
  const std::string& to = agent ? order.agent_phone() : order.to_phone();
  if (!IsDialable(to)) {
    co_return Refused(base::kInvalidDestination, "Twilio calls numbers, sip: and client: only",
                      FailOver::kAllowed, session::v1::UNREACHABLE);
  }
  RoomEntry entry;
  entry.label = agent ? "agent" : "customer";
  entry.waits = agent;
  entry.record = order.record();
  Form form = {{"To", to},
               {"From", order.from_phone()},
               {"Timeout", std::to_string(kRingSeconds)},
               {"Twiml", "<Response>" + RoomTwiml(account, order, entry) + "</Response>"}};
  AddProgress(account, order.id(), entry.label, Answer::kPicksUp, form);
  const absl::Duration timeout = absl::Seconds(std::max(1, account.config.timeout_seconds()));
  const http::ClientResult result = co_await Post(account, "/Calls.json", std::move(form), timeout);
  co_return OutcomeOf(result, "sid");
}

Task<PlaceCallResponse> TwilioAdapter::DialCustomer(const Account& account,
                                                    const CallOrder& order) {
  Form form = {{"From", order.from_phone()},
               {"To", order.to_phone()},
               {"Label", "customer"},
               {"Timeout", std::to_string(kRingSeconds)},
               {"EarlyMedia", "true"},
               {"Beep", "false"},
               {"StartConferenceOnEnter", "true"},
               {"EndConferenceOnExit", "true"}};
  AddProgress(account, order.id(), "customer", Answer::kPicksUp, form);
  const absl::Duration timeout = absl::Seconds(std::max(1, account.config.timeout_seconds()));
  const http::ClientResult result =
      co_await Post(account, absl::StrCat("/Conferences/", RoomOf(order), "/Participants.json"),
                    std::move(form), timeout);
  co_return OutcomeOf(result, "call_sid");
}

Task<absl::StatusOr<std::string>> TwilioAdapter::ConferenceSid(const Account& account,
                                                               const std::string& room) {
  const http::ClientResult result =
      co_await Get(account, absl::StrCat("/Conferences.json?FriendlyName=", http::Encode(room)));
  co_return ReadConferenceSid(result);
}

Task<absl::StatusOr<bool>> TwilioAdapter::Do(const Account& account, const RestStep& step) {
  http::ClientRequest request = MakeRequest(account, step.method, step.path, kAskTimeout);
  if (!step.form.empty()) {
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = Encode(step.form);
  }
  const http::ClientResult result = co_await environment_.http.Send(std::move(request));
  const int code = ErrorCodeOf(result.response.body);
  // 21220: the call is over; 16022: the conference is; 20404: Twilio forgot it.
  if (result.response.status == 404 || code == 21220 || code == 16022) co_return true;
  // 16026: a party of this label is in the room or on its way: asked for before.
  if (code == 16026) co_return false;
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  co_return false;
}

bool IsOfConference(const RestStep& step) {
  return step.path.find(kConferenceSid) != std::string::npos;
}

// False when the step is one of a conference, and there is none.
bool FillIn(const std::string& conference, RestStep& step) {
  if (!IsOfConference(step)) return true;
  step.path.replace(step.path.find(kConferenceSid), kConferenceSid.size(), conference);
  return !conference.empty();
}

Task<absl::StatusOr<ControlCallResponse>> TwilioAdapter::Control(
    const Account& account, const ControlCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(std::vector<RestStep> plan, PlanControl(account, request));
  ControlCallResponse response;
  // Nothing to be hung up is known: not yet there, or never.
  response.set_call_is_gone(plan.empty());
  absl::Status fault;
  size_t votes = 0;
  std::string conference;
  if (std::any_of(plan.begin(), plan.end(), IsOfConference)) {
    CTC_CO_ASSIGN_OR_RETURN(conference, co_await ConferenceSid(account, RoomOf(request.order())));
  }
  for (RestStep& step : plan) {
    absl::StatusOr<bool> gone = true;
    if (FillIn(conference, step)) gone = co_await Do(account, step);
    if (!gone.ok() && step.gone != Gone::kVote) co_return gone.status();
    if (!gone.ok()) fault = gone.status();
    if (gone.ok() && !*gone && step.gone == Gone::kAskNext) break;
    if (!gone.ok() || !*gone || step.gone == Gone::kNothing || step.gone == Gone::kAskNext) {
      continue;
    }
    if (step.gone == Gone::kRefuse) {
      co_return base::MakeError(base::kCallNotLive,
                                "there is no such party or recording in the call any more");
    }
    if (step.gone == Gone::kVote && ++votes < plan.size()) continue;
    response.set_call_is_gone(true);
    break;
  }
  if (!fault.ok()) co_return fault;
  co_return response;
}

absl::StatusOr<common::v1::HttpResponse> TwilioAdapter::RenderFlow(
    const Account& account, const dispatch::v1::RenderFlowRequest& request) const {
  common::v1::HttpResponse answer;
  answer.set_status(200);
  answer.set_content_type("text/xml; charset=utf-8");
  answer.set_body(StepTwiml(account, request.order(), request.step()));
  return answer;
}

// Credentials go to the account's own API and to Twilio's hosts, by https.
bool IsTwilioMedia(const Account& account, std::string_view url) {
  std::string_view own = account.config.api_url();
  while (own.ends_with('/')) own.remove_suffix(1);
  if (!own.empty() && url.starts_with(own) && url.substr(own.size()).starts_with('/')) return true;
  if (!url.starts_with("https://")) return false;
  url.remove_prefix(std::string_view("https://").size());
  const std::string_view host = url.substr(0, url.find_first_of("/?#"));
  return host.ends_with(".twilio.com") &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
}

Task<absl::StatusOr<Recording>> TwilioAdapter::FetchRecording(const Account& account,
                                                              const std::string& recording_url) {
  if (!IsTwilioMedia(account, recording_url)) {
    co_return base::MakeError(base::kProviderRefused, "the recording's URL is not of Twilio");
  }
  http::ClientRequest request = MakeRequest(account, "GET", "", kMediaTimeout);
  request.url = recording_url;
  request.headers.clear();
  request.max_response_bytes = kMaxRecording;
  http::ClientResult result = co_await environment_.http.Send(std::move(request));
  if (result.response.status == 404) {
    co_return base::MakeError(base::kNotFound, "Twilio does not have the recording (yet)");
  }
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  Recording recording;
  recording.content_type = std::string(result.response.headers.Get("content-type"));
  if (!recording.content_type.starts_with("audio/")) {
    co_return base::MakeError(base::kProviderError, "the recording is no audio");
  }
  recording.bytes = std::move(result.response.body);
  co_return recording;
}

// Twilio keeps no reference of ours in a call, so a first leg without a known sid is recognised by
// both numbers and the time it was made.
Task<absl::StatusOr<LookUpCallResponse>> TwilioAdapter::FindByNumbers(
    const Account& account, const LookUpCallRequest& request, Leg::Party party) {
  const CallOrder& order = request.order();
  const std::string& to = party == Leg::AGENT ? order.agent_phone() : order.to_phone();
  const http::ClientResult result = co_await Get(
      account, absl::StrCat("/Calls.json?To=", http::Encode(to),
                            "&From=", http::Encode(order.from_phone()), "&PageSize=20"));
  if (result.response.status == 429) co_return ControlStatus(result);
  co_return ReadCallList(result, request, party);
}

Task<absl::StatusOr<LookUpCallResponse>> TwilioAdapter::LookUp(const Account& account,
                                                               const LookUpCallRequest& request) {
  const CallOrder& order = request.order();
  const bool agent_first = !IsInbound(order) && !order.agent_phone().empty();
  const Leg::Party party = agent_first ? Leg::AGENT : Leg::CUSTOMER;
  if (!IsPathSafe(request.provider_call_id())) {
    co_return co_await FindByNumbers(account, request, party);
  }
  const http::ClientResult result =
      co_await Get(account, absl::StrCat("/Calls/", request.provider_call_id(), ".json"));
  if (result.response.status == 429) co_return ControlStatus(result);
  co_return ReadCallRecord(result, order, party);
}

// A participant bears our label in a room that bears our id: whom we find there is ours. Who has
// left is not found any more.
Task<absl::StatusOr<LookUpCallResponse>> TwilioAdapter::LookUpCustomer(
    const Account& account, const LookUpCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const std::string sid,
                          co_await ConferenceSid(account, RoomOf(request.order())));
  if (sid.empty()) {
    LookUpCallResponse response;
    response.set_found(LookUpCallResponse::NOT_FOUND);
    co_return response;
  }
  const http::ClientResult result =
      co_await Get(account, absl::StrCat("/Conferences/", sid, "/Participants/customer.json"));
  if (result.response.status == 429) co_return ControlStatus(result);
  co_return ReadParticipant(result);
}

Task<absl::StatusOr<std::string>> TwilioAdapter::Check(const Account& account) {
  const http::ClientResult result = co_await Get(account, "/Calls.json?PageSize=1");
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  if (!HasCalls(result.response.body)) {
    co_return base::MakeError(base::kProviderError, "what answers at api_url is not Twilio's API");
  }
  co_return "Twilio answers and takes the credentials";
}

}  // namespace

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment) {
  return std::make_unique<TwilioAdapter>(environment);
}

}  // namespace ctc::providers::twilio
