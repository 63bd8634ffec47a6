// Verbs as jambonz runs them: hooks are asked by POST, what they answer replaces the rest.
#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "libs/base/error.h"
#include "libs/crypto/crypto.h"
#include "libs/providers/sip/adapter.h"
#include "tests/flows/players.h"

namespace ctc::flows {
namespace {

using Json = nlohmann::json;

constexpr char kEvents[] = "https://crm.example.com/api/v1/webhooks/voip/sip?tenant=t1";
constexpr char kHook[] = "https://crm.example.com/api/v1/webhooks/voip/sip/flow?tenant=t1";
constexpr char kSid[] = "aad0115d-ec21-40db-aa02-31b7b01540c5";
constexpr char kSecret[] = "whsec";

class JambonzPlayer {
 public:
  JambonzPlayer(Service& service, Line& line, bool twice)
      : service_(service),
        line_(line),
        twice_(twice),
        exchange_([](const auto& world) { return providers::sip::MakeAdapter(world, {}, {}); }) {
    exchange_.account.tenant = base::TenantId("t1");
    exchange_.account.config.set_id("p1");
    exchange_.account.config.set_api_url("https://api.jambonz.example");
    exchange_.account.webhook_secret = base::Secret(kSecret);
    exchange_.account.public_url = "https://crm.example.com";
    const auto read = google::protobuf::util::JsonStringToMessage(
        R"({"preset": "jambonz"})", exchange_.account.config.mutable_settings());
    if (!read.ok()) throw std::logic_error("the settings are no JSON");
  }

  void Play() {
    Ask(kHook, {{"call_status", "trying"}});
    while (verbs_ && !line_.over()) {
      const Json verbs = *std::exchange(verbs_, std::nullopt);
      if (verbs.empty()) throw std::logic_error("an application without verbs");
      for (const Json& verb : verbs) {
        Do(verb);
        if (verbs_ || line_.over()) break;
      }
      if (!verbs_ && !line_.over()) line_.IsHungUpOn();  // as jambonz at the end of its verbs
    }
  }

 private:
  common::v1::HttpRequest Posted(const std::string& url, const Json& more) const {
    Json body = {{"call_sid", kSid},
                 {"direction", "inbound"},
                 {"from", &kCaller[1]},
                 {"to", &kNumber[1]},
                 {"call_status", "in-progress"}};
    body.update(more);
    common::v1::HttpRequest request;
    request.set_method("POST");
    request.set_url(url);
    request.set_query(url.substr(url.find('?') + 1));
    request.set_body(body.dump());
    const std::string stamp = std::to_string(absl::ToUnixSeconds(exchange_.clock.Now()));
    auto& signature = *request.add_headers();
    signature.set_name("jambonz-signature");
    signature.set_value("t=" + stamp + ",v1=" +
                        crypto::ToHex(crypto::HmacSha256(kSecret, stamp + "." + request.body())));
    return request;
  }

  // An error ends the application, and with it the call.
  void Ask(const std::string& url, const Json& more) {
    const common::v1::HttpRequest question = Posted(url, more);
    auto answer = exchange_.Ask(service_, question);
    if (twice_) answer = exchange_.Ask(service_, question);
    if (answer.ok()) {
      verbs_ = Json::parse(answer->body());
      return;
    }
    const base::ErrorDetail detail = base::DetailOf(answer.status());
    if (detail.code != "CAPABILITY_MISSING") throw std::logic_error(answer.status().ToString());
    line_.Note("is refused: " + detail.metadata.at("capability"));
    line_.IsHungUpOn();
  }

  // The status hook.
  void CallerLeaves() {
    verbs_.reset();
    line_.Leaves(exchange_.TellsEnd(Posted(kEvents, {{"call_status", "completed"}})));
  }

  void Do(const Json& verb) {
    const std::string name = verb.at("verb");
    if (name == "say" || name == "play") {
      const std::string what = verb.at(name == "say" ? "text" : "url");
      if (line_.Hears(what, false) == Heard::kGone) CallerLeaves();
    } else if (name == "answer") {
      // nothing that a caller notices
    } else if (name == "pause") {
      if (!line_.Waits(verb.at("length"))) CallerLeaves();
    } else if (name == "redirect") {
      const std::string url = verb.at("actionHook");
      if (url.find("outcome=failed") != std::string::npos) line_.Note("cannot ring");
      Ask(url, Json::object());
    } else if (name == "hangup" || name == "sip:decline") {
      line_.IsHungUpOn();
    } else if (name == "gather") {
      Gather(verb);
    } else if (name == "dial") {
      Dial(verb);
    } else {
      throw std::logic_error("jambonz knows no verb " + name);
    }
  }

  void Gather(const Json& verb) {
    if (verb.at("input") != Json::array({"digits"})) throw std::logic_error("gather: input");
    if (verb.contains("say") && verb.contains("play"))
      throw std::logic_error("gather: two prompts");
    Heard heard = Heard::kAll;
    if (verb.contains("play")) heard = line_.Hears(verb.at("play").at("url"), true);
    if (verb.contains("say")) {
      for (const Json& text : verb.at("say").at("text")) {
        if (heard == Heard::kAll) heard = line_.Hears(text, true);
      }
    }
    KeysAsked asked;
    asked.most = verb.value("maxDigits", 100);
    asked.seconds = verb.at("timeout");
    asked.finish = verb.value("finishOnKey", "");
    // Without these the timer between keys never runs.
    if (asked.seconds < 1 || verb.at("minDigits") != 1 || verb.at("interDigitTimeout") < 1) {
      throw std::logic_error("gather: it would wait for ever");
    }
    const Keys keys = line_.Presses(asked);
    if (keys.gone) return CallerLeaves();
    const bool pressed = keys.finished || !keys.digits.empty();
    Json result = {{"reason", "timeout"}};
    if (pressed) result = {{"reason", "dtmfDetected"}, {"digits", keys.digits}};
    Ask(verb.at("actionHook"), result);
  }

  void Dial(const Json& verb) {
    const Json& target = verb.at("target").at(0);
    if (target.at("type") != "phone") throw std::logic_error("dial: no phone");
    const Rung taken = line_.Rings(target.at("number"), verb.at("timeout"));
    if (taken == Rung::kGone) return CallerLeaves();
    const std::string url = verb.at("actionHook");
    switch (taken) {
      case Rung::kTalks:
        line_.Talks(false);
        return Ask(url, {{"dial_call_status", "completed"}, {"dial_sip_status", 200}});
      case Rung::kTalksAndLeaves:
        line_.Talks(false);
        return CallerLeaves();
      case Rung::kBusy:
        return Ask(url, {{"dial_call_status", "busy"}, {"dial_sip_status", 486}});
      case Rung::kRejected:
        return Ask(url, {{"dial_call_status", "failed"}, {"dial_sip_status", 603}});
      case Rung::kFailed:
        return Ask(url, {{"dial_call_status", "failed"}, {"dial_sip_status", 503}});
      default:  // its timer leaves the last that was heard of the phone
        return Ask(url, {{"dial_call_status", "ringing"}, {"dial_sip_status", 180}});
    }
  }

  Service& service_;
  Line& line_;
  const bool twice_;
  Exchange exchange_;
  std::optional<Json> verbs_;
};

}  // namespace

void PlayJambonz(Service& service, Line& line, bool twice) {
  JambonzPlayer(service, line, twice).Play();
}

}  // namespace ctc::flows
