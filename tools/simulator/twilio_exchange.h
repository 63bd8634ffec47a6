// Twilio's side of a call: legs that ring and end, callers, TwiML that runs, conferences and
// recordings.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "tools/simulator/twilio_callbacks.h"
#include "tools/simulator/twilio_model.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

// What is configured for one of our numbers.
struct NumberUrls {
  std::string voice_url;
  std::string status_callback;
};

class TwilioExchange {
 public:
  using CallPtr = std::shared_ptr<TwilioCall>;
  using ConferencePtr = std::shared_ptr<Conference>;

  explicit TwilioExchange(World& world) : world_(world), callbacks_(world) {}

  const std::map<std::string, CallPtr>& calls() const { return calls_; }
  const std::map<std::string, ConferencePtr>& conferences() const { return conferences_; }
  std::map<std::string, TwilioRecording>& recordings() { return recordings_; }

  CallPtr FindCall(const Account& account, const std::string& sid) const;
  // By sid, or by the name of one that has not ended.
  ConferencePtr FindConference(const Account& account, const std::string& sid_or_name) const;
  ConferencePtr OpenConference(const Account& account, const std::string& name);
  CallPtr FindParticipant(const Conference& conference, const std::string& sid_or_label) const;
  void Invite(Conference& conference, const CallPtr& call);

  CallPtr NewCall(const Account& account, const std::string& to, const std::string& from);
  // Registers the call and sets it going. `conference` is joined at the answer; empty for TwiML.
  void Start(const CallPtr& call, const std::string& conference);
  // Somebody calls one of our numbers; the sid of the call.
  absl::StatusOr<std::string> Ring(const CallerPtr& caller, const NumberUrls& urls);
  // Whether what there was to tell of it, its beginning at least, has been told.
  bool HasTold(const TwilioCall& call) const;
  void End(const CallPtr& call, const std::string& status, int sip_code);
  void Redirect(const CallPtr& call, const std::string& twiml, const std::string& url);

  // Plays the document at `url` to one participant.
  void Announce(const CallPtr& call, const std::string& url, const std::string& method);
  void Leave(const CallPtr& call, const std::string& reason);
  void EndConference(const ConferencePtr& conference, const std::string& reason);
  void ConferenceEvent(Conference& conference, const std::string& kind, const std::string& event,
                       const TwilioCall* call, Form extra = {});

  TwilioRecording& StartRecording(const Account& account, const std::string& call,
                                  const std::string& conference, const std::string& source,
                                  int channels, const Callback& callback);
  void StopRecording(TwilioRecording& recording);

 private:
  Task<void> Run(CallPtr call, std::string conference);
  Task<bool> Answered(CallPtr call);
  Task<void> RunTwiml(CallPtr call);
  Task<void> RunCaller(CallPtr call);
  Task<void> GiveUpLater(CallPtr call, absl::Duration after);
  void PickUp(const CallPtr& call);
  // These are true when the rest of the document is not reached.
  Task<bool> RunVerb(CallPtr call, const XmlElement& verb);
  Task<bool> Gather(CallPtr call, const XmlElement& gather);
  Task<bool> Record(CallPtr call, const XmlElement& record);
  Task<bool> Dial(CallPtr call, const XmlElement& dial);
  // Asks at `url` what is next, with what became of a verb.
  Task<bool> Ask(CallPtr call, std::string url, std::string method, Form result);
  // Until the message is over; the key that ended it, "hangup", or "" for silence.
  Task<std::string> Speak(CallPtr call, const XmlElement& record);
  Task<Form> DialNumber(CallPtr call, const XmlElement& dial, const XmlElement& number);
  Task<void> TalkToNumber(CallPtr call, CallPtr child);
  Task<Form> DialConference(CallPtr call, const XmlElement& noun);
  Task<void> Stay(CallPtr call, absl::Duration talk);
  // As long as its conference lasts, or a caller wants to talk.
  Task<void> StayInRoom(CallPtr call, ConferencePtr conference);
  // Until woken; and for the whole duration unless the call ends.
  Task<void> Wait(CallPtr call, absl::Duration duration);
  Task<void> Last(CallPtr call, absl::Duration duration);
  std::string RecordingUrl(const TwilioRecording& recording) const;
  // Its status, at its callback.
  void TellRecording(const TwilioRecording& recording);
  Task<void> PlayTo(CallPtr call, std::string url, std::string method);
  void Join(const CallPtr& call, const ConferencePtr& conference);
  Form Standard(const TwilioCall& call) const;
  void Progress(const CallPtr& call, const std::string& event, Form extra = {});
  void CountDial(const TwilioCall& call);

  World& world_;
  TwilioCallbacks callbacks_;
  std::map<std::string, CallPtr> calls_;
  std::map<std::string, ConferencePtr> conferences_;
  std::map<std::pair<std::string, std::string>, ConferencePtr> open_;  // by account and name
  std::map<std::string, TwilioRecording> recordings_;
};

}  // namespace ctc::simulator
