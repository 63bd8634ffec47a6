// The things of a Twilio account and their JSON forms. Pure.
#pragma once

#include <absl/time/time.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "libs/base/asio.h"
#include "libs/base/secret.h"
#include "tools/simulator/inbound.h"
#include "tools/simulator/script.h"
#include "tools/simulator/xml.h"

namespace ctc::simulator {

using Json = nlohmann::json;
using Form = std::multimap<std::string, std::string>;

struct Account {
  std::string sid;
  base::Secret token;  // signs the callbacks
  std::string signature_header = "X-Twilio-Signature";
};

struct Callback {
  std::string url;
  std::string method = "POST";
  std::set<std::string> events;

  bool Wants(const std::string& event) const { return !url.empty() && events.contains(event); }
};

struct TwilioCall {
  TwilioCall(asio::any_io_executor executor, Account owner, std::string call_sid)
      : sid(std::move(call_sid)), account(std::move(owner)), wake(std::move(executor)) {}

  std::string sid;
  Account account;
  std::string to;
  std::string from;
  std::string status = "queued";
  std::string direction = "outbound-api";
  std::string parent;
  std::string answered_by;
  std::string twiml;
  std::string url;
  Callback status_callback;
  Callback recording_callback;
  bool record = false;
  absl::Time created;
  std::optional<absl::Time> answered_at;
  std::optional<absl::Time> ended_at;
  absl::Duration timeout;
  CallScript script;
  int sequence = 0;
  bool ended = false;
  bool redirected = false;
  bool detached = false;  // a child that was taken out of its parent's Dial
  asio::steady_timer wake;
  std::vector<std::string> recordings;
  CallerPtr caller;  // of an inbound call

  // What the caller of an inbound call hears; nobody listens to the others.
  void Heard(std::string what) const {
    if (caller != nullptr) caller->Heard(std::move(what));
  }

  // As a participant.
  std::string conference;
  std::string label;
  bool by_api = false;  // added by the Participants resource, so its end is the conference's
  bool muted = false;
  bool hold = false;
  bool coaching = false;
  std::string coached;  // the participant who alone hears it
  std::string digits;   // played to it by announcements
  bool start_on_enter = true;
  bool end_on_exit = false;

  absl::Duration Talked(absl::Time now) const;
};

struct Conference {
  std::string sid;
  std::string name;
  std::string status = "init";
  std::string reason;
  std::vector<std::string> participants;  // call sids
  std::vector<std::string> invited;       // those and the ones that came and went or still ring
  std::vector<std::string> recordings;
  Callback callback;
  Account account;
  int sequence = 0;
  absl::Time created;
};

struct TwilioRecording {
  std::string sid;
  std::string call;
  std::string conference;
  std::string status = "in-progress";
  std::string source = "OutboundAPI";
  int channels = 1;
  absl::Time started;
  absl::Duration duration;
  Callback callback;
  Account account;
};

struct TwilioNumber {
  std::string sid;
  std::string account;
  std::string phone;
  std::string voice_url;
  std::string status_callback;
  absl::Time created;
};

std::string TwilioTime(absl::Time time);
Json CallJson(const TwilioCall& call);
Json ConferenceJson(const Conference& conference);
Json ParticipantJson(const TwilioCall& call);
Json NumberJson(const TwilioNumber& number);
Json RecordingJson(const TwilioRecording& recording);
std::string TwilioError(int status, int code, const std::string& message);

// Reads <prefix>, <prefix>Method and <prefix>Event of a request; the prefix as "StatusCallback".
Callback ReadCallback(const Form& form, const std::string& prefix,
                      const std::string& default_events);
// The same from the attributes of a TwiML element; the prefix as "statusCallback".
Callback ReadCallback(const XmlElement& element, const std::string& prefix,
                      const std::string& default_events);

std::string ValueOf(const Form& form, const std::string& name, const std::string& fallback = "");
bool IsTrue(const std::string& text, bool fallback);

// base64(HMAC-SHA1(token, URL and sorted parameters)).
std::string TwilioSignature(std::string_view token, std::string_view url, const Form& parameters);
// The URL as it is signed: no user, no fragment, and for https no port.
std::string SignedUrl(std::string_view url);

}  // namespace ctc::simulator
