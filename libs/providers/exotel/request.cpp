#include "libs/providers/exotel/request.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/http/message.h"
#include "libs/providers/account_setting.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/exotel/webhook.h"
#include "libs/providers/indian.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::exotel {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::PlaceCallResponse;
using Json = nlohmann::json;

constexpr char kWebhookPath[] = "/api/v1/webhooks/voip/exotel";
constexpr int kRingSeconds = 45;
constexpr int kMaxCallSeconds = 14400;  // Exotel's own limit
// How far the call's DateCreated may lie from the order's making.
constexpr absl::Duration kBefore = absl::Seconds(30);
constexpr absl::Duration kAfter = absl::Minutes(3);

class Form {
 public:
  void Add(std::string_view name, std::string_view value) {
    absl::StrAppend(&text_, text_.empty() ? "" : "&", http::Encode(name), "=", http::Encode(value));
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

// Exotel's own words of an error; "" when the body is none of its errors.
std::string MessageOf(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return "";
  const auto fault = json.find("RestException");
  if (fault == json.end() || !fault->is_object()) return "";
  const auto message = fault->find("Message");
  return message != fault->end() && message->is_string() ? message->get<std::string>() : "";
}

PlaceCallResponse RefusalOf(const http::ClientResponse& response) {
  const std::string message = MessageOf(response.body);
  const std::string detail = absl::StrCat("Exotel said ", response.status, " ", message);
  // The number is on the do-not-call registry: no account may call it, now or later.
  if (absl::StrContains(message, "NDNC")) {
    return Refused(base::kBlockedByPolicy, detail, FailOver::kForbidden,
                   session::v1::BLOCKED_BY_POLICY);
  }
  if (response.status == 403 || response.status == 404) {
    return Refused(base::kProviderCredentials, detail, FailOver::kAllowed,
                   session::v1::PROVIDER_REJECTED);
  }
  return Refused(base::kProviderRefused, detail, FailOver::kAllowed,
                 session::v1::PROVIDER_REJECTED);
}

// When the session was made, from its UUIDv7.
absl::Time MadeAt(const std::string& uuid) {
  uint64_t millis = 0;
  if (uuid.size() < 13 || !absl::SimpleHexAtoi(uuid.substr(0, 8) + uuid.substr(9, 4), &millis)) {
    return absl::UnixEpoch();
  }
  return absl::FromUnixMillis(static_cast<int64_t>(millis));
}

}  // namespace

std::string AccountSid(const Account& account) {
  if (!account.config.account_sid().empty()) return account.config.account_sid();
  return std::string(account.api_key.Reveal());
}

std::string DiallableNumber(std::string_view phone) {
  const std::string national = NationalIndianNumber(phone);
  if (!national.empty()) return "0" + national;
  const bool number =
      phone.size() > 2 && phone.front() == '+' &&
      std::all_of(phone.begin() + 1, phone.end(), [](char c) { return c >= '0' && c <= '9'; });
  return number ? std::string(phone) : "";
}

std::string ConnectForm(const Account& account, const CallOrder& order) {
  const bool agent = !order.agent_phone().empty();
  std::string callback = CallUrl(account, account.api_secret, kWebhookPath, order.id());
  Form form;
  form.Add("From", DiallableNumber(agent ? order.agent_phone() : order.to_phone()));
  if (agent) {
    form.Add("To", DiallableNumber(order.to_phone()));
  } else {
    form.Add("Url", absl::StrCat("http://my.exotel.com/", AccountSid(account),
                                 "/exoml/start_voice/", SettingOf(account.config, "flow_id")));
    callback += "&leg=customer";
  }
  form.Add("CallerId", DiallableNumber(order.from_phone()));
  form.Add("CallType", "trans");
  form.Add("TimeLimit", std::to_string(kMaxCallSeconds));
  form.Add("TimeOut", std::to_string(kRingSeconds));
  form.Add("Record", order.record() ? "true" : "false");
  if (order.record()) form.Add("RecordingChannels", "dual");
  form.Add("CustomField", order.id());
  form.Add("StatusCallback", callback);
  form.Add("StatusCallbackEvents[0]", "terminal");
  form.Add("StatusCallbackEvents[1]", "answered");
  form.Add("StatusCallbackContentType", "application/json");
  return form.Take();
}

PlaceCallResponse OutcomeOf(const http::ClientResult& result) {
  const int status = result.response.status;
  // 403 has many causes; only the answer's text tells which.
  if (status == 403) return RefusalOf(result.response);
  if (auto common = CommonOutcome(result)) return *std::move(common);
  if (status >= 400) return RefusalOf(result.response);
  const Json json = Json::parse(result.response.body, nullptr, false);
  const Json call = json.is_object() ? json.value("Call", Json()) : Json();
  const Json sid = call.is_object() ? call.value("Sid", Json()) : Json();
  if (!sid.is_string() || !IsCallSid(sid.get_ref<const std::string&>())) {
    return UnknownOutcome(base::kSubmissionUnknown, "the answer is not a call");
  }
  return Accepted(sid.get<std::string>());
}

std::string SearchQuery(const CallOrder& order) {
  const absl::Time made = MadeAt(order.id());
  const std::string& first = order.agent_phone().empty() ? order.to_phone() : order.agent_phone();
  std::string query =
      absl::StrCat("DateCreated=",
                   http::Encode(absl::StrCat("gte:", IndianTimeText(made - kBefore),
                                             ";lte:", IndianTimeText(made + kAfter))),
                   "&From=", http::Encode(DiallableNumber(first)));
  if (!order.agent_phone().empty()) {
    absl::StrAppend(&query, "&To=", http::Encode(DiallableNumber(order.to_phone())));
  }
  return query + "&PageSize=20&SortBy=DateCreated:asc";
}

}  // namespace ctc::providers::exotel
