#include "libs/providers/http_switch/exchange.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::http_switch {
namespace {

using session::v1::Leg;
using Json = nlohmann::json;

// A value must neither end a path early nor climb out of it: libcurl resolves dot segments.
bool IsSafePath(std::string_view url_path) {
  std::string_view path = url_path.substr(0, url_path.find('?'));
  path.remove_prefix(1);
  while (true) {
    const size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    if (segment == "." || segment == "..") return false;
    if (end == std::string_view::npos) return true;
    if (segment.empty()) return false;
    path.remove_prefix(end + 1);
  }
}

absl::Status FillBody(const Operation& operation, const Values& values,
                      http::ClientRequest& request) {
  if (operation.body_kind == BodyKind::kNone) return absl::OkStatus();
  if (operation.body_kind == BodyKind::kJson) {
    CTC_ASSIGN_OR_RETURN(const Json body, FillJson(operation.json, values));
    request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  } else if (operation.body_kind == BodyKind::kForm) {
    for (const auto& [name, text] : operation.form) {
      CTC_ASSIGN_OR_RETURN(const std::string value, text.Fill(values));
      absl::StrAppend(&request.body, request.body.empty() ? "" : "&", http::Encode(name), "=",
                      value);
    }
  } else {
    CTC_ASSIGN_OR_RETURN(request.body, operation.text.Fill(values));
  }
  request.headers.emplace_back("Content-Type", operation.content_type);
  return absl::OkStatus();
}

bool Holds(const Condition& condition, int status, const Answer& answer) {
  if (!condition.status.empty() && std::find(condition.status.begin(), condition.status.end(),
                                             status) == condition.status.end()) {
    return false;
  }
  if (!condition.at.set()) return true;
  if (condition.absent) return condition.at.IsAbsent(answer);
  if (!condition.equals && !condition.starts_with) return condition.at.IsPresent(answer);
  const std::optional<std::string> found = condition.at.Find(answer);
  if (!found.has_value()) return false;
  if (condition.equals && *found != *condition.equals) return false;
  return !condition.starts_with || found->starts_with(*condition.starts_with);
}

absl::StatusOr<bool> ControlError(ErrorClass meaning, bool ends, const std::string& detail) {
  switch (meaning) {
    case ErrorClass::kNotFound:
      return true;
    case ErrorClass::kConflict:
      if (ends) return true;
      return base::MakeError(base::kCallNotLive, detail);
    case ErrorClass::kAuth:
      return base::MakeError(base::kProviderCredentials, detail);
    case ErrorClass::kRateLimited:
      return base::MakeError(base::kProviderRateLimited, detail);
    case ErrorClass::kCapacity:
    case ErrorClass::kTemporary:
      return base::MakeError(base::kProviderError, detail);
    case ErrorClass::kInvalidNumber:
      return base::MakeError(base::kInvalidDestination, detail);
    case ErrorClass::kPermanent:
      break;
  }
  return base::MakeError(base::kProviderRefused, detail);
}

}  // namespace

std::string DigitsOf(std::string text) {
  if (text.starts_with('+')) text.erase(0, 1);
  return text;
}

void AddLive(const dispatch::v1::ControlCallRequest& request, Values& values) {
  values["provider_call_id"] = request.provider_call_id();
  values["leg_a"] = std::string();
  values["leg_b"] = std::string();
  for (const Leg& leg : request.legs()) {
    if (leg.party() == Leg::AGENT) values["leg_a"] = leg.provider_leg_id();
    if (leg.party() == Leg::CUSTOMER) values["leg_b"] = leg.provider_leg_id();
  }
  values["digits"] = request.digits();
  values["leg"] = request.target().leg_id();
  values["target"] = request.target().phone();
  values["target_digits"] = DigitsOf(request.target().phone());
}

absl::StatusOr<http::ClientRequest> FillRequest(std::string base, const Operation& operation,
                                                const Values& values, absl::Duration timeout) {
  while (base.ends_with('/')) base.pop_back();
  http::ClientRequest request;
  request.method = operation.method;
  request.timeout = timeout;
  CTC_ASSIGN_OR_RETURN(const std::string path, operation.path.Fill(values));
  if (!IsSafePath(path)) {
    return absl::InvalidArgumentError("a value in the path is empty or leads out of it");
  }
  request.url = base + path;
  for (const auto& [name, text] : operation.headers) {
    CTC_ASSIGN_OR_RETURN(std::string value, text.Fill(values));
    request.headers.emplace_back(name, std::move(value));
  }
  CTC_RETURN_IF_ERROR(FillBody(operation, values, request));
  return request;
}

bool Succeeds(const Operation& operation, int status, const Answer& answer) {
  if (operation.success.status.empty() && (status < 200 || status > 299)) return false;
  return Holds(operation.success, status, answer);
}

const ErrorRule* FindRule(const Operation& operation, int status, const Answer& answer) {
  for (const ErrorRule& rule : operation.errors) {
    if (Holds(rule.when, status, answer)) return &rule;
  }
  return nullptr;
}

std::string DetailOf(const Operation& operation, int status, const Answer& answer) {
  return absl::StrCat("the switch said ", status, " ", operation.message.Find(answer).value_or(""));
}

absl::StatusOr<bool> ControlOutcome(const Operation& operation, bool ends,
                                    const http::ClientResult& result) {
  if (!result.ok()) return ControlStatus(result);
  const int status = result.response.status;
  const Answer answer(result.response.body);
  if (const ErrorRule* rule = FindRule(operation, status, answer)) {
    return ControlError(rule->meaning, ends, DetailOf(operation, status, answer));
  }
  if (Succeeds(operation, status, answer)) return false;
  if (status == 404) return ControlError(ErrorClass::kNotFound, ends, "");
  if (status == 409) {
    return ControlError(ErrorClass::kConflict, ends, DetailOf(operation, status, answer));
  }
  CTC_RETURN_IF_ERROR(ControlStatus(result));
  return base::MakeError(base::kProviderError, "the switch's answer is not the one expected");
}

}  // namespace ctc::providers::http_switch
