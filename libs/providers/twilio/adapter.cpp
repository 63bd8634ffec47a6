#include "libs/providers/twilio/adapter.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "libs/base/error_catalogue.h"
#include "libs/http/message.h"
#include "libs/providers/outcome.h"
#include "libs/providers/twilio/request_text.h"
#include "libs/providers/twilio/webhook.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallRequest;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::Leg;
using Json = nlohmann::json;

constexpr absl::Duration kAskTimeout = absl::Seconds(8);
constexpr int kRingSeconds = 45;
// A create waits up to 120 s for its answer; clocks may differ a little.
constexpr absl::Duration kBefore = absl::Seconds(5);
constexpr absl::Duration kAfter = absl::Seconds(150);

std::string TextOf(const Json& json, const char* name) {
  if (!json.is_object()) return "";
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

int ErrorCodeOf(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return 0;
  const auto code = json.find("code");
  return code != json.end() && code->is_number_integer() ? code->get<int>() : 0;
}

std::string AccountSid(const Account& account) {
  if (!account.config.account_sid().empty()) return account.config.account_sid();
  const std::string_view key = account.api_key.Reveal();
  return key.starts_with("SK") ? "" : std::string(key);
}

bool IsPathSafe(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

PlaceCallResponse RefusalOf(const http::ClientResponse& response) {
  const int code = ErrorCodeOf(response.body);
  const std::string detail =
      absl::StrCat("Twilio said ", response.status, "/", code, " ",
                   TextOf(Json::parse(response.body, nullptr, false), "message"));
  constexpr std::array kDestination = {21211, 21217, 21214, 21216, 21201,
                                       13223, 13224, 13225, 13226};
  // Numbers our account may not call, show or use: another account may.
  constexpr std::array kOurs = {20003, 20005, 20006, 10001, 21203,
                                21215, 21210, 21212, 21213, 21219};
  if (std::find(kDestination.begin(), kDestination.end(), code) != kDestination.end()) {
    return Refused(base::kInvalidDestination, detail, FailOver::kForbidden,
                   session::v1::INVALID_NUMBER);
  }
  if (code == 10004 || code == 20429) {
    return Refused(base::kProviderRateLimited, detail, FailOver::kAllowed,
                   session::v1::PROVIDER_REJECTED);
  }
  if (std::find(kOurs.begin(), kOurs.end(), code) != kOurs.end() || response.status == 404) {
    return Refused(base::kProviderCredentials, detail, FailOver::kAllowed,
                   session::v1::PROVIDER_REJECTED);
  }
  return Refused(base::kProviderRefused, detail, FailOver::kAllowed,
                 session::v1::PROVIDER_REJECTED);
}

// `field`: where a success carries the call's sid.
PlaceCallResponse OutcomeOf(const http::ClientResult& result, const char* field) {
  if (auto common = CommonOutcome(result)) return *std::move(common);
  if (result.response.status >= 400) return RefusalOf(result.response);
  const std::string sid = TextOf(Json::parse(result.response.body, nullptr, false), field);
  if (!IsPathSafe(sid)) {
    return UnknownOutcome(base::kSubmissionUnknown, "the answer is not a call");
  }
  return Accepted(sid);
}

// When the session was made, from its UUIDv7.
absl::Time MadeAt(const std::string& uuid) {
  uint64_t millis = 0;
  if (uuid.size() < 13 || !absl::SimpleHexAtoi(uuid.substr(0, 8) + uuid.substr(9, 4), &millis)) {
    return absl::InfinitePast();
  }
  return absl::FromUnixMillis(static_cast<int64_t>(millis));
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
  bool CustomerIsDialledByUs() const override { return true; }
  Task<PlaceCallResponse> DialCustomer(const Account& account, const CallOrder& order) override;
  Task<absl::StatusOr<LookUpCallResponse>> LookUpCustomer(const Account& account,
                                                          const CallOrder& order) override;

 private:
  http::ClientRequest MakeRequest(const Account& account, std::string method,
                                  const std::string& path, absl::Duration timeout) const;
  Task<http::ClientResult> Post(const Account& account, std::string path, Form form,
                                absl::Duration timeout);
  Task<http::ClientResult> Get(const Account& account, std::string path);
  // True when the call or conference is over at Twilio.
  Task<absl::StatusOr<bool>> Update(const Account& account, std::string path, Form form);
  Task<absl::StatusOr<bool>> HangUp(const Account& account, const ControlCallRequest& request);
  Task<absl::StatusOr<LookUpCallResponse>> FindByNumbers(const Account& account,
                                                         const CallOrder& order, Leg::Party party);

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

void AddField(dispatch::v1::ProviderTypeInfo& info, const char* name, bool required, bool secret,
              const char* description) {
  auto& field = *info.add_fields();
  field.set_name(name);
  field.set_required(required);
  field.set_secret(secret);
  field.set_description(description);
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
       {"place", "hang_up", "hold", "mute", "record", "pause_recording", "look_up", "webhook"}) {
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
  if (to.empty() || (to.front() != '+' && !to.starts_with("sip:") && !to.starts_with("client:"))) {
    co_return Refused(base::kInvalidDestination, "Twilio calls numbers, sip: and client: only",
                      FailOver::kAllowed, session::v1::UNREACHABLE);
  }
  Form form = {{"To", to},
               {"From", order.from_phone()},
               {"Timeout", std::to_string(kRingSeconds)},
               {"Twiml", ConferenceTwiml(account, order, agent)}};
  AddProgress(account, order.id(), agent ? "agent" : "customer", form);
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
  AddProgress(account, order.id(), "customer", form);
  const absl::Duration timeout = absl::Seconds(std::max(1, account.config.timeout_seconds()));
  const http::ClientResult result =
      co_await Post(account, absl::StrCat("/Conferences/", order.id(), "/Participants.json"),
                    std::move(form), timeout);
  co_return OutcomeOf(result, "call_sid");
}

Task<absl::StatusOr<bool>> TwilioAdapter::Update(const Account& account, std::string path,
                                                 Form form) {
  const http::ClientResult result =
      co_await Post(account, std::move(path), std::move(form), kAskTimeout);
  const int code = ErrorCodeOf(result.response.body);
  // 21220: the call is over; 16022: the conference is; 20404: Twilio forgot it.
  if (result.response.status == 404 || code == 21220 || code == 16022) co_return true;
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  co_return false;
}

std::string LegSid(const ControlCallRequest& request, Leg::Party party) {
  for (const Leg& leg : request.legs()) {
    if (leg.party() == party && IsPathSafe(leg.provider_leg_id())) return leg.provider_leg_id();
  }
  const bool first_is_agent = !request.order().agent_phone().empty();
  const bool is_first = first_is_agent == (party == Leg::AGENT);
  return is_first && IsPathSafe(request.provider_call_id()) ? request.provider_call_id() : "";
}

Task<absl::StatusOr<bool>> TwilioAdapter::HangUp(const Account& account,
                                                 const ControlCallRequest& request) {
  bool all_gone = true;
  absl::Status fault;
  for (const Leg::Party party : {Leg::CUSTOMER, Leg::AGENT}) {
    const std::string sid = LegSid(request, party);
    if (sid.empty()) continue;
    // "completed" ends a ringing leg as well as a talking one; only a queued one needs "canceled".
    Form form = {{"Status", "completed"}};
    const absl::StatusOr<bool> gone =
        co_await Update(account, absl::StrCat("/Calls/", sid, ".json"), std::move(form));
    if (!gone.ok()) {
      fault = gone.status();
    } else if (!*gone) {
      all_gone = false;
    }
  }
  if (!fault.ok()) co_return fault;
  co_return all_gone;
}

absl::Status NoDtmf() {
  base::ErrorDetail detail;
  detail.metadata["capability"] = "dtmf";
  return base::MakeError(base::kCapabilityMissing,
                         "Twilio has no request that sends digits into a running call",
                         std::move(detail));
}

Task<absl::StatusOr<ControlCallResponse>> TwilioAdapter::Control(
    const Account& account, const ControlCallRequest& request) {
  const std::string participants =
      absl::StrCat("/Conferences/", request.order().id(), "/Participants/");
  // A recording ordered with the call is the conference's, one started later the customer leg's.
  const std::string recordings =
      request.order().record()
          ? absl::StrCat("/Conferences/", request.order().id(), "/Recordings")
          : absl::StrCat("/Calls/", LegSid(request, Leg::CUSTOMER), "/Recordings");
  const std::string current = recordings + "/Twilio.CURRENT.json";
  std::string path;
  Form form;
  switch (request.action()) {
    case ControlCallRequest::HOLD:
    case ControlCallRequest::RESUME:
      path = participants + "customer.json";
      form = {{"Hold", request.action() == ControlCallRequest::HOLD ? "true" : "false"}};
      break;
    case ControlCallRequest::MUTE:
    case ControlCallRequest::UNMUTE:
      path = participants + "agent.json";
      form = {{"Muted", request.action() == ControlCallRequest::MUTE ? "true" : "false"}};
      break;
    case ControlCallRequest::START_RECORDING:
      path = absl::StrCat("/Calls/", LegSid(request, Leg::CUSTOMER), "/Recordings.json");
      AddRecording(account, request.order().id(), form);
      break;
    case ControlCallRequest::STOP_RECORDING:
      path = current;
      form = {{"Status", "stopped"}};
      break;
    case ControlCallRequest::PAUSE_RECORDING:
      path = current;
      form = {{"Status", "paused"}, {"PauseBehavior", "skip"}};
      break;
    case ControlCallRequest::RESUME_RECORDING:
      path = current;
      form = {{"Status", "in-progress"}};
      break;
    case ControlCallRequest::HANG_UP:
      break;
    default:
      co_return NoDtmf();
  }
  if (path.starts_with("/Calls//")) {
    co_return base::MakeError(base::kCallNotLive, "the customer has not been reached");
  }
  const absl::StatusOr<bool> gone = path.empty() ? co_await HangUp(account, request)
                                                 : co_await Update(account, path, std::move(form));
  if (!gone.ok()) co_return gone.status();
  ControlCallResponse response;
  response.set_call_is_gone(*gone);
  co_return response;
}

bool IsLive(std::string_view status) {
  return status == "queued" || status == "initiated" || status == "ringing" ||
         status == "in-progress";
}

// Found, sid and facts from one Call resource.
void AddRecord(const Json& call, Leg::Party party, LookUpCallResponse& response) {
  const std::string status = TextOf(call, "status");
  const std::string sid = TextOf(call, "sid");
  response.clear_facts();
  response.set_provider_call_id(sid);
  response.set_found(IsLive(status) ? LookUpCallResponse::LIVE : LookUpCallResponse::ENDED);
  session::v1::CallFact fact = FactOfStatus(party, status, TextOf(call, "answered_by"), 0);
  if (fact.kind() == session::v1::CallFact::KIND_UNSPECIFIED) return;
  fact.set_event_key(absl::StrCat("twilio:", sid, ":poll:", status));
  fact.set_source(session::v1::POLL);
  fact.set_provider_leg_id(sid);
  const auto at = ReadTwilioTime(TextOf(call, IsLive(status) ? "start_time" : "end_time"));
  if (at.has_value()) fact.mutable_provider_time()->set_seconds(absl::ToUnixSeconds(*at));
  int duration = 0;
  if (party == Leg::CUSTOMER && absl::SimpleAtoi(TextOf(call, "duration"), &duration)) {
    fact.set_duration_seconds(std::max(0, duration));
  }
  *response.add_facts() = std::move(fact);
}

// Twilio keeps no reference of ours in a call, so one without a known sid is recognised by both
// numbers and the time it was made.
Task<absl::StatusOr<LookUpCallResponse>> TwilioAdapter::FindByNumbers(const Account& account,
                                                                      const CallOrder& order,
                                                                      Leg::Party party) {
  const std::string& to = party == Leg::AGENT ? order.agent_phone() : order.to_phone();
  const absl::Time made = MadeAt(order.id());
  LookUpCallResponse response;
  const http::ClientResult result = co_await Get(
      account, absl::StrCat("/Calls.json?To=", http::Encode(to),
                            "&From=", http::Encode(order.from_phone()), "&PageSize=20"));
  const Json body = Json::parse(result.response.body, nullptr, false);
  if (result.response.status != 200 || !body.is_object() || !body.contains("calls") ||
      !body["calls"].is_array()) {
    co_return response;  // FOUND_UNSPECIFIED: it cannot be asked now
  }
  response.set_found(LookUpCallResponse::NOT_FOUND);
  // The customer's leg may come as long after the session as the agent lets it ring.
  const absl::Duration latest = party == Leg::AGENT ? kAfter : kAfter + kAfter;
  for (const Json& call : body["calls"]) {
    const auto created = ReadTwilioTime(TextOf(call, "date_created"));
    if (!created.has_value() || *created < made - kBefore || *created > made + latest) continue;
    AddRecord(call, party, response);
    if (response.found() == LookUpCallResponse::LIVE) break;
  }
  co_return response;
}

Task<absl::StatusOr<LookUpCallResponse>> TwilioAdapter::LookUp(const Account& account,
                                                               const LookUpCallRequest& request) {
  const Leg::Party party = request.order().agent_phone().empty() ? Leg::CUSTOMER : Leg::AGENT;
  if (!IsPathSafe(request.provider_call_id())) {
    co_return co_await FindByNumbers(account, request.order(), party);
  }
  LookUpCallResponse response;
  const http::ClientResult result =
      co_await Get(account, absl::StrCat("/Calls/", request.provider_call_id(), ".json"));
  const Json call = Json::parse(result.response.body, nullptr, false);
  if (result.response.status == 404) {
    response.set_found(LookUpCallResponse::NOT_FOUND);
  } else if (result.response.status == 200 && !TextOf(call, "sid").empty()) {
    AddRecord(call, party, response);
  }
  co_return response;
}

Task<absl::StatusOr<LookUpCallResponse>> TwilioAdapter::LookUpCustomer(const Account& account,
                                                                       const CallOrder& order) {
  co_return co_await FindByNumbers(account, order, Leg::CUSTOMER);
}

Task<absl::StatusOr<std::string>> TwilioAdapter::Check(const Account& account) {
  const http::ClientResult result = co_await Get(account, "/Calls.json?PageSize=1");
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  const Json body = Json::parse(result.response.body, nullptr, false);
  if (!body.is_object() || !body.contains("calls")) {
    co_return base::MakeError(base::kProviderError, "what answers at api_url is not Twilio's API");
  }
  co_return "Twilio answers and takes the credentials";
}

}  // namespace

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment) {
  return std::make_unique<TwilioAdapter>(environment);
}

}  // namespace ctc::providers::twilio
