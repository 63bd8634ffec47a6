// TwiML as Twilio executes it, with the orders to its conferences, and as a SIP switch does, which
// rings by itself and does not ask of silence.
#include <absl/strings/numbers.h>

#include <optional>
#include <stdexcept>

#include <google/protobuf/util/json_util.h>
#include "libs/http/message.h"

#include "libs/providers/sip/adapter.h"
#include "libs/providers/twilio/adapter.h"
#include "libs/providers/twilio/request_text.h"
#include "libs/providers/twiml/signature.h"
#include "tests/flows/players.h"
#include "tools/simulator/xml.h"

namespace ctc::flows {
namespace {

using dispatch::v1::ControlCallRequest;
using providers::twiml::Form;
using simulator::XmlElement;

constexpr char kHost[] = "https://crm.example.com";
constexpr char kSid[] = "CAcaller";

int IntOf(const std::string& text) {
  int value = 0;
  if (!absl::SimpleAtoi(text, &value)) throw std::logic_error("no number: \"" + text + "\"");
  return value;
}

// Whose TwiML it is.
struct Speaker {
  Exchange::Make make;
  const char* events;  // path of its status callbacks; questions are asked below it
  const char* signature_header;
  bool asks_of_silence;
};
constexpr Speaker kTwilio = {providers::twilio::MakeAdapter, "/api/v1/webhooks/voip/twilio",
                             "x-twilio-signature", true};
constexpr Speaker kSwitch = {
    [](const providers::Environment& world) { return providers::sip::MakeAdapter(world, {}, {}); },
    "/api/v1/webhooks/voip/sip", "x-signalwire-signature", false};
const base::Secret kSecret("the-auth-token");

class TwimlPlayer {
 public:
  TwimlPlayer(const Speaker& speaker, Service& service, Line& line, bool twice)
      : speaker_(speaker), service_(service), line_(line), twice_(twice), exchange_(speaker.make) {
    exchange_.account.tenant = base::TenantId("t1");
    exchange_.account.config.set_id("p1");
    exchange_.account.config.set_api_url("https://api.twilio.com");
    exchange_.account.config.set_account_sid("AC1");
    exchange_.account.auth_token = kSecret;
    exchange_.account.webhook_secret = kSecret;
    exchange_.account.public_url = kHost;
    const auto read = google::protobuf::util::JsonStringToMessage(
        R"({"preset": "signalwire"})", exchange_.account.config.mutable_settings());
    if (!read.ok()) throw std::logic_error("the settings are no JSON");
  }

  void Play() {
    Ask(std::string(kHost) + speaker_.events + "/flow?tenant=t1", {});
    while (document_ && !line_.over()) {
      const XmlElement document = *std::exchange(document_, std::nullopt);
      if (document.name != "Response") throw std::logic_error("no TwiML: " + document.name);
      for (const XmlElement& verb : document.children) {
        Do(verb);
        if (document_ || line_.over()) break;
      }
      if (!document_ && !line_.over()) line_.IsHungUpOn();  // as Twilio at the end of a document
    }
  }

 private:
  common::v1::HttpRequest Posted(std::string url, const Form& more, const std::string& status) {
    Form form = {{"CallSid", kSid},
                 {"From", kCaller},
                 {"To", kNumber},
                 {"CallStatus", status},
                 {"Direction", "inbound"}};
    form.insert(form.end(), more.begin(), more.end());
    url = url.substr(0, url.find('#'));  // a fragment tells Twilio how to retry; it is not sent
    common::v1::HttpRequest request;
    request.set_method("POST");
    request.set_url(url);
    request.set_query(url.substr(url.find('?') + 1));
    request.set_body(providers::twilio::Encode(form));
    auto& type = *request.add_headers();
    type.set_name("content-type");
    type.set_value("application/x-www-form-urlencoded");
    auto& signature = *request.add_headers();
    signature.set_name(speaker_.signature_header);
    signature.set_value(providers::twiml::Signature(kSecret, request.url(), form));
    return request;
  }

  void Ask(const std::string& url, const Form& more, const std::string& status = "in-progress") {
    const common::v1::HttpRequest question = Posted(url, more, status);
    auto answer = exchange_.Ask(service_, question);
    if (twice_) answer = exchange_.Ask(service_, question);
    if (!answer.ok()) throw std::logic_error(answer.status().ToString());
    auto document = simulator::ParseXml(answer->body());
    if (!document.ok()) throw std::logic_error(document.status().ToString());
    document_ = *std::move(document);
  }

  // The number's status callback.
  void CallerLeaves() {
    document_.reset();
    line_.Leaves(exchange_.TellsEnd(
        Posted(std::string(kHost) + speaker_.events + "?tenant=t1", {}, "completed")));
  }

  Heard Prompt(const XmlElement& verb, bool may_cut) {
    if (verb.name != "Say" && verb.name != "Play") {
      throw std::logic_error("no prompt: " + verb.name);
    }
    return line_.Hears(verb.text, may_cut);
  }

  void Do(const XmlElement& verb) {
    if (verb.name == "Say" || verb.name == "Play") {
      if (Prompt(verb, false) == Heard::kGone) CallerLeaves();
    } else if (verb.name == "Pause") {
      if (!line_.Waits(IntOf(verb.Attribute("length", "1")))) CallerLeaves();
    } else if (verb.name == "Redirect") {
      if (verb.text.find("outcome=failed") != std::string::npos) line_.Note("cannot ring");
      Ask(verb.text, {});
    } else if (verb.name == "Hangup" || verb.name == "Reject") {
      line_.IsHungUpOn();
    } else if (verb.name == "Gather") {
      Gather(verb);
    } else if (verb.name == "Record") {
      Record(verb);
    } else if (verb.name == "Dial") {
      Dial(verb);
    } else {
      throw std::logic_error("Twilio knows no verb " + verb.name);
    }
  }

  void Gather(const XmlElement& verb) {
    if (verb.Attribute("input", "dtmf") != "dtmf") throw std::logic_error("Gather: input");
    for (const XmlElement& prompt : verb.children) {
      if (Prompt(prompt, true) == Heard::kCut) break;
    }
    KeysAsked asked;
    asked.most = IntOf(verb.Attribute("numDigits", "100"));
    asked.seconds = IntOf(verb.Attribute("timeout", "5"));
    asked.finish = verb.Attribute("finishOnKey", "#");
    const Keys keys = line_.Presses(asked);
    if (keys.gone) return CallerLeaves();
    const bool asks =
        speaker_.asks_of_silence && verb.Attribute("actionOnEmptyResult", "false") == "true";
    if (keys.digits.empty() && !keys.finished && !asks) return;  // the next verb
    Form form = {{"Digits", keys.digits}};
    if (keys.finished) form.emplace_back("FinishedOnKey", asked.finish);
    Ask(verb.Attribute("action"), form);
  }

  void Record(const XmlElement& verb) {
    const Spoken spoken = line_.Speaks(IntOf(verb.Attribute("maxLength", "3600")),
                                       verb.Attribute("finishOnKey", "1234567890*#"));
    if (spoken == Spoken::kGone) return CallerLeaves();
    if (spoken == Spoken::kNothing) return;  // the next verb
    const bool gone = spoken == Spoken::kMessageAndGone;
    Ask(verb.Attribute("action"),
        {{"RecordingUrl", "https://api.twilio.com/r/RE1"}, {"RecordingDuration", "7"}},
        gone ? "completed" : "in-progress");
    if (gone) CallerLeaves();
  }

  void Dial(const XmlElement& verb) {
    if (verb.children.size() != 1) throw std::logic_error("Dial without a noun");
    const std::string& noun = verb.children[0].name;
    if (noun == "Conference") return DialRoom(verb);
    if (noun != "Number" && noun != "Sip") throw std::logic_error("Dial knows no " + noun);
    DialPhone(verb);
  }

  void DialPhone(const XmlElement& verb) {
    const Rung taken = line_.Rings(verb.children[0].text, IntOf(verb.Attribute("timeout", "30")));
    if (taken == Rung::kGone) return CallerLeaves();
    const char* status = "busy";
    if (taken == Rung::kTalks || taken == Rung::kTalksAndLeaves) {
      line_.Talks(verb.Attribute("record", "do-not-record") == "record-from-answer-dual");
      if (taken == Rung::kTalksAndLeaves) return CallerLeaves();
      status = "completed";
    } else if (taken == Rung::kNoAnswer) {
      status = "no-answer";
    } else if (taken == Rung::kFailed) {
      status = "failed";
    }
    Ask(verb.Attribute("action"), {{"DialCallStatus", status}});
  }

  // The caller's room; the agent is rung into it by an order of ours.
  void DialRoom(const XmlElement& verb) {
    const XmlElement& room = verb.children[0];
    if (room.Attribute("startConferenceOnEnter", "true") == "true") {
      throw std::logic_error("a room that begins with the caller alone plays no music");
    }
    const size_t before = exchange_.http.requests.size();
    const absl::Status rung =
        exchange_.Control(service_.Request(ControlCallRequest::DIAL_PARTY, kSid));
    if (!rung.ok()) return NotTaken("cannot ring", routing::v1::FlowInput::DIAL_FAILED);
    const http::ClientRequest& order = exchange_.http.requests.at(before);
    if (order.url.find("/Conferences/" + room.text + "/Participants.json") == std::string::npos) {
      throw std::logic_error("the agent is rung into another room: " + order.url);
    }
    const Form form = *http::ParseForm(order.body);
    const auto field = [&](const char* name) {
      for (const auto& [key, value] : form) {
        if (key == name) return value;
      }
      return std::string();
    };
    const Rung taken = line_.Rings(field("To"), IntOf(field("Timeout")));
    if (taken == Rung::kGone) return CallerLeaves();
    if (taken != Rung::kTalks && taken != Rung::kTalksAndLeaves) {
      return NotTaken("", OutcomeOf(taken));
    }
    line_.Talks(room.Attribute("record", "do-not-record") == "record-from-start");
    if (taken == Rung::kTalksAndLeaves) return CallerLeaves();
    if (field("EndConferenceOnExit") != "true") {
      throw std::logic_error("the caller stays alone in its room");
    }
    Ask(verb.Attribute("action"), {{"DialCallStatus", "completed"}});
  }

  // Our order moves the caller's leg to a URL of ours.
  void NotTaken(const std::string& note, routing::v1::FlowInput::Kind outcome) {
    if (!note.empty()) line_.Note(note);
    ControlCallRequest request = service_.Request(ControlCallRequest::ASK_FLOW, kSid);
    request.mutable_flow_input()->set_kind(outcome);
    const size_t before = exchange_.http.requests.size();
    const absl::Status asked = exchange_.Control(request);
    if (!asked.ok()) throw std::logic_error(asked.ToString());
    const Form form = *http::ParseForm(exchange_.http.requests.at(before).body);
    for (const auto& [key, value] : form) {
      if (key == "Url") return Ask(value, {});
    }
    throw std::logic_error("the caller is not sent to us");
  }

  const Speaker& speaker_;
  Service& service_;
  Line& line_;
  const bool twice_;
  Exchange exchange_;
  std::optional<XmlElement> document_;
};

}  // namespace

void PlayTwiml(Service& service, Line& line, bool twice) {
  TwimlPlayer(kTwilio, service, line, twice).Play();
}

void PlaySipTwiml(Service& service, Line& line, bool twice) {
  TwimlPlayer(kSwitch, service, line, twice).Play();
}

}  // namespace ctc::flows
