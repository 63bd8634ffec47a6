// NCCOs as Vonage executes them, and the orders to its Voice API.
#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "libs/http/message.h"
#include "libs/providers/vonage/adapter.h"
#include "libs/providers/vonage/samples_for_test.h"
#include "tests/flows/players.h"

namespace ctc::flows {
namespace {

using dispatch::v1::ControlCallRequest;
using Json = nlohmann::json;

constexpr char kLeg[] = "63f61863-4a51-4f6b-86e1-46edebcf9356";
constexpr char kFlow[] = "https://crm.example.com/api/v1/webhooks/voip/vonage/flow?tenant=t%201";
constexpr char kEvents[] = "https://crm.example.com/api/v1/webhooks/voip/vonage?tenant=t%201";

class NccoPlayer {
 public:
  NccoPlayer(Service& service, Line& line, bool twice)
      : service_(service), line_(line), twice_(twice), exchange_(providers::vonage::MakeAdapter) {
    exchange_.account = providers::vonage::AnAccount();
    exchange_.clock.Set(providers::vonage::kSignedAt);
  }

  void Play() {
    Fetch(kFlow);
    while (ncco_ && !line_.over()) {
      const Json ncco = *std::exchange(ncco_, std::nullopt);
      for (size_t i = 0; i < ncco.size() && !ncco_ && !line_.over(); ++i) {
        const bool input_follows = FollowsInput(ncco, i);
        if (cut_ && ncco[i].value("action", "") != "input") continue;
        Do(ncco[i], input_follows);
      }
      if (!ncco_ && !line_.over()) line_.IsHungUpOn();  // the leg ends with its NCCO
    }
  }

 private:
  // Keys cut a prompt short only when an input waits for them.
  static bool FollowsInput(const Json& ncco, size_t i) {
    for (size_t j = i + 1; j < ncco.size(); ++j) {
      const std::string action = ncco[j].value("action", "");
      if (action == "input") return true;
      if (action != "talk" && action != "stream") return false;
    }
    return false;
  }

  static common::v1::HttpRequest At(const std::string& url) {
    common::v1::HttpRequest request;
    request.set_url(url);
    request.set_query(url.substr(url.find('?') + 1));
    return request;
  }

  void Ask(common::v1::HttpRequest question) {
    question = providers::vonage::Signed(std::move(question));
    auto answer = exchange_.Ask(service_, question);
    if (twice_) answer = exchange_.Ask(service_, question);
    if (!answer.ok()) throw std::logic_error(answer.status().ToString());
    ncco_ = Json::parse(answer->body());
    cut_ = false;
  }

  // The answer URL, or the one a leg is moved to.
  void Fetch(const std::string& url) {
    common::v1::HttpRequest question = At(absl::StrCat(
        url, "&to=", &kNumber[1], "&from=", &kCaller[1], "&conversation_uuid=CON-1&uuid=", kLeg));
    question.set_method("GET");
    Ask(std::move(question));
  }

  void Post(const Json& action, Json event) {
    const std::string url = action.at("eventUrl").at(0);
    common::v1::HttpRequest question = At(url);
    question.set_method("POST");
    event["conversation_uuid"] = "CON-1";
    question.set_body(event.dump());
    Ask(std::move(question));
  }

  // The application's event URL.
  void CallerLeaves() {
    ncco_.reset();
    const Json event = {{"status", "completed"},
                        {"direction", "inbound"},
                        {"uuid", kLeg},
                        {"from", &kCaller[1]},
                        {"to", &kNumber[1]},
                        {"duration", "9"},
                        {"timestamp", "2026-01-01T12:00:00.000Z"}};
    common::v1::HttpRequest callback = At(kEvents);
    callback.set_method("POST");
    callback.set_body(event.dump());
    line_.Leaves(exchange_.TellsEnd(providers::vonage::Signed(std::move(callback))));
  }

  void Do(const Json& action, bool input_follows) {
    const std::string name = action.at("action");
    if (name == "talk" || name == "stream") {
      const std::string what = name == "talk" ? action.at("text").get<std::string>()
                                              : action.at("streamUrl").at(0).get<std::string>();
      if (what.size() > 1500) throw std::logic_error("a talk is too long");
      const Heard heard = line_.Hears(what, action.value("bargeIn", false) && input_follows);
      if (heard == Heard::kGone) return CallerLeaves();
      cut_ = heard == Heard::kCut;
    } else if (name == "wait") {
      if (!line_.Waits(action.at("timeout"))) CallerLeaves();
    } else if (name == "notify") {
      Post(action, {{"payload", action.at("payload")}, {"timestamp", "x"}});
    } else if (name == "input") {
      Input(action);
    } else if (name == "record") {
      Record(action);
    } else if (name == "conversation") {
      Converse(action);
    } else {
      throw std::logic_error("Vonage knows no action " + name);
    }
  }

  void Input(const Json& action) {
    const Json& dtmf = action.at("dtmf");
    KeysAsked asked;
    asked.most = dtmf.at("maxDigits");
    asked.seconds = dtmf.at("timeOut");
    if (asked.most > 20 || asked.seconds > 10) throw std::logic_error("input: beyond its bounds");
    if (dtmf.value("submitOnHash", false)) asked.finish = "#";
    const std::string url = action.at("eventUrl").at(0);
    const auto query = *http::ParseForm(url.substr(url.find('?') + 1));
    for (const auto& [key, value] : query) {
      if (key == "finish") asked.later_finish = value;
    }
    const Keys keys = line_.Presses(asked);
    if (keys.gone) return CallerLeaves();
    const bool complete = keys.finished || static_cast<int>(keys.digits.size()) >= asked.most;
    Post(action, {{"dtmf", {{"digits", keys.digits}, {"timed_out", !complete}}},
                  {"from", &kCaller[1]},
                  {"to", &kNumber[1]},
                  {"uuid", kLeg},
                  {"timestamp", "x"}});
  }

  // A recording that is bounded goes before what follows it.
  void Record(const Json& action) {
    const int silence = action.value("endOnSilence", 0);
    if (silence != 0 && (silence < 3 || silence > 10)) throw std::logic_error("endOnSilence");
    const Spoken spoken = line_.Speaks(action.at("timeOut"), action.value("endOnKey", ""));
    if (spoken == Spoken::kGone) return CallerLeaves();
    if (spoken == Spoken::kNothing && silence == 0) line_.Note("is recorded to the end");
    if (spoken == Spoken::kMessageAndGone) CallerLeaves();
  }

  void Converse(const Json& room) {
    if (room.value("startOnEnter", true)) throw std::logic_error("the room begins too early");
    const size_t before = exchange_.http.requests.size();
    const absl::Status rung =
        exchange_.Control(service_.Request(ControlCallRequest::DIAL_PARTY, kLeg));
    if (!rung.ok()) return NotTaken("cannot ring", routing::v1::FlowInput::DIAL_FAILED);
    const Json order = Json::parse(exchange_.http.requests.at(before).body);
    if (order.at("ncco").at(0).at("name") != room.at("name")) {
      throw std::logic_error("the agent is rung into another room");
    }
    const Rung taken = line_.Rings("+" + order.at("to").at(0).at("number").get<std::string>(),
                                   order.at("ringing_timer"));
    if (taken == Rung::kGone) return CallerLeaves();
    if (taken != Rung::kTalks && taken != Rung::kTalksAndLeaves) {
      return NotTaken("", OutcomeOf(taken));
    }
    line_.Talks(room.value("record", false));
    if (taken == Rung::kTalksAndLeaves) return CallerLeaves();
    if (!exchange_.adapter->LegsOutliveOthers()) throw std::logic_error("who hangs the caller up?");
    // The agent's end ends the session, and dispatch what is left of it.
    const size_t orders = exchange_.http.requests.size();
    const absl::Status ended =
        exchange_.Control(service_.Request(ControlCallRequest::HANG_UP, kLeg));
    const http::ClientRequest& last = exchange_.http.requests.at(orders);
    const bool hung_up = last.url.ends_with(absl::StrCat("/v1/calls/", kLeg)) &&
                         Json::parse(last.body).at("action") == "hangup";
    if (!ended.ok() || !hung_up) throw std::logic_error("the caller is not hung up");
    line_.IsHungUpOn();
  }

  // Our order moves the caller's leg to a URL of ours.
  void NotTaken(const std::string& note, routing::v1::FlowInput::Kind outcome) {
    if (!note.empty()) line_.Note(note);
    ControlCallRequest request = service_.Request(ControlCallRequest::ASK_FLOW, kLeg);
    request.mutable_flow_input()->set_kind(outcome);
    const size_t before = exchange_.http.requests.size();
    const absl::Status asked = exchange_.Control(request);
    if (!asked.ok()) throw std::logic_error(asked.ToString());
    const Json order = Json::parse(exchange_.http.requests.at(before).body);
    if (order.at("action") != "transfer") throw std::logic_error("the caller is not sent to us");
    Fetch(order.at("destination").at("url").at(0));
  }

  Service& service_;
  Line& line_;
  const bool twice_;
  Exchange exchange_;
  std::optional<Json> ncco_;
  bool cut_ = false;  // what is left to hear is passed over
};

}  // namespace

void PlayNcco(Service& service, Line& line, bool twice) { NccoPlayer(service, line, twice).Play(); }

}  // namespace ctc::flows
