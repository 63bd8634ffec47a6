// Events as a real Asterisk 22 sends them, with ids of ours.
#pragma once

#include <absl/strings/str_cat.h>

#include <string>

namespace ctc::providers::asterisk {

inline const std::string kCall = "01930000-0000-7000-8000-000000000001";

inline constexpr const char* kCreated = "2026-11-22T17:15:25.112+0000";

inline std::string ChannelJson(const std::string& leg, const std::string& state,
                               const std::string& created = kCreated) {
  return absl::StrCat(
      R"({"id":")", kCall, "-", leg, R"(","name":"PJSIP/x-1","state":")", state,
      R"(","caller":{"name":"","number":"1"},"dialplan":{"context":"c","exten":"s",)",
      R"("priority":1,"app_name":"Stasis","app_data":"ctc,)", leg, ",", kCall,
      R"(,+15550100,+15550199,1,1,a7"},"creationtime":")", created, R"("})");
}

inline std::string DialEvent(const std::string& leg, const std::string& status,
                             const std::string& at = "2026-11-22T17:15:26.000+0000") {
  return absl::StrCat(R"({"type":"Dial","timestamp":")", at, R"(","dialstatus":")", status,
                      R"(","peer":)", ChannelJson(leg, "Down"), R"(,"application":"ctc"})");
}

inline std::string StateEvent(const std::string& leg, const std::string& state,
                              const std::string& at = "2026-11-22T17:15:26.000+0000",
                              const std::string& created = kCreated) {
  return absl::StrCat(R"({"type":"ChannelStateChange","timestamp":")", at, R"(","channel":)",
                      ChannelJson(leg, state, created), R"(,"application":"ctc"})");
}

// `plan` follows the call's id in the arguments: number, shown number, record, has agent.
inline std::string StartEvent(const std::string& leg,
                              const std::string& plan = R"("+15550100","+15550199","1","1","a7")") {
  return absl::StrCat(
      R"({"type":"StasisStart","timestamp":"2026-11-22T17:15:27.000+0000","args":[")", leg,
      R"(",")", kCall, R"(",)", plan, R"(],"channel":)", ChannelJson(leg, "Up"),
      R"(,"application":"ctc"})");
}

// `args` as JSON: the arguments of a party that joins.
inline std::string PartyStartEvent(const std::string& leg, const std::string& args,
                                   const std::string& created = kCreated) {
  return absl::StrCat(
      R"({"type":"StasisStart","timestamp":"2026-11-22T17:15:27.000+0000","args":[)", args,
      R"(],"channel":)", ChannelJson(leg, "Up", created), R"(,"application":"ctc"})");
}

inline std::string EnteredEvent(const std::string& leg, bool both) {
  return absl::StrCat(
      R"({"type":"ChannelEnteredBridge","timestamp":"2026-11-22T17:15:28.000+0000","bridge":{"id":")",
      kCall, R"(-bridge","channels":[")", kCall, "-", leg, "\"",
      both ? absl::StrCat(R"(,")", kCall, leg == "agent" ? "-customer\"" : "-agent\"") : "",
      R"(]},"channel":)", ChannelJson(leg, "Up"), "}");
}

inline std::string DestroyedEvent(const std::string& leg, int cause,
                                  const std::string& state = "Down",
                                  const std::string& at = "2026-11-22T17:15:30.189+0000",
                                  int tech_cause = 0, const std::string& created = kCreated) {
  return absl::StrCat(R"({"type":"ChannelDestroyed","timestamp":")", at, R"(","cause":)", cause,
                      tech_cause == 0 ? "" : absl::StrCat(R"(,"tech_cause":)", tech_cause),
                      R"(,"cause_txt":"x","channel":)", ChannelJson(leg, state, created), "}");
}

inline std::string RecordingEvent(const std::string& type,
                                  const std::string& at = "2026-11-22T17:15:29.000+0000") {
  return absl::StrCat(R"({"type":")", type, R"(","timestamp":")", at, R"(","recording":{"name":")",
                      kCall, R"(-rec","format":"wav","state":"done","target_uri":"bridge:)", kCall,
                      R"(-bridge","duration":3}})");
}

}  // namespace ctc::providers::asterisk
