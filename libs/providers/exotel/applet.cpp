#include "libs/providers/exotel/applet.h"

#include <utility>

#include "libs/providers/callback_fields.h"

namespace ctc::providers::exotel {

std::optional<Applet> AppletOf(const common::v1::HttpRequest& request) {
  const auto query = CallbackFields::ReadQuery(request);
  const std::string_view name = query.ok() ? query->Get("applet") : std::string_view();
  if (name.empty()) {
    const bool asks_whom = !HeaderOf(request, "exotel-version").empty();
    return asks_whom ? Applet::kLoneConnect : Applet::kDialled;
  }
  constexpr std::pair<std::string_view, Applet> kNames[] = {
      {"connect", Applet::kConnect},   {"gather", Applet::kGather},
      {"greeting", Applet::kGreeting}, {"is_gather", Applet::kIsGather},
      {"is_dial", Applet::kIsDial},    {"is_voicemail", Applet::kIsVoicemail},
      {"is_over", Applet::kIsOver},    {"digits", Applet::kDigits},
      {"dialled", Applet::kDialled},   {"voicemail", Applet::kVoicemail},
      {"heard", Applet::kHeard}};
  for (const auto& [word, applet] : kNames) {
    if (word == name) return applet;
  }
  return std::nullopt;
}

}  // namespace ctc::providers::exotel
