#include "libs/providers/sip/exchange.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/crypto/crypto.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/outcome.h"
#include "libs/providers/sip/sip_status.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using http_switch::Answer;
using http_switch::DetailOf;
using http_switch::DigitsOf;
using http_switch::ErrorClass;
using http_switch::ErrorRule;
using http_switch::FindRule;
using http_switch::Succeeds;
using session::v1::CallFact;
using session::v1::Leg;

constexpr size_t kMaxId = 191;

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

// By the account's own rules first.
bool IsRateLimited(const ErrorRule* rule, int status) {
  return rule != nullptr ? rule->meaning == ErrorClass::kRateLimited : status == 429;
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
  // Where the URL is signed, what it says is meant.
  const bool is_signed = proof.mode == ProofSettings::Mode::kUrlHmac;
  return absl::StrCat(account.public_url, std::string(kPath),
                      "?tenant=", http::Encode(account.tenant.value()),
                      is_signed ? absl::StrCat("&session=", session) : "");
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

void AddAgentLeg(const dispatch::v1::ControlCallRequest& request, Values& values) {
  const bool inbound = request.order().direction() == session::v1::Session::INBOUND;
  const std::string leg = std::get<std::string>(values[inbound ? "leg_a" : "provider_call_id"]);
  if (!leg.empty()) values["agent_leg"] = leg;
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
  CTC_ASSIGN_OR_RETURN(http::ClientRequest request,
                       FillRequest(account.config.api_url(), operation, values, timeout));
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

absl::StatusOr<LookUpCallResponse> LookUpOutcome(const Account& account, const Operation& operation,
                                                 const Values& values,
                                                 const http::ClientResult& result, absl::Time now) {
  LookUpCallResponse response;
  if (!result.ok()) return response;
  const Answer answer(result.response.body);
  const ErrorRule* rule = FindRule(operation, result.response.status, answer);
  if (result.response.status == 404 ||
      (rule != nullptr && rule->meaning == ErrorClass::kNotFound)) {
    response.set_found(LookUpCallResponse::NOT_FOUND);
    return response;
  }
  if (IsRateLimited(rule, result.response.status)) {
    return base::MakeError(base::kProviderRateLimited,
                           DetailOf(operation, result.response.status, answer));
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
  *fact.mutable_received_time() = base::ToPreciseProto(now);
  int seconds = 0;
  if (absl::SimpleAtoi(operation.duration.Find(answer).value_or(""), &seconds) && seconds >= 0) {
    fact.set_duration_seconds(seconds);
  }
  *response.add_facts() = std::move(fact);
  return response;
}

}  // namespace ctc::providers::sip
