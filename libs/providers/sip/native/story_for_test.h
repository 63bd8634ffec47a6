// A call in a test, and what the machine asked and told since it was last looked at.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/providers/sip/native/call_machine.h"

namespace ctc::providers::sip::native {

using V = std::vector<std::string>;

inline std::string Sdp(const std::string& who) {
  return "v=0\r\no=" + who + " 1 1 IN IP4 10.0.0.9\r\ns=" + who +
         "\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
}

struct Story {
  Call call = NewCall("c1", "sip:agent@x", "sip:+1@x", "10.0.0.1");
  V asked;
  V told;

  Story() { Take(Start(call)); }
  // Somebody called us.
  explicit Story(const std::string& offer) : call(NewInbound("in-1", offer, "10.0.0.1")) {
    Take(BeginFlow(call));
  }
  void Take(Effects effects) {
    static constexpr const char* kNames[] = {"invite", "reinvite", "ack",     "cancel",  "bye",
                                             "info",   "notify",   "respond", "abandon", "refer"};
    for (const Action& action : effects.actions) {
      std::string line = std::string(kNames[static_cast<int>(action.kind)]) + " " + action.leg;
      const size_t subject = action.text.find("s=");
      if (subject != std::string::npos) {
        line +=
            " " + action.text.substr(subject + 2, action.text.find('\r', subject) - subject - 2);
      } else if (!action.text.empty()) {
        line += " " + action.text;
      }
      if (action.text.find("a=inactive") != std::string::npos) line += " inactive";
      if (action.status > 0) line += " " + std::to_string(action.status);
      asked.push_back(line);
    }
    for (const session::v1::CallFact& fact : effects.facts) {
      told.push_back(session::v1::CallFact::Kind_Name(fact.kind()) + " " +
                     session::v1::Leg::Party_Name(fact.party()));
      keys.insert(fact.event_key());
      if (!fact.provider_leg_id().empty()) last_leg_id = fact.provider_leg_id();
      ++facts;
    }
    if (effects.dial) asked.push_back("dial " + effects.dial->agent_id());
    if (effects.ask) {
      asked.push_back("ask " + routing::v1::FlowInput::Kind_Name(effects.ask->kind()) + " " +
                      std::to_string(effects.ask->step_number()));
    }
    if (effects.again) {
      asked.push_back("again " + std::to_string(effects.again->number) +
                      (effects.again->called ? "" : " the caller"));
    }
    if (effects.timer_seconds > 0) {
      asked.push_back("timer " + std::to_string(effects.timer_seconds));
    }
  }
  void Hears(Input::Kind kind, const std::string& leg, int status = 0,
             const std::string& sdp = "") {
    Take(Apply(call, {kind, leg, status, sdp}));
  }
  // A phone that called us wants the place of the dialog of that name: the status it is refused by.
  int Wants(const std::string& place, const std::string& line, const std::string& offer,
            bool early_only = false) {
    int status = 0;
    Take(TakePlace(call, {line, place, "ben", offer, early_only}, status));
    return status;
  }
  V Asked() { return std::exchange(asked, {}); }
  V Told() { return std::exchange(told, {}); }
  // Both picked up and hear each other.
  void Connect() {
    Hears(Input::Kind::kAnswered, "agent", 200,
          "v=0\r\no=a 1 1 IN IP4 1.1.1.1\r\ns=none\r\nt=0 0\r\n");
    Hears(Input::Kind::kAnswered, "customer", 200, Sdp("customer"));
    Hears(Input::Kind::kAnswered, "agent", 200, Sdp("agent"));
    Asked();
    Told();
  }
  std::set<std::string> keys;
  std::string last_leg_id;
  size_t facts = 0;
};

}  // namespace ctc::providers::sip::native
