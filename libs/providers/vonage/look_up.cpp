#include "libs/providers/vonage/look_up.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/proto_time.h"
#include "libs/http/message.h"
#include "libs/providers/outcome.h"
#include "libs/providers/vonage/leg_fact.h"
#include "libs/providers/vonage/ncco.h"

namespace ctc::providers::vonage {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::LookUpCallRequest;
using dispatch::v1::LookUpCallResponse;
using session::v1::CallFact;
using session::v1::Leg;

constexpr absl::Duration kAskTimeout = absl::Seconds(8);
// A create waits up to 120 s for its answer; clocks may differ a little.
constexpr absl::Duration kBefore = absl::Seconds(5);
constexpr absl::Duration kAfter = absl::Seconds(150);
constexpr int kPageSize = 100;
constexpr int kMaxPages = 5;

bool IsLive(std::string_view status) {
  return status == "started" || status == "ringing" || status == "answered" ||
         status == "machine" || status == "human";
}

// When the session was made, from its UUIDv7.
absl::Time MadeAt(const std::string& uuid) {
  uint64_t millis = 0;
  if (uuid.size() < 13 || !absl::SimpleHexAtoi(uuid.substr(0, 8) + uuid.substr(9, 4), &millis)) {
    return absl::InfinitePast();
  }
  return absl::FromUnixMillis(static_cast<int64_t>(millis));
}

// `to` and `from` are an object, in older answers an array of one.
std::string NumberOf(const Json& call, const char* side) {
  if (!call.contains(side)) return "";
  const Json& value = call[side];
  const Json& endpoint = value.is_array() && !value.empty() ? value[0] : value;
  const std::string number = TextOf(endpoint, "number");
  return number.empty() ? TextOf(endpoint, "uri") : number;
}

// Of a caller's leg only the end is news: that our menu answered it joins nobody.
bool IsNews(const CallFact& fact, const CallOrder& order) {
  if (fact.kind() == CallFact::KIND_UNSPECIFIED) return false;
  return !IsInbound(order) || fact.kind() >= CallFact::CALL_ENDED;
}

void AddRecord(const Json& call, const CallOrder& order, Leg::Party party,
               LookUpCallResponse& response) {
  LegStatus leg;
  leg.status = TextOf(call, "status");
  const std::string uuid = TextOf(call, "uuid");
  response.clear_facts();
  response.set_provider_call_id(uuid);
  response.set_found(IsLive(leg.status) ? LookUpCallResponse::LIVE : LookUpCallResponse::ENDED);
  CallFact fact = FactOf(party, leg);
  if (!IsNews(fact, order)) return;
  fact.set_event_key(absl::StrCat("vonage:", uuid, ":poll:", leg.status));
  fact.set_source(session::v1::POLL);
  fact.set_provider_leg_id(uuid);
  const auto at = ReadTime(TextOf(call, IsLive(leg.status) ? "start_time" : "end_time"));
  if (at.has_value()) *fact.mutable_provider_time() = base::ToPreciseProto(*at);
  int duration = 0;
  if (party == Leg::CUSTOMER && !IsInbound(order) &&
      absl::SimpleAtoi(TextOf(call, "duration"), &duration)) {
    fact.set_duration_seconds(std::max(0, duration));
  }
  *response.add_facts() = std::move(fact);
}

std::string ListPath(absl::Time from, absl::Time to, int index) {
  const auto text = [](absl::Time time) {
    return http::Encode(absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone()));
  };
  return absl::StrCat("/v1/calls?date_start=", text(from), "&date_end=", text(to),
                      "&order=desc&page_size=", kPageSize, "&record_index=", index);
}

// The calls of a page; nothing when the answer is no list.
std::optional<std::vector<Json>> CallsOf(const http::ClientResult& result) {
  const Json body = Json::parse(result.response.body, nullptr, false);
  if (result.response.status != 200 || !body.is_object()) return std::nullopt;
  const Json embedded = body.value("_embedded", Json::object());
  if (!embedded.is_object() || !embedded.contains("calls")) return std::nullopt;
  const Json& calls = embedded["calls"];
  if (!calls.is_array()) return std::nullopt;
  return std::vector<Json>(calls.begin(), calls.end());
}

}  // namespace

Task<absl::StatusOr<LookUpCallResponse>> FindByNumbers(Api& api, const Account& account,
                                                       const LookUpCallRequest& request,
                                                       Leg::Party party) {
  const CallOrder& order = request.order();
  LookUpCallResponse response;
  const std::optional<Json> endpoint =
      EndpointOf(party == Leg::AGENT ? order.agent_phone() : order.to_phone());
  const absl::Time made = MadeAt(order.id());
  if (!endpoint.has_value() || made == absl::InfinitePast()) {
    response.set_found(LookUpCallResponse::NOT_FOUND);
    co_return response;
  }
  const std::string to = NumberOf(Json{{"to", *endpoint}}, "to");
  const std::string from = WireNumber(OurNumber(order));
  // The customer's leg may come as long after the session as the agent lets it ring.
  const absl::Time latest = made + (party == Leg::AGENT ? kAfter : kAfter + kAfter);
  bool more = true;
  for (int page = 0; page < kMaxPages && more; ++page) {
    const http::ClientResult result = co_await api.Send(
        account, "GET", ListPath(made - kBefore, latest, page * kPageSize), "", kAskTimeout);
    if (result.response.status == 429) co_return ControlStatus(result);
    const std::optional<std::vector<Json>> calls = CallsOf(result);
    if (!calls.has_value()) co_return LookUpCallResponse();  // it cannot be asked now
    for (const Json& call : *calls) {
      if (NumberOf(call, "to") != to || NumberOf(call, "from") != from) continue;
      if (!IsId(TextOf(call, "uuid")) || IsOfOthers(request, TextOf(call, "uuid"))) continue;
      AddRecord(call, order, party, response);
      if (response.found() == LookUpCallResponse::LIVE) co_return response;
    }
    more = calls->size() >= static_cast<size_t>(kPageSize);
  }
  if (response.provider_call_id().empty()) response.set_found(LookUpCallResponse::NOT_FOUND);
  co_return response;
}

Task<absl::StatusOr<LookUpCallResponse>> LookUpCall(Api& api, const Account& account,
                                                    const LookUpCallRequest& request) {
  const CallOrder& order = request.order();
  const bool agent_first = !IsInbound(order) && !order.agent_phone().empty();
  const Leg::Party party = agent_first ? Leg::AGENT : Leg::CUSTOMER;
  LookUpCallResponse response;
  if (!IsId(request.provider_call_id())) {
    if (!IsInbound(order)) co_return co_await FindByNumbers(api, account, request, party);
    response.set_found(LookUpCallResponse::CANNOT_ASK);
    co_return response;
  }
  const http::ClientResult result =
      co_await api.Send(account, "GET", "/v1/calls/" + request.provider_call_id(), "", kAskTimeout);
  if (result.response.status == 429) co_return ControlStatus(result);
  const Json call = Json::parse(result.response.body, nullptr, false);
  if (result.response.status == 404) {
    response.set_found(LookUpCallResponse::NOT_FOUND);
  } else if (result.response.status == 200 && TextOf(call, "uuid") == request.provider_call_id()) {
    AddRecord(call, order, party, response);
  }
  co_return response;
}

}  // namespace ctc::providers::vonage
