#include "libs/providers/twilio/answers.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/providers/outcome.h"
#include "libs/providers/twilio/legs.h"
#include "libs/providers/twiml/progress.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::Leg;
using Json = nlohmann::json;

// A create waits up to 120 s for its answer; clocks may differ a little.
constexpr absl::Duration kBefore = absl::Seconds(5);
constexpr absl::Duration kAfter = absl::Seconds(150);

Json ReadJson(const std::string& body) { return Json::parse(body, nullptr, false); }

std::string TextOf(const Json& json, const char* name) {
  if (!json.is_object()) return "";
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

PlaceCallResponse RefusalOf(const http::ClientResponse& response) {
  const int code = ErrorCodeOf(response.body);
  const std::string detail = absl::StrCat("Twilio said ", response.status, "/", code, " ",
                                          TextOf(ReadJson(response.body), "message"));
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

// When the session was made, from its UUIDv7.
absl::Time MadeAt(const std::string& uuid) {
  uint64_t millis = 0;
  if (uuid.size() < 13 || !absl::SimpleHexAtoi(uuid.substr(0, 8) + uuid.substr(9, 4), &millis)) {
    return absl::InfinitePast();
  }
  return absl::FromUnixMillis(static_cast<int64_t>(millis));
}

bool IsLive(std::string_view status) {
  return status == "queued" || status == "initiated" || status == "ringing" ||
         status == "in-progress";
}

// However it ended for Twilio: the caller's call is over.
session::v1::CallFact CallerEnded() {
  session::v1::CallFact fact;
  fact.set_kind(session::v1::CallFact::CALL_ENDED);
  fact.set_party(Leg::CUSTOMER);
  return fact;
}

// Found, sid and facts from one Call resource.
void AddRecord(const Json& call, const CallOrder& order, Leg::Party party,
               LookUpCallResponse& response) {
  const std::string status = TextOf(call, "status");
  const std::string sid = TextOf(call, "sid");
  response.clear_facts();
  response.set_provider_call_id(sid);
  response.set_found(IsLive(status) ? LookUpCallResponse::LIVE : LookUpCallResponse::ENDED);
  if (IsInbound(order) && IsLive(status)) return;
  session::v1::CallFact fact = twiml::FactOfStatus(party, status, TextOf(call, "answered_by"), 0);
  if (IsInbound(order)) fact = CallerEnded();
  if (fact.kind() == session::v1::CallFact::KIND_UNSPECIFIED) return;
  fact.set_event_key(absl::StrCat("twilio:", sid, ":poll:", status));
  fact.set_source(session::v1::POLL);
  fact.set_provider_leg_id(sid);
  const auto at = twiml::ReadTime(TextOf(call, IsLive(status) ? "start_time" : "end_time"));
  if (at.has_value()) *fact.mutable_provider_time() = base::ToPreciseProto(*at);
  int duration = 0;
  if (party == Leg::CUSTOMER && !IsInbound(order) &&
      absl::SimpleAtoi(TextOf(call, "duration"), &duration)) {
    fact.set_duration_seconds(std::max(0, duration));
  }
  *response.add_facts() = std::move(fact);
}

const Json* ListIn(const Json& body, const char* name) {
  if (!body.is_object()) return nullptr;
  const auto found = body.find(name);
  return found != body.end() && found->is_array() ? &*found : nullptr;
}

}  // namespace

int ErrorCodeOf(const std::string& body) {
  const Json json = ReadJson(body);
  if (!json.is_object()) return 0;
  const auto code = json.find("code");
  return code != json.end() && code->is_number_integer() ? code->get<int>() : 0;
}

PlaceCallResponse OutcomeOf(const http::ClientResult& result, const char* field) {
  if (auto common = CommonOutcome(result)) return *std::move(common);
  if (result.response.status >= 400) return RefusalOf(result.response);
  const std::string sid = TextOf(ReadJson(result.response.body), field);
  if (!IsPathSafe(sid)) {
    return UnknownOutcome(base::kSubmissionUnknown, "the answer is not a call");
  }
  return Accepted(sid);
}

LookUpCallResponse ReadCallRecord(const http::ClientResult& result, const CallOrder& order,
                                  Leg::Party party) {
  LookUpCallResponse response;
  const Json call = ReadJson(result.response.body);
  if (result.response.status == 404) {
    response.set_found(LookUpCallResponse::NOT_FOUND);
  } else if (result.response.status == 200 && !TextOf(call, "sid").empty()) {
    AddRecord(call, order, party, response);
  }
  return response;
}

LookUpCallResponse ReadCallList(const http::ClientResult& result,
                                const dispatch::v1::LookUpCallRequest& request, Leg::Party party) {
  const CallOrder& order = request.order();
  LookUpCallResponse response;
  const Json body = ReadJson(result.response.body);
  const Json* calls = ListIn(body, "calls");
  if (result.response.status != 200 || calls == nullptr) return response;
  response.set_found(LookUpCallResponse::NOT_FOUND);
  const absl::Time made = MadeAt(order.id());
  for (const Json& call : *calls) {
    const auto created = twiml::ReadTime(TextOf(call, "date_created"));
    if (!created.has_value() || *created < made - kBefore || *created > made + kAfter) continue;
    if (IsOfOthers(request, TextOf(call, "sid"))) continue;
    AddRecord(call, order, party, response);
    if (response.found() == LookUpCallResponse::LIVE) break;
  }
  return response;
}

LookUpCallResponse ReadParticipant(const http::ClientResult& result) {
  LookUpCallResponse response;
  const std::string sid = TextOf(ReadJson(result.response.body), "call_sid");
  if (result.response.status == 404) {
    response.set_found(LookUpCallResponse::NOT_FOUND);
  } else if (result.response.status == 200 && IsPathSafe(sid)) {
    response.set_found(LookUpCallResponse::LIVE);
    response.set_provider_call_id(sid);
  }
  return response;
}

absl::StatusOr<std::string> ReadConferenceSid(const http::ClientResult& result) {
  CTC_RETURN_IF_ERROR(ControlStatus(result));
  const Json body = ReadJson(result.response.body);
  const Json* conferences = ListIn(body, "conferences");
  if (conferences == nullptr) {
    return base::MakeError(base::kProviderError, "the list of conferences is none");
  }
  // Who comes back into a room that has ended makes a new conference of its name.
  const auto live = std::find_if(conferences->begin(), conferences->end(), [](const Json& one) {
    return TextOf(one, "status") != "completed";
  });
  if (live == conferences->end()) return "";
  const std::string sid = TextOf(*live, "sid");
  if (!IsPathSafe(sid)) return base::MakeError(base::kProviderError, "a conference has no sid");
  return sid;
}

bool HasCalls(const std::string& body) {
  const Json json = ReadJson(body);
  return ListIn(json, "calls") != nullptr;
}

}  // namespace ctc::providers::twilio
