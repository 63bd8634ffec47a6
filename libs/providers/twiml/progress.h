// Status callbacks of TwiML switches, of one leg or one recording, in our words. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

#include "libs/providers/adapter.h"
#include "libs/providers/twiml/form.h"

namespace ctc::providers::twiml {

// Whose callback is read, and where its facts go. Facts are of the response's session.
struct Report {
  const Account& account;
  std::string_view prefix;  // of event keys, without its colon: "twilio"
  dispatch::v1::ReadWebhookResponse& response;

  session::v1::CallFact& Add(session::v1::CallFact fact) const;
};

struct ToldLeg {
  session::v1::Leg::Party party = session::v1::Leg::CUSTOMER;
  std::string leg_id;       // as CallFact has it
  bool tells_talk = false;  // its duration is how long they talked
};

// These give "" or what cannot be read. The progress of one leg:
std::string ReadProgress(const Report& report, const ToldLeg& leg, const Form& form);
// The number's own status callback, whose URL knows no session: it tells of a caller's end. The
// call's duration is no talk time: it began with the menu.
std::string ReadCaller(const Report& report, const Form& form);
std::string ReadRecording(const Report& report, const Form& form);

// What a call's status means for one party, as "busy". Kind unset for words that say nothing.
session::v1::CallFact FactOfStatus(session::v1::Leg::Party party, std::string_view status,
                                   std::string_view answered_by, int sip_code);

// Refuses a callback whose Timestamp is none, or outside the window; else sets every fact's times
// and the verdict. An answer is given that can never be executed.
void Finish(const Form& form, absl::Time now, const ReplayWindow& window,
            dispatch::v1::ReadWebhookResponse& response);
void Refuse(dispatch::v1::ReadWebhookResponse& response,
            dispatch::v1::ReadWebhookResponse::Verdict verdict, std::string_view reason);

// "Tue, 31 Aug 2010 20:36:28 +0000" (RFC 2822, Twilio), "2024-01-15T10:30:00Z" (RFC 3339) and
// "2021-04-28 21:51:18.731479Z" (both Telnyx); nothing when unreadable.
std::optional<absl::Time> ReadTime(std::string_view text);

}  // namespace ctc::providers::twiml
