// An anchored call in a test, and what the machine asked, ordered and told since it was last looked
// at.
#pragma once

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "libs/providers/sip/native/anchored_call.h"

namespace ctc::providers::sip::native {

using V = std::vector<std::string>;

// A phone's description, with sound at 10.0.0.9.
inline std::string Sound(const std::string& direction = "sendrecv",
                         const std::string& ip = "10.0.0.9") {
  return "v=0\r\no=phone 1 1 IN IP4 " + ip + "\r\ns=-\r\nc=IN IP4 " + ip +
         "\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
         "a=rtpmap:101 telephone-event/8000\r\na=" +
         direction + "\r\n";
}
inline std::string NoSound() { return "v=0\r\no=phone 1 1 IN IP4 10.0.0.9\r\ns=-\r\nt=0 0\r\n"; }

inline std::shared_ptr<const AnchoredConfig> ConfigForTest(bool speaks = true) {
  AnchoredConfig config;
  config.recording_prefix = "ctc-recording:p1/";
  config.speaks = speaks;
  return std::make_shared<const AnchoredConfig>(config);
}

struct Words {
  V& out;
  void operator()(const ConnectLeg& order) const {
    out.push_back(absl::StrCat("connect ", order.leg, " ", order.stream.remote.ip));
  }
  void operator()(const CloseLeg& order) const { out.push_back("close " + order.leg); }
  void operator()(const SetScene&) const {}
  void operator()(const PlayPrompt& order) const {
    out.push_back(absl::StrCat("play ", order.number, " ", order.url, order.text));
  }
  void operator()(const StopPrompt& order) const {
    out.push_back(absl::StrCat("stop ", order.number));
  }
  void operator()(const PressKeys& order) const {
    out.push_back(absl::StrCat("press ", order.leg, " ", order.digits));
  }
  void operator()(const BeginRecording& order) const {
    out.push_back(absl::StrCat("record ", order.file, order.beep ? " beep" : "",
                               order.keeps_empty ? "" : " unless empty"));
  }
  void operator()(const PauseTheRecording& order) const {
    out.push_back(order.paused ? "pause" : "go on");
  }
  void operator()(const EndRecording&) const { out.push_back("end recording"); }
};

struct Tale {
  AnchoredCall call;
  V asked;    // of the phones, the flow and the session
  V ordered;  // of the media server, but for the scene
  V told;
  std::vector<session::v1::CallFact> facts;
  std::string whose;  // the session of the last facts

  explicit Tale(bool record = false)
      : call(NewAnchored("c1", ConfigForTest(), "sip:agent@x", "sip:+1@x", {"1.1.1.1", 1000},
                         {"1.1.1.1", 1002}, record)) {
    call.mark = "m";
    Take(Start(call));
  }
  // Somebody called us.
  Tale(const std::string& offer, bool speaks)
      : call(NewAnchoredInbound("in-1", ConfigForTest(speaks), offer, {"1.1.1.1", 1000}).value()) {
    call.mark = "m";
    Take(BeginFlow(call));
  }

  void Take(const Effects& effects) {
    static constexpr const char* kNames[] = {"invite", "reinvite", "ack",     "cancel",  "bye",
                                             "info",   "notify",   "respond", "abandon", "refer"};
    for (const MediaOrder& order : effects.media) std::visit(Words{ordered}, order);
    for (const Action& action : effects.actions) {
      std::string line = absl::StrCat(kNames[static_cast<int>(action.kind)], " ", action.leg);
      const size_t port = action.text.find("m=audio ");
      if (port != std::string::npos) absl::StrAppend(&line, " ", action.text.substr(port + 8, 4));
      if (action.status > 0) absl::StrAppend(&line, " ", action.status);
      asked.push_back(line);
    }
    for (const session::v1::CallFact& fact : effects.facts) {
      told.push_back(session::v1::CallFact::Kind_Name(fact.kind()) + " " +
                     session::v1::Leg::Party_Name(fact.party()));
      facts.push_back(fact);
    }
    if (!effects.facts.empty()) whose = effects.session;
    if (effects.dial) asked.push_back("dial " + effects.dial->agent_id());
    if (effects.ask) {
      asked.push_back(absl::StrCat("ask ", routing::v1::FlowInput::Kind_Name(effects.ask->kind()),
                                   " ", effects.ask->step_number(), effects.ask->digits()));
    }
    if (effects.timer_seconds > 0) asked.push_back(absl::StrCat("timer ", effects.timer_seconds));
  }
  void Hears(Input::Kind kind, const std::string& leg, int status = 0,
             const std::string& sdp = "") {
    Take(Apply(call, {kind, leg, status, sdp}));
  }
  // A phone that called us wants the place of the dialog of that name: the status it is refused by.
  int Wants(const std::string& place, const std::string& line, const std::string& offer) {
    int status = 0;
    Take(TakePlace(call, {line, place, "ben", offer, false}, status));
    return status;
  }
  void Answers(const std::string& leg, const std::string& sdp = Sound()) {
    Hears(Input::Kind::kAnswered, leg, 200, sdp);
  }
  void Rings(const std::string& leg, session::v1::Leg::Party party,
             AnchoredLeg::Mode mode = dispatch::v1::ControlCallRequest::MODE_UNSPECIFIED) {
    Callee callee;
    callee.leg = leg;
    callee.party = party;
    callee.uri = "sip:" + leg + "@x";
    callee.mode = mode;
    callee.own = {"1.1.1.1", 2000};
    Take(DialParty(call, std::move(callee)).value());
  }
  // Both picked up and hear each other.
  void Connect() {
    Answers("agent");
    Answers("customer");
    Forget();
  }
  void Forget() {
    asked.clear();
    ordered.clear();
    told.clear();
  }
  V Asked() { return std::exchange(asked, {}); }
  V Ordered() { return std::exchange(ordered, {}); }
  V Told() { return std::exchange(told, {}); }
  const session::v1::CallFact& last() const { return facts.back(); }
};

inline bool Hear(const Tale& t, const std::string& listener, const std::string& speaker) {
  const media::Hearing& all = t.call.scene.hearing;
  return std::find(all.begin(), all.end(), media::Heard{speaker, listener}) != all.end();
}
inline media::Tone ToneOf(const Tale& t, const std::string& leg) {
  const auto found = t.call.scene.tones.find(leg);
  return found == t.call.scene.tones.end() ? media::Tone::kNone : found->second;
}

}  // namespace ctc::providers::sip::native
