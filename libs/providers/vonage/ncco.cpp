#include "libs/providers/vonage/ncco.h"

#include <absl/strings/str_cat.h>

#include "libs/http/message.h"

namespace ctc::providers::vonage {
namespace {

using dispatch::v1::CallOrder;

std::string UrlOf(const Account& account, const CallOrder& order, const char* path) {
  return absl::StrCat(account.public_url, "/api/v1/webhooks/voip/vonage", path,
                      "?tenant=", http::Encode(account.tenant.value()), "&session=", order.id());
}

const std::string& RoomOf(const CallOrder& order) {
  return order.room().empty() ? order.id() : order.room();
}

}  // namespace

Json ConversationAction(const Account& account, const CallOrder& order, const Seat& seat) {
  Json action = {{"action", "conversation"},
                 {"name", RoomOf(order)},
                 {"startOnEnter", seat.starts},
                 {"endOnExit", seat.ends}};
  if (!seat.music_url.empty()) action["musicOnHoldUrl"] = Json::array({seat.music_url});
  if (seat.muted) action["mute"] = true;
  if (!seat.can_hear.is_null()) action["canHear"] = seat.can_hear;
  if (!seat.can_speak.is_null()) action["canSpeak"] = seat.can_speak;
  if (seat.record) {
    LegUrl recording;
    recording.leg = "recording";
    action["record"] = true;
    action["eventUrl"] = Json::array({EventUrl(account, order, recording)});
  }
  return action;
}

std::optional<Json> EndpointOf(std::string_view phone) {
  if (phone.starts_with('+') && !E164Of(phone).empty()) {
    return Json{{"type", "phone"}, {"number", WireNumber(phone)}};
  }
  if (phone.starts_with("sip:") || phone.starts_with("sips:")) {
    return Json{{"type", "sip"}, {"uri", std::string(phone)}};
  }
  if (phone.find('@') != std::string_view::npos) {
    return Json{{"type", "sip"}, {"uri", "sip:" + std::string(phone)}};
  }
  return std::nullopt;
}

std::string EventUrl(const Account& account, const CallOrder& order, const LegUrl& leg) {
  return absl::StrCat(UrlOf(account, order, ""), "&leg=", http::Encode(leg.leg),
                      leg.records ? "&records=1" : "");
}

std::string FlowUrl(const Account& account, const CallOrder& order, int step,
                    std::string_view extra) {
  return absl::StrCat(UrlOf(account, order, "/flow"), "&step=", step,
                      absl::string_view(extra.data(), extra.size()));
}

std::string SettingUrl(const Account& account, const char* name) {
  const auto& fields = account.config.settings().fields();
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second.string_value();
}

bool IsInbound(const CallOrder& order) {
  return order.direction() == session::v1::Session::INBOUND;
}

const std::string& OurNumber(const CallOrder& order) {
  return IsInbound(order) ? order.to_phone() : order.from_phone();
}

}  // namespace ctc::providers::vonage
