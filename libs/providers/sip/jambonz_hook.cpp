#include "libs/providers/sip/jambonz_hook.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "libs/base/proto_time.h"
#include "libs/http/message.h"
#include "libs/providers/sip/sip_status.h"
#include "libs/providers/twiml/form.h"
#include "libs/providers/twiml/question.h"

namespace ctc::providers::sip {
namespace {

using Json = nlohmann::json;
using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using session::v1::CallFact;
using session::v1::Leg;
using twiml::Form;
using twiml::ValueOf;

constexpr size_t kMaxDigits = 64;
constexpr size_t kFewestDigits = 7;  // of a number that is written without its plus
constexpr size_t kMostDigits = 15;   // E.164
constexpr int kWeekSeconds = 7 * 24 * 3600;

std::string TextOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

int NumberOf(const Json& json, const char* name, int most, int fallback) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_integer()) return fallback;
  const bool fits = *found >= 0 && *found <= most;
  return fits ? found->get<int>() : fallback;
}

Json ObjectOf(const std::string& body) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

// E.164, or nothing. Whether the plus is there depends on the carrier.
std::string PhoneOf(std::string text) {
  if (text.starts_with("sip:")) text = text.substr(4, text.find('@') - 4);
  if (text.starts_with('+')) text.erase(0, 1);
  const bool number = text.size() >= kFewestDigits && text.size() <= kMostDigits &&
                      text.front() != '0' &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  return number ? "+" + text : "";
}

bool IsEnd(std::string_view status) {
  return status == "completed" || status == "failed" || status == "busy" || status == "no-answer";
}

// The ring timer of a dial leaves the last thing that was heard of the phone.
FlowInput::Kind DialOutcome(const Json& json) {
  const std::string status = TextOf(json, "dial_call_status");
  if (status == "completed") return FlowInput::DIAL_ENDED;
  if (status == "busy") return FlowInput::DIAL_BUSY;
  if (status == "failed" || status.empty()) {
    switch (NumberOf(json, "dial_sip_status", 699, 0)) {
      case 408:
      case 480:
        return FlowInput::DIAL_NO_ANSWER;
      case 603:
      case 607:
      case 608:
        return FlowInput::DIAL_REJECTED;
      default:
        return FlowInput::DIAL_FAILED;
    }
  }
  return FlowInput::DIAL_NO_ANSWER;
}

std::string ReadKeys(const Json& json, FlowInput& input) {
  const std::string digits = TextOf(json, "digits");
  if (digits.size() > kMaxDigits ||
      digits.find_first_not_of("0123456789*#ABCDabcd") != std::string::npos) {
    return "digits: are malformed";
  }
  const bool pressed = !digits.empty() || TextOf(json, "reason") == "dtmfDetected";
  input.set_kind(pressed ? FlowInput::DIGITS : FlowInput::NO_INPUT);
  input.set_digits(digits);
  return "";
}

// What ended the step, by the word that our own URL carries.
std::string ReadInput(const Form& query, const Json& json, FlowInput& input) {
  const std::string on = ValueOf(query, "on");
  if (IsEnd(TextOf(json, "call_status"))) {
    input.set_kind(FlowInput::CALLER_GONE);
  } else if (on == "gather") {
    return ReadKeys(json, input);
  } else if (on == "done") {
    input.set_kind(FlowInput::DONE);
  } else if (on == "dial") {
    input.set_kind(DialOutcome(json));
  } else if (on == "asked") {
    input.set_kind(twiml::OutcomeOfWord(ValueOf(query, "outcome")));
    if (input.kind() == FlowInput::KIND_UNSPECIFIED) return "outcome: is not known";
  } else {
    return "on: is not one of ours";
  }
  return "";
}

struct Status {
  std::string_view word;
  CallFact::Kind kind;
  int order;  // of a leg's statuses: they may overtake each other on their way
};
constexpr std::array kStatuses = {Status{"trying", CallFact::CALL_INITIATED, 1},
                                  Status{"queued", CallFact::CALL_INITIATED, 1},
                                  Status{"ringing", CallFact::CALL_RINGING, 2},
                                  Status{"early-media", CallFact::CALL_RINGING, 3},
                                  Status{"in-progress", CallFact::CALL_ANSWERED, 4},
                                  Status{"completed", CallFact::CALL_ENDED, 5},
                                  Status{"busy", CallFact::CALL_BUSY, 5},
                                  Status{"no-answer", CallFact::CALL_NO_ANSWER, 5},
                                  Status{"failed", CallFact::CALL_FAILED, 5}};

const Status* FindStatus(std::string_view word) {
  const auto found = std::find_if(kStatuses.begin(), kStatuses.end(),
                                  [&](const Status& status) { return status.word == word; });
  return found == kStatuses.end() ? nullptr : &*found;
}

// Of the caller's leg its end alone: that our menu answered it joins nobody.
CallFact CallerFact(std::string_view status) {
  CallFact fact;
  if (!IsEnd(status)) return fact;
  fact.set_kind(CallFact::CALL_ENDED);
  fact.set_party(Leg::CUSTOMER);
  return fact;
}

CallFact AgentFact(const Json& json, const std::string& status, CallFact::Kind kind) {
  CallFact fact;
  if (IsEnd(status)) {
    const int sip_status = NumberOf(json, "sip_status", 699, 0);
    fact = EndingOf(Leg::AGENT, kind, status == "completed" ? 0 : sip_status);
    const int seconds = NumberOf(json, "duration", kWeekSeconds, -1);
    if (status == "completed" && seconds >= 0) fact.set_duration_seconds(seconds);
  } else {
    fact.set_kind(kind);
    fact.set_party(Leg::AGENT);
  }
  return fact;
}

bool HasAgentsTag(const Json& json) {
  const auto tag = json.find("customerData");
  return tag != json.end() && tag->is_object() && TextOf(*tag, "leg") == "agent";
}

}  // namespace

std::string ReadHook(const common::v1::HttpRequest& request, ReadFlowResponse& response) {
  const Json json = ObjectOf(request.body());
  const auto query = http::ParseForm(request.query());
  if (!query.ok()) return "query: is broken";
  dispatch::v1::FlowCall& call = *response.mutable_call();
  call.set_provider_call_id(TextOf(json, "call_sid"));
  if (!twiml::IsSid(call.provider_call_id())) return "call_sid: is missing or malformed";
  if (TextOf(json, "direction") != "inbound") return "direction: is not inbound";
  call.set_from_phone(PhoneOf(TextOf(json, "from")));
  call.set_to_phone(PhoneOf(TextOf(json, "to")));
  FlowInput& input = *response.mutable_input();
  const std::string session = ValueOf(*query, "session");
  if (session.empty() && ValueOf(*query, "on").empty()) {
    const bool gone = IsEnd(TextOf(json, "call_status"));
    input.set_kind(gone ? FlowInput::CALLER_GONE : FlowInput::STARTED);
    return "";
  }
  if (!base::IsUuid(session)) return "session: is missing in the question's URL";
  call.set_session(session);
  input.set_step_number(twiml::IntOf(*query, "step", 0));
  if (input.step_number() == 0) return "step: is missing in the question's URL";
  return ReadInput(*query, json, input);
}

bool IsCallerStatus(const common::v1::HttpRequest& request) {
  const Json json = ObjectOf(request.body());
  if (!json.contains("call_sid")) return false;
  if (!TextOf(json, "parent_call_sid").empty()) return HasAgentsTag(json);
  return TextOf(json, "direction") == "inbound";
}

std::string ReadCallerStatus(const Account& account, const common::v1::HttpRequest& request,
                             absl::Time now, std::optional<absl::Time> signed_at,
                             ReadWebhookResponse& response) {
  const Json json = ObjectOf(request.body());
  const std::string leg = TextOf(json, "call_sid");
  const std::string parent = TextOf(json, "parent_call_sid");
  const std::string status = TextOf(json, "call_status");
  const std::string& caller = parent.empty() ? leg : parent;
  if (!twiml::IsSid(leg)) return "call_sid: is missing or malformed";
  if (!twiml::IsSid(caller)) return "parent_call_sid: is malformed";
  const Status* known = FindStatus(status);
  if (known == nullptr) return "call_status: is not known";
  response.set_event_type(absl::StrCat(parent.empty() ? "caller-" : "", status));
  CallFact fact = parent.empty() ? CallerFact(status) : AgentFact(json, status, known->kind);
  if (fact.kind() == CallFact::KIND_UNSPECIFIED) return "";
  fact.set_provider_leg_id(leg);
  fact.set_sequence(known->order);
  if (signed_at.has_value()) *fact.mutable_provider_time() = base::ToPreciseProto(*signed_at);
  fact.set_source(session::v1::WEBHOOK);
  fact.set_event_key(absl::StrCat("sip:", account.config.id(), ":", leg, ":", status));
  *fact.mutable_received_time() = base::ToPreciseProto(now);
  session::v1::SessionFact& item = *response.add_facts();
  item.set_tenant_id(account.tenant.value());
  item.set_provider_id(account.config.id());
  item.set_provider_call_id(caller);
  *item.mutable_fact() = std::move(fact);
  return "";
}

}  // namespace ctc::providers::sip
