// The flow of libs/providers/exotel/README.md, applet by applet, as Exotel runs it.
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "libs/base/error.h"
#include "libs/http/message.h"
#include "libs/providers/exotel/adapter.h"
#include "libs/providers/indian.h"
#include "tests/flows/players.h"

namespace ctc::flows {
namespace {

using Json = nlohmann::json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// Fixed by the Voicemail applet, as drawn in the dashboard.
constexpr int kMessageSeconds = 120;
constexpr int kMostApplets = 300;

// As Exotel writes Indian numbers.
std::string Local(std::string_view phone) { return "0" + providers::NationalIndianNumber(phone); }

class ExotelPlayer {
 public:
  ExotelPlayer(Service& service, Line& line)
      : service_(service), line_(line), exchange_(providers::exotel::MakeAdapter) {
    exchange_.account.tenant = base::TenantId("t1");
    exchange_.account.config.set_id("p1");
    exchange_.account.config.set_api_url("https://api.in.exotel.com");
    exchange_.account.api_secret = base::Secret("api-token");
    exchange_.account.webhook_secret = base::Secret("whsec");
    exchange_.account.public_url = "https://crm.example.com";
  }

  void Play() {
    int applet = 1;
    for (int i = 0; i < kMostApplets && !line_.over(); ++i) applet = Run(applet);
    if (!line_.over()) throw std::logic_error("the flow does not end");
  }

 private:
  // The number of the applet that follows, as in the README's table.
  int Run(int applet) {
    switch (applet) {
      case 1:
        return Passes("is_gather", {}) ? 2 : 4;
      case 2:
        return Gather(), 3;
      case 3:
        return Passes("digits", {{"digits", "\"" + digits_ + "\""}}) ? 1 : 11;
      case 4:
        return Passes("is_dial", {}) ? 5 : 8;
      case 5:
        return Greet(), 6;
      case 6:
        return Connect(), 7;
      case 7:
        return Passes("dialled", outcome_) ? 1 : 11;
      case 8:
        return Passes("is_voicemail", {}) ? 9 : 12;
      case 9:
        return Greet(), Record(), 10;
      case 10:
        return Passes("voicemail", outcome_) ? 1 : 11;
      case 11:
        return Greet(), 15;
      case 12:
        return Passes("is_over", {}) ? 11 : 13;
      case 13:
        return Greet(), 14;
      case 14:
        return Passes("heard", {}) ? 1 : 11;
      default:
        line_.IsHungUpOn();
        return 15;
    }
  }

  static common::v1::HttpRequest Get(const std::string& query, Pairs more) {
    Pairs pairs = {{"CallSid", "a1"},
                   {"CallFrom", Local(kCaller)},
                   {"To", Local(kNumber)},
                   {"CallTo", "08011111111"},
                   {"CallStatus", "in-progress"}};
    pairs.insert(pairs.end(), more.begin(), more.end());
    std::string text = query;
    for (const auto& [name, value] : pairs)
      absl::StrAppend(&text, "&", name, "=", http::Encode(value));
    common::v1::HttpRequest request;
    request.set_method("GET");
    request.set_query(text);
    return request;
  }

  // Exotel gives up a call whose applet is answered by an error.
  common::v1::HttpResponse Ask(const std::string& applet, const Pairs& more = {}) {
    const auto answer =
        exchange_.Ask(service_, Get("tenant=t1&token=whsec&applet=" + applet, more));
    if (answer.ok()) return *answer;
    const base::ErrorDetail detail = base::DetailOf(answer.status());
    if (detail.code != "CAPABILITY_MISSING") throw std::logic_error(answer.status().ToString());
    line_.Note("is refused: " + detail.metadata.at("capability"));
    line_.IsHungUpOn();
    return {};
  }

  bool Passes(const std::string& applet, const Pairs& more) {
    if (line_.over()) return false;
    const int status = Ask(applet, more).status();
    if (!line_.over() && status != 200 && status != 302) throw std::logic_error("no branch");
    return status == 200;
  }

  void CallerLeaves() {
    line_.Leaves(exchange_.TellsEnd(
        Get("tenant=t1&token=whsec&applet=end", {{"CallType", "client-hangup"}})));
  }

  void Greet() {
    const std::string heard = Ask("greeting").body();
    if (line_.over()) return;
    if (line_.Hears(heard, false) == Heard::kGone) CallerLeaves();
  }

  void Gather() {
    const std::string body = Ask("gather").body();
    if (line_.over()) return;
    const Json json = Json::parse(body);
    const Json& prompt = json.at("gather_prompt");
    const bool sound = prompt.contains("audio_url");
    (void)line_.Hears(prompt.at(sound ? "audio_url" : "text"), true);
    KeysAsked asked;
    asked.most = json.at("max_input_digits");
    asked.seconds = json.at("input_timeout");
    asked.finish = json.at("finish_on_key");
    if (json.at("repeat_menu") != 0) throw std::logic_error("the applet repeats by itself");
    const Keys keys = line_.Presses(asked);
    if (keys.gone) return CallerLeaves();
    digits_ = keys.digits;
  }

  void Connect() {
    if (line_.over()) return;
    const std::string body = Ask("connect").body();
    if (line_.over()) return;
    const Json json = Json::parse(body);
    const Json& numbers = json.at("destination").at("numbers");
    if (numbers.empty()) throw std::logic_error("nobody to ring");
    const Rung taken = line_.Rings(providers::ReadIndianNumber(numbers.at(0).get<std::string>()),
                                   json.at("max_ringing_duration"));
    if (taken == Rung::kGone) return CallerLeaves();
    if (taken == Rung::kTalks || taken == Rung::kTalksAndLeaves) {
      line_.Talks(json.at("record"));
      if (taken == Rung::kTalksAndLeaves) return CallerLeaves();
      outcome_ = {{"CallType", "completed"}, {"DialCallStatus", "completed"}};
      return;
    }
    const char* status = taken == Rung::kNoAnswer ? "no-answer"
                         : taken == Rung::kFailed ? "failed"
                                                  : "busy";
    outcome_ = {{"CallType", "incomplete"}, {"DialCallStatus", status}};
  }

  void Record() {
    if (line_.over()) return;
    const Spoken spoken = line_.Speaks(kMessageSeconds, "#");
    outcome_ = {{"CallType", "voicemail"}};
    if (spoken != Spoken::kNothing && spoken != Spoken::kGone) {
      outcome_.emplace_back("RecordingUrl", "https://recordings.exotel.com/a/b.mp3");
    }
    if (spoken == Spoken::kGone || spoken == Spoken::kMessageAndGone) CallerLeaves();
  }

  Service& service_;
  Line& line_;
  Exchange exchange_;
  std::string digits_;
  Pairs outcome_;
};

}  // namespace

// Applets cannot tell which step they answer, so that none of their questions is repeated.
void PlayExotel(Service& service, Line& line, bool /*twice*/) {
  ExotelPlayer(service, line).Play();
}

}  // namespace ctc::flows
