// Our numbers, and the calls to them.
#include "tools/simulator/twilio_answers.h"
#include "tools/simulator/twilio_rest.h"

namespace ctc::simulator {

http::Response TwilioRest::Numbers(const Query& query) {
  std::string sid = query.Part(1);
  if (sid.empty() && query.Is("GET")) {
    Json all = Json::array();
    for (const auto& [id, number] : numbers_) {
      if (number.account != query.account.sid) continue;
      if (query.form.contains("PhoneNumber") && number.phone != query.Get("PhoneNumber")) continue;
      all.push_back(NumberJson(number));
    }
    return Page(query.request.path, "incoming_phone_numbers", std::move(all), 50);
  }
  const bool bought = sid.empty();
  if (bought) {
    if (query.Get("PhoneNumber").empty()) {
      return TwilioFailure(400, 21402, "No phone number is specified");
    }
    sid = "PN" + world_.RandomHex(32);
    numbers_[sid] = {sid, query.account.sid, query.Get("PhoneNumber"), "", "", absl::Now()};
  }
  const auto it = numbers_.find(sid);
  if (it == numbers_.end() || it->second.account != query.account.sid) {
    return NotFound(query.request.path);
  }
  if (query.Is("DELETE")) {
    numbers_.erase(it);
    return NoTwilioContent();
  }
  TwilioNumber& number = it->second;
  number.voice_url = query.Get("VoiceUrl", number.voice_url);
  number.status_callback = query.Get("StatusCallback", number.status_callback);
  return JsonResponse(bought ? 201 : 200, NumberJson(number).dump());
}

absl::StatusOr<std::string> TwilioRest::Ring(const CallerPtr& caller) {
  const CallerScript& script = caller->script();
  NumberUrls urls = {script.answer_url, script.event_url};
  for (const auto& [sid, number] : numbers_) {
    if (!urls.voice_url.empty() || number.phone != script.to) continue;
    if (!script.account.empty() && number.account != script.account) continue;
    urls = {number.voice_url, number.status_callback};
  }
  return exchange_.Ring(caller, urls);
}

}  // namespace ctc::simulator
