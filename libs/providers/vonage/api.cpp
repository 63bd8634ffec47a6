#include "libs/providers/vonage/api.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::vonage {
namespace {

using dispatch::v1::PlaceCallResponse;

constexpr absl::Duration kAskTimeout = absl::Seconds(8);
constexpr absl::Duration kFetchTimeout = absl::Seconds(60);
// Two hours of wav, the most that a call can be, are less.
constexpr size_t kMaxRecording = 256U << 20;
constexpr std::string_view kHttps = "https://";

bool IsDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Errors come as RFC 7807 and in older shapes.
std::string ErrorText(const Json& body) {
  std::string text;
  for (const char* name : {"title", "error_title", "detail", "msg_error"}) {
    if (const std::string part = TextOf(body, name); !part.empty()) {
      text += (text.empty() ? "" : ": ") + part;
    }
  }
  return text;
}

// The parameter that was refused, with its reason; "" when none is named.
std::pair<std::string, std::string> InvalidParameter(const Json& body) {
  if (!body.is_object() || !body.contains("invalid_parameters")) return {};
  const Json& list = body["invalid_parameters"];
  if (!list.is_array() || list.empty()) return {};
  return {TextOf(list[0], "name"), TextOf(list[0], "reason")};
}

PlaceCallResponse RefusalOf(const http::ClientResponse& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  const auto [name, reason] = InvalidParameter(body);
  const std::string detail =
      absl::StrCat("Vonage said ", response.status, " ", ErrorText(body), name.empty() ? "" : " (",
                   name, name.empty() ? "" : " ", reason, name.empty() ? "" : ")");
  if (name == "number" || name == "to" || name.starts_with("to[") || name.starts_with("to.")) {
    return Refused(base::kInvalidDestination, detail, FailOver::kForbidden,
                   session::v1::INVALID_NUMBER);
  }
  if (response.status == 404) {  // not our application's region
    return Refused(base::kProviderCredentials, detail, FailOver::kAllowed,
                   session::v1::PROVIDER_REJECTED);
  }
  return Refused(base::kProviderRefused, detail, FailOver::kAllowed,
                 session::v1::PROVIDER_REJECTED);
}

}  // namespace

Task<http::ClientResult> Api::Send(const Account& account, std::string method, std::string path,
                                   std::string body, absl::Duration timeout) {
  absl::StatusOr<base::Secret> token = tokens_.For(account);
  if (!token.ok()) {
    http::ClientResult unsent;
    unsent.error.reached = http::Reached::kNotSent;
    unsent.error.status =
        absl::UnavailableError("the account's private_key cannot sign a token for Vonage");
    co_return unsent;
  }
  std::string base = account.config.api_url();
  while (!base.empty() && base.back() == '/') base.pop_back();
  http::ClientRequest request;
  request.method = std::move(method);
  request.url = base + path;
  request.timeout = timeout;
  request.bearer = *std::move(token);
  request.headers.emplace_back("Accept", "application/json");
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  co_return co_await http_.Send(std::move(request));
}

Task<absl::StatusOr<bool>> Api::Change(const Account& account, std::string method, std::string path,
                                       Json body) {
  std::string text = body.is_null() ? "" : Dump(body);
  const http::ClientResult result =
      co_await Send(account, std::move(method), std::move(path), std::move(text), kAskTimeout);
  if (result.response.status == 404) co_return true;
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  co_return false;
}

Task<absl::StatusOr<Recording>> Api::Fetch(const Account& account, std::string url) {
  if (!IsVonageUrl(url, account.config.api_url())) {
    co_return base::MakeError(base::kProviderRefused, "the recording is not at a host of Vonage's");
  }
  absl::StatusOr<base::Secret> token = tokens_.For(account);
  if (!token.ok()) {
    co_return base::MakeError(base::kProviderCredentials,
                              "the account's private_key cannot sign a token for Vonage");
  }
  http::ClientRequest request;
  request.url = std::move(url);
  request.bearer = *std::move(token);
  request.timeout = kFetchTimeout;
  request.max_response_bytes = kMaxRecording;
  http::ClientResult result = co_await http_.Send(std::move(request));
  if (result.response.status == 404) {
    co_return base::MakeError(base::kNotFound, "Vonage does not have the recording");
  }
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  Recording recording;
  recording.content_type = std::string(result.response.headers.Get("content-type"));
  recording.bytes = std::move(result.response.body);
  co_return recording;
}

PlaceCallResponse OutcomeOfCreate(const http::ClientResult& result) {
  if (auto common = CommonOutcome(result)) return *std::move(common);
  if (result.response.status >= 400) return RefusalOf(result.response);
  const std::string uuid = TextOf(Json::parse(result.response.body, nullptr, false), "uuid");
  if (!IsId(uuid)) return UnknownOutcome(base::kSubmissionUnknown, "the answer is not a call");
  return Accepted(uuid);
}

bool IsVonageUrl(std::string_view url, std::string_view api_url) {
  const size_t api_path = api_url.find('/', api_url.find("://") + 3);
  const std::string own = std::string(api_url.substr(0, api_path)) + "/";
  if (!api_url.empty() && url.starts_with(own)) return true;
  if (!url.starts_with(kHttps)) return false;
  const std::string_view host =
      url.substr(kHttps.size(), url.find('/', kHttps.size()) - kHttps.size());
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
  return plain && (host.ends_with(".nexmo.com") || host.ends_with(".vonage.com"));
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

std::string TextOf(const Json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string WireNumber(std::string_view e164) {
  return std::string(e164.starts_with('+') ? e164.substr(1) : e164);
}

std::string E164Of(std::string_view wire) {
  if (wire.starts_with('+')) wire.remove_prefix(1);
  if (wire.size() < 2 || wire.size() > 15 || !IsDigits(wire)) return "";
  return "+" + std::string(wire);
}

}  // namespace ctc::providers::vonage
