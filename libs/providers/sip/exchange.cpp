#include "libs/providers/sip/exchange.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/outcome.h"
#include "libs/providers/sip/sip_status.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::CallFact;
using session::v1::Leg;

constexpr size_t kMaxId = 191;

std::string DigitsOf(std::string text) {
  if (text.starts_with('+')) text.erase(0, 1);
  return text;
}

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
  if (condition.absent) return !condition.at.IsPresent(answer);
  if (!condition.equals && !condition.starts_with) return condition.at.IsPresent(answer);
  const std::optional<std::string> found = condition.at.Find(answer);
  if (!found.has_value()) return false;
  if (condition.equals && *found != *condition.equals) return false;
  return !condition.starts_with || found->starts_with(*condition.starts_with);
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

PlaceCallResponse RefusalOf(ErrorClass meaning, const std::string& detail) {
  switch (meaning) {
    case ErrorClass::kInvalidNumber:
      return Refused(base::kInvalidDestination, detail, FailOver::kForbidden,
                     session::v1::INVALID_NUMBER);
    case ErrorClass::kAuth:
      return Refused(base::kProviderCredentials, detail, FailOver::kAllowed,
                     session::v1::PROVIDER_REJECTED);
    case ErrorClass::kRateLimited:
      return Refused(base::kProviderRateLimited, detail, FailOver::kAllowed,
                     session::v1::PROVIDER_REJECTED);
    case ErrorClass::kTemporary:
    case ErrorClass::kNotFound:
      return Refused(base::kProviderError, detail, FailOver::kAllowed, session::v1::PROVIDER_ERROR);
    case ErrorClass::kConflict:
    case ErrorClass::kCapacity:
    case ErrorClass::kPermanent:
      break;
  }
  return Refused(base::kProviderRefused, detail, FailOver::kAllowed,
                 session::v1::PROVIDER_REJECTED);
}

// Our id, or the switch's where it gave one; empty when it gave none that can be used.
std::string IdOf(const Operation& operation, const Values& values, const Answer& answer) {
  if (operation.supplied_id.has_value()) return operation.supplied_id->Fill(values).value_or("");
  const std::string id = operation.id.Find(answer).value_or("");
  return id.size() <= kMaxId ? id : "";
}

std::string WebhookUrl(const Account& account, const ProofSettings& proof,
                       const std::string& session) {
  constexpr std::string_view kPath = "/api/v1/webhooks/voip/sip";
  if (proof.mode == ProofSettings::Mode::kUrlToken) {
    return CallUrl(account, base::Secret(), kPath, session);
  }
  return absl::StrCat(account.public_url, std::string(kPath),
                      "?tenant=", http::Encode(account.tenant.value()));
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

std::string LegUuid(const Account& account, const std::string& order, char leg) {
  std::string hex = crypto::ToHex(
      crypto::Sha256(absl::StrCat(account.config.id(), "/", order, "/", std::string(1, leg))));
  hex[12] = '8';  // RFC 9562 version 8: made by us
  hex[16] = 'a';
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20, 12));
}

Values ValuesOf(const Account& account, const SwitchTemplate& settings,
                const dispatch::v1::CallOrder& order) {
  Values values = settings.constants;
  values["session_id"] = order.id();
  values["correlation_id"] = order.correlation_id();
  values["agent"] = order.agent_phone();
  values["agent_digits"] = DigitsOf(order.agent_phone());
  values["agent_id"] = order.agent_id();
  values["customer"] = order.to_phone();
  values["customer_digits"] = DigitsOf(order.to_phone());
  values["caller_id"] = order.from_phone();
  values["caller_id_digits"] = DigitsOf(order.from_phone());
  values["contact_name"] = order.contact_name();
  values["prefix"] = account.config.dial_plan_prefix();
  values["webhook_url"] = WebhookUrl(account, settings.webhook.verify, order.id());
  values["uuid_a"] = LegUuid(account, order.id(), 'a');
  values["uuid_b"] = LegUuid(account, order.id(), 'b');
  values["ring_timeout_s"] = int64_t{settings.ring_timeout_seconds};
  values["max_duration_s"] = int64_t{settings.max_duration_seconds};
  values["record"] = order.record();
  return values;
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

void Authenticate(const Account& account, const SwitchTemplate& settings,
                  http::ClientRequest& request) {
  switch (settings.auth) {
    case SwitchTemplate::Auth::kNone:
      return;
    case SwitchTemplate::Auth::kBasic:
      request.user = std::string(account.api_key.Reveal());
      request.password = account.api_secret;
      return;
    case SwitchTemplate::Auth::kBearer:
      request.bearer = account.api_key;
      return;
    case SwitchTemplate::Auth::kHeader:
      request.headers.emplace_back(settings.auth_header, std::string(account.api_key.Reveal()));
  }
}

absl::StatusOr<http::ClientRequest> MakeRequest(const Account& account,
                                                const SwitchTemplate& settings,
                                                const Operation& operation, const Values& values,
                                                absl::Duration timeout) {
  std::string base = account.config.api_url();
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
  Authenticate(account, settings, request);
  return request;
}

PlaceCallResponse PlaceOutcome(const Operation& place, const Values& values,
                               const http::ClientResult& result) {
  const int status = result.response.status;
  const Answer answer(result.response.body);
  if (result.ok() && !(status >= 300 && status < 400)) {
    if (const ErrorRule* rule = FindRule(place, status, answer)) {
      return RefusalOf(rule->meaning, DetailOf(place, status, answer));
    }
  }
  if (auto common = CommonOutcome(result)) return *std::move(common);
  if (Succeeds(place, status, answer)) {
    const std::string id = IdOf(place, values, answer);
    if (!id.empty()) return Accepted(id);
  } else if (status >= 400) {
    return RefusalOf(ErrorClass::kPermanent, DetailOf(place, status, answer));
  }
  return UnknownOutcome(base::kSubmissionUnknown, "the answer is not the one of a placed call");
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

LookUpCallResponse LookUpOutcome(const Account& account, const Operation& operation,
                                 const Values& values, const http::ClientResult& result,
                                 absl::Time now) {
  LookUpCallResponse response;
  if (!result.ok()) return response;
  const Answer answer(result.response.body);
  const ErrorRule* rule = FindRule(operation, result.response.status, answer);
  if (result.response.status == 404 ||
      (rule != nullptr && rule->meaning == ErrorClass::kNotFound)) {
    response.set_found(LookUpCallResponse::NOT_FOUND);
    return response;
  }
  const std::optional<std::string> word = operation.status.Find(answer);
  if (rule != nullptr || !Succeeds(operation, result.response.status, answer) || !word) {
    return response;
  }
  const auto meaning = operation.statuses.find(*word);
  if (meaning == operation.statuses.end()) return response;
  if (meaning->second == "NOT_FOUND") {
    response.set_found(LookUpCallResponse::NOT_FOUND);
    return response;
  }
  response.set_provider_call_id(IdOf(operation, values, answer));
  response.set_found(meaning->second == "LIVE" ? LookUpCallResponse::LIVE
                                               : LookUpCallResponse::ENDED);
  if (meaning->second == "LIVE") return response;
  int sip_status = 0;
  (void)absl::SimpleAtoi(operation.sip_status.Find(answer).value_or(""), &sip_status);
  CallFact fact = EndingOf(Leg::PARTY_UNSPECIFIED, EventMeanings().at(meaning->second), sip_status);
  fact.set_source(session::v1::POLL);
  fact.set_event_key(absl::StrCat("sip:", account.config.id(),
                                  ":poll:", std::get<std::string>(values.at("session_id"))));
  fact.mutable_received_time()->set_seconds(absl::ToUnixSeconds(now));
  int seconds = 0;
  if (absl::SimpleAtoi(operation.duration.Find(answer).value_or(""), &seconds) && seconds >= 0) {
    fact.set_duration_seconds(seconds);
  }
  *response.add_facts() = std::move(fact);
  return response;
}

}  // namespace ctc::providers::sip
