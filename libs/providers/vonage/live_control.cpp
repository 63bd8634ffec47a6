#include "libs/providers/vonage/live_control.h"

#include <absl/strings/str_cat.h>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <set>

#include "libs/base/error_catalogue.h"
#include "libs/providers/outcome.h"
#include "libs/providers/vonage/flow.h"
#include "libs/providers/vonage/ncco.h"

namespace ctc::providers::vonage {
namespace {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::ControlCallResponse;
using session::v1::Leg;

constexpr absl::Duration kAskTimeout = absl::Seconds(8);
constexpr int kRingSeconds = 45;
constexpr int kMaxRingSeconds = 120;
// Vonage refuses to change a leg in the first second or two of its life.
constexpr absl::Duration kTooEarly = absl::Seconds(1);
constexpr int kEarlyTries = 3;

absl::Status Missing(const char* capability, const char* why) {
  base::ErrorDetail detail;
  detail.metadata["capability"] = capability;
  return base::MakeError(base::kCapabilityMissing, why, std::move(detail));
}

absl::Status Unknown(std::string_view leg_id) {
  return base::MakeError(base::kCallNotLive,
                         absl::StrCat("the leg ", absl::string_view(leg_id.data(), leg_id.size()),
                                      " is not known at Vonage"));
}

std::string CallPath(const std::string& leg, const char* rest = "") {
  return absl::StrCat("/v1/calls/", leg, rest);
}

// How a party takes part. A whisper is heard by the agent alone.
Seat SeatOf(const ControlCallRequest& request) {
  Seat seat;
  const Mode mode = request.target().mode();
  seat.muted = mode == ControlCallRequest::LISTEN;
  if (mode != ControlCallRequest::WHISPER) return seat;
  const std::string agent = PartyUuid(request, Leg::AGENT);
  const std::string customer = PartyUuid(request, Leg::CUSTOMER);
  seat.can_speak = Json::array({agent});
  seat.can_hear = Json::array({agent, customer});
  return seat;
}

// A caller waits in the room for the agent, whose answer joins them.
bool Joins(const ControlCallRequest& request) {
  return request.target().leg_id() == "agent" && IsInbound(request.order()) &&
         request.not_joined_yet();
}

}  // namespace

std::string LegUuid(const ControlCallRequest& request, std::string_view leg_id) {
  for (const Leg& leg : request.legs()) {
    if (leg.id() == leg_id && IsId(leg.provider_leg_id())) return leg.provider_leg_id();
  }
  return "";
}

std::string PartyUuid(const ControlCallRequest& request, Leg::Party party) {
  std::string ended;
  for (const Leg& leg : request.legs()) {
    if (leg.party() != party || !IsId(leg.provider_leg_id())) continue;
    if (leg.state() != Leg::ENDED) return leg.provider_leg_id();
    ended = leg.provider_leg_id();
  }
  if (!ended.empty()) return ended;
  const bool agent_first = !IsInbound(request.order()) && !request.order().agent_phone().empty();
  const bool is_first = party == (agent_first ? Leg::AGENT : Leg::CUSTOMER);
  return is_first && IsId(request.provider_call_id()) ? request.provider_call_id() : "";
}

Task<absl::StatusOr<bool>> LiveControl::Act(const Account& account, std::string leg,
                                            const char* action) {
  Json body = Json::object();
  body["action"] = action;
  co_return co_await api_.Change(account, "PUT", CallPath(leg), std::move(body));
}

Task<absl::StatusOr<bool>> LiveControl::HangUp(const Account& account, std::string leg,
                                               bool may_be_early) {
  absl::StatusOr<bool> gone = co_await Act(account, leg, "hangup");
  for (int i = 1; i < kEarlyTries && may_be_early; ++i) {
    if (gone.ok() || !base::IsError(gone.status(), base::kProviderRefused)) break;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(absl::ToChronoMilliseconds(kTooEarly));
    co_await timer.async_wait(asio::use_awaitable);
    gone = co_await Act(account, leg, "hangup");
  }
  co_return gone;
}

Task<absl::StatusOr<bool>> LiveControl::HangUpAll(const Account& account, const Request& request) {
  std::set<std::string> legs;
  for (const Leg& leg : request.legs()) {
    if (leg.state() != Leg::ENDED && IsId(leg.provider_leg_id())) {
      legs.insert(leg.provider_leg_id());
    }
  }
  const std::string& first = request.provider_call_id();
  const bool told = std::any_of(request.legs().begin(), request.legs().end(),
                                [&](const Leg& leg) { return leg.provider_leg_id() == first; });
  if (!told && IsId(first)) legs.insert(first);
  bool all_gone = true;
  absl::Status fault;
  for (const std::string& leg : legs) {
    const absl::StatusOr<bool> gone = co_await HangUp(account, leg, request.not_joined_yet());
    if (!gone.ok()) {
      fault = gone.status();
    } else if (!*gone) {
      all_gone = false;
    }
  }
  if (!fault.ok()) co_return fault;
  co_return all_gone;
}

Task<absl::StatusOr<bool>> LiveControl::Hold(const Account& account, std::string leg) {
  CTC_CO_ASSIGN_OR_RETURN(const bool gone, co_await Act(account, leg, "mute"));
  if (gone) co_return true;
  const absl::StatusOr<bool> deaf = co_await Act(account, leg, "earmuff");
  if (!deaf.ok()) {  // half a hold is none
    (void)co_await Act(account, leg, "unmute");
    co_return deaf.status();
  }
  const std::string music = SettingUrl(account, "hold_music_url");
  if (*deaf || music.empty()) co_return *deaf;
  Json body = Json::object();
  body["stream_url"] = Json::array({music});
  body["loop"] = 0;
  // A hold without music is one all the same.
  (void)co_await api_.Change(account, "PUT", CallPath(leg, "/stream"), std::move(body));
  co_return false;
}

Task<absl::StatusOr<bool>> LiveControl::Resume(const Account& account, std::string leg) {
  if (!SettingUrl(account, "hold_music_url").empty()) {
    // 404 may be the music's: the leg itself is asked next.
    (void)co_await api_.Change(account, "DELETE", CallPath(leg, "/stream"), Json());
  }
  CTC_CO_ASSIGN_OR_RETURN(const bool gone, co_await Act(account, leg, "unearmuff"));
  if (gone) co_return true;
  co_return co_await Act(account, leg, "unmute");
}

Task<absl::StatusOr<bool>> LiveControl::SendDigits(const Account& account, std::string leg,
                                                   const std::string& digits) {
  const bool known = std::all_of(digits.begin(), digits.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '*' || c == '#';
  });
  if (!known) co_return base::InvalidField("digits", "must be of 0-9 * # at Vonage");
  Json body = Json::object();
  body["digits"] = digits;
  co_return co_await api_.Change(account, "PUT", CallPath(leg, "/dtmf"), std::move(body));
}

Task<absl::StatusOr<bool>> LiveControl::MoveTo(const Account& account, std::string leg,
                                               Json destination) {
  Json body = Json::object();
  body["action"] = "transfer";
  body["destination"] = std::move(destination);
  body["destination"]["type"] = "ncco";
  co_return co_await api_.Change(account, "PUT", CallPath(leg), std::move(body));
}

// There is no request for it: the agent's leg runs an NCCO that records to the call's end and
// brings it back into the room.
Task<absl::StatusOr<bool>> LiveControl::StartRecording(const Account& account,
                                                       const Request& request) {
  const std::string leg = PartyUuid(request, Leg::AGENT);
  if (leg.empty()) co_return Unknown("agent");
  LegUrl url;
  url.leg = "recording";
  Json record = Json::object();
  record["action"] = "record";
  record["eventUrl"] = Json::array({EventUrl(account, request.order(), url)});
  Json ncco = Json::array();
  ncco.push_back(std::move(record));
  ncco.push_back(ConversationAction(account, request.order(), Seat()));
  Json destination = Json::object();
  destination["ncco"] = std::move(ncco);
  co_return co_await MoveTo(account, leg, std::move(destination));
}

Task<absl::StatusOr<bool>> LiveControl::DialParty(const Account& account, const Request& request) {
  const Request::Target& target = request.target();
  const std::optional<Json> endpoint = EndpointOf(target.phone());
  if (!endpoint.has_value()) {
    co_return base::MakeError(base::kInvalidDestination, "Vonage calls numbers and SIP addresses");
  }
  if (target.mode() == Request::WHISPER && PartyUuid(request, Leg::AGENT).empty()) {
    co_return Unknown("agent");
  }
  LegUrl url;
  url.leg = target.leg_id();
  url.records = Joins(request) && request.order().record();
  const int ring = target.ring_seconds() > 0 ? target.ring_seconds() : kRingSeconds;
  Json body = Json::object();
  body["to"] = Json::array({*endpoint});
  body["from"]["type"] = "phone";
  body["from"]["number"] = WireNumber(OurNumber(request.order()));
  body["ncco"] = Json::array({ConversationAction(account, request.order(), SeatOf(request))});
  body["event_url"] = Json::array({EventUrl(account, request.order(), url)});
  body["ringing_timer"] = std::clamp(ring, 1, kMaxRingSeconds);
  const http::ClientResult result =
      co_await api_.Send(account, "POST", "/v1/calls", Dump(body), kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(result));
  co_return false;
}

// The target sits in the room already: the customer is taken off hold, and the agent leaves.
Task<absl::StatusOr<bool>> LiveControl::HandOver(const Account& account, const Request& request) {
  const std::string customer = PartyUuid(request, Leg::CUSTOMER);
  if (customer.empty()) co_return Unknown("customer");
  CTC_CO_ASSIGN_OR_RETURN(const bool gone, co_await Resume(account, customer));
  if (gone) co_return true;
  const std::string agent = PartyUuid(request, Leg::AGENT);
  if (agent.empty()) co_return false;
  CTC_CO_RETURN_IF_ERROR((co_await Act(account, agent, "hangup")).status());
  co_return false;
}

Task<absl::StatusOr<bool>> LiveControl::ChangeMode(const Account& account, const Request& request) {
  const std::string leg = LegUuid(request, request.target().leg_id());
  if (leg.empty()) co_return Unknown(request.target().leg_id());
  Json destination = Json::object();
  destination["ncco"] =
      Json::array({ConversationAction(account, request.order(), SeatOf(request))});
  co_return co_await MoveTo(account, leg, std::move(destination));
}

Task<absl::StatusOr<bool>> LiveControl::AskFlow(const Account& account, const Request& request) {
  const std::string leg = PartyUuid(request, Leg::CUSTOMER);
  if (leg.empty()) co_return Unknown("customer");
  Json destination = Json::object();
  destination["url"] = Json::array({AskAgainUrl(account, request.order(), request.flow_input())});
  co_return co_await MoveTo(account, leg, std::move(destination));
}

Task<absl::StatusOr<bool>> LiveControl::Dispatch(const Account& account, const Request& request) {
  const bool of_agent = request.action() == Request::MUTE || request.action() == Request::UNMUTE;
  const bool of_target = request.action() == Request::DROP_PARTY;
  const std::string leg_id = of_agent    ? "agent"
                             : of_target ? request.target().leg_id()
                                         : "customer";
  const std::string leg = of_target ? LegUuid(request, leg_id)
                                    : PartyUuid(request, of_agent ? Leg::AGENT : Leg::CUSTOMER);
  const bool of_leg = of_agent || of_target || request.action() == Request::HOLD ||
                      request.action() == Request::RESUME || request.action() == Request::SEND_DTMF;
  if (of_leg && leg.empty()) co_return Unknown(leg_id);
  switch (request.action()) {
    case Request::HANG_UP:
      co_return co_await HangUpAll(account, request);
    case Request::HOLD:
      co_return co_await Hold(account, leg);
    case Request::RESUME:
      co_return co_await Resume(account, leg);
    case Request::MUTE:
      co_return co_await Act(account, leg, "mute");
    case Request::UNMUTE:
      co_return co_await Act(account, leg, "unmute");
    case Request::SEND_DTMF:
      co_return co_await SendDigits(account, leg, request.digits());
    case Request::DROP_PARTY: {
      // A party that is gone already was dropped: the call goes on.
      CTC_CO_RETURN_IF_ERROR((co_await HangUp(account, leg, true)).status());
      co_return false;
    }
    case Request::START_RECORDING:
      co_return co_await StartRecording(account, request);
    case Request::DIAL_PARTY:
      co_return co_await DialParty(account, request);
    case Request::HAND_OVER:
      co_return co_await HandOver(account, request);
    case Request::CHANGE_MODE:
      co_return co_await ChangeMode(account, request);
    case Request::ASK_FLOW:
      co_return co_await AskFlow(account, request);
    default:
      co_return Missing("stop_recording", "Vonage records to the end of the call, without a pause");
  }
}

Task<absl::StatusOr<ControlCallResponse>> LiveControl::Do(const Account& account,
                                                          const ControlCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const bool gone, co_await Dispatch(account, request));
  ControlCallResponse response;
  response.set_call_is_gone(gone);
  co_return response;
}

}  // namespace ctc::providers::vonage
