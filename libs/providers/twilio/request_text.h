// The texts of requests to Twilio: form bodies, our URLs and the conference's TwiML. Pure;
// thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/providers/adapter.h"
#include "libs/providers/twiml/form.h"

namespace ctc::providers::twilio {

using twiml::Form;
using twiml::XmlEscape;

inline constexpr int kRingSeconds = 45;

// Body of a request: a list is the name repeated.
std::string Encode(const Form& form);

// Where Twilio tells what happens to a leg, to the conference ("conference", or "room" of an
// inbound call) or to a recording.
std::string CallbackUrl(const Account& account, const std::string& call, std::string_view leg);

// Where the caller's leg asks what is next, after `step`; `on` names what ended it, as "gather".
std::string FlowUrl(const Account& account, const std::string& call, int step, std::string_view on);
// The same for ASK_FLOW, with the outcome. kValidationFailed for one that is none.
absl::StatusOr<std::string> AskedFlowUrl(const Account& account,
                                         const dispatch::v1::CallOrder& order,
                                         const routing::v1::FlowInput& input);
// What a leg's answer means: for the agent of an inbound call also that the parties are joined.
enum class Answer { kPicksUp, kJoins };

// Asks for the progress of a leg and of a recording, at URLs that name the call. `prefix` is the
// request's word for the recording: "Recording", "ConferenceRecording".
void AddProgress(const Account& account, const std::string& call, std::string_view leg,
                 Answer answer, Form& form);
void AddRecording(const Account& account, const std::string& call, std::string_view prefix,
                  Form& form);
// Asks for the conference's events, in a request for a participant.
void AddRoomEvents(const Account& account, const dispatch::v1::CallOrder& order, Form& form);

// The conference as TwiML, for the one that `label` names; it ends with that party, so that nobody
// stays behind alone. `waits`: it does not begin before somebody else is there.
struct RoomEntry {
  std::string label;
  bool waits = false;
  bool music = false;  // while it waits: Twilio's own, else silence
  bool record = false;
  std::string action;  // URL asked when it is over; empty: none
};
std::string RoomTwiml(const Account& account, const dispatch::v1::CallOrder& order,
                      const RoomEntry& entry);

}  // namespace ctc::providers::twilio
