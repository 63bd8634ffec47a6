// Conferences and recordings of the exchange.
#include <algorithm>

#include "tools/simulator/twilio_exchange.h"

namespace ctc::simulator {

TwilioExchange::ConferencePtr TwilioExchange::FindConference(const Account& account,
                                                             const std::string& sid_or_name) const {
  const auto by_sid = conferences_.find(sid_or_name);
  if (by_sid != conferences_.end() && by_sid->second->account.sid == account.sid) {
    return by_sid->second;
  }
  if (const auto it = open_.find({account.sid, sid_or_name}); it != open_.end()) return it->second;
  return nullptr;
}

TwilioExchange::ConferencePtr TwilioExchange::OpenConference(const Account& account,
                                                             const std::string& name) {
  if (ConferencePtr existing = FindConference(account, name)) return existing;
  auto conference = std::make_shared<Conference>();
  conference->sid = "CF" + world_.RandomHex(32);
  conference->name = name;
  conference->account = account;
  conference->created = absl::Now();
  conferences_.emplace(conference->sid, conference);
  open_[{account.sid, name}] = conference;
  return conference;
}

void TwilioExchange::Invite(Conference& conference, const CallPtr& call) {
  call->conference = conference.sid;
  conference.invited.push_back(call->sid);
}

TwilioExchange::CallPtr TwilioExchange::FindParticipant(const Conference& conference,
                                                        const std::string& sid_or_label) const {
  for (const std::string& sid : conference.invited) {
    const auto it = calls_.find(sid);
    if (it == calls_.end()) continue;
    const CallPtr& call = it->second;
    if (call->conference != conference.sid || call->ended) continue;
    if (sid == sid_or_label || (!call->label.empty() && call->label == sid_or_label)) return call;
  }
  return nullptr;
}

void TwilioExchange::ConferenceEvent(Conference& conference, const std::string& kind,
                                     const std::string& event, const TwilioCall* call, Form extra) {
  const int sequence = ++conference.sequence;
  if (!conference.callback.Wants(kind)) return;
  auto text = [](bool value) { return std::string(value ? "true" : "false"); };
  extra.emplace("ConferenceSid", conference.sid);
  extra.emplace("FriendlyName", conference.name);
  extra.emplace("AccountSid", conference.account.sid);
  extra.emplace("SequenceNumber", std::to_string(sequence));
  extra.emplace("Timestamp", TwilioTime(absl::Now()));
  extra.emplace("StatusCallbackEvent", event);
  Delivery delivery = Delivery::kInOrder;
  if (call != nullptr) {
    extra.emplace("CallSid", call->sid);
    extra.emplace("Muted", text(call->muted));
    extra.emplace("Hold", text(call->hold));
    extra.emplace("Coaching", text(call->coaching));
    extra.emplace("StartConferenceOnEnter", text(call->start_on_enter));
    extra.emplace("EndConferenceOnExit", text(call->end_on_exit));
    if (!call->label.empty()) extra.emplace("ParticipantLabel", call->label);
    delivery = call->script.delivery;
  }
  callbacks_.Notify(conference.sid, conference.account, conference.callback, std::move(extra),
                    delivery, kind == "end" || kind == "leave");
}

Task<Form> TwilioExchange::DialConference(CallPtr call, const XmlElement& noun) {
  const ConferencePtr conference = OpenConference(call->account, noun.text);
  call->start_on_enter = IsTrue(noun.Attribute("startConferenceOnEnter"), true);
  call->end_on_exit = IsTrue(noun.Attribute("endConferenceOnExit"), false);
  call->muted = IsTrue(noun.Attribute("muted"), false);
  call->label = noun.Attribute("participantLabel");
  if (conference->callback.url.empty()) {
    conference->callback = ReadCallback(noun, "statusCallback", "start end");
  }
  call->Heard("room " + noun.text);
  if (conference->status == "init" && noun.Attribute("waitUrl", "default") != "") {
    call->Heard("music " + noun.Attribute("waitUrl", "default"));
  }
  Join(call, conference);
  if (noun.Attribute("record") == "record-from-start") {
    StartRecording(call->account, call->sid, conference->sid, "Conference", 1,
                   ReadCallback(noun, "recordingStatusCallback", "completed"));
  }
  co_await StayInRoom(call, conference);
  Leave(call, call->redirected ? "participant_updated_via_api" : "participant_hung_up");
  Form result = {{"DialCallStatus", "answered"}};
  co_return result;
}

void TwilioExchange::Join(const CallPtr& call, const ConferencePtr& conference) {
  if (call->conference != conference->sid) Invite(*conference, call);
  conference->participants.push_back(call->sid);
  ConferenceEvent(*conference, "join", "participant-join", call.get());
  const bool starts = std::any_of(
      conference->participants.begin(), conference->participants.end(),
      [&](const std::string& sid) { return calls_.contains(sid) && calls_[sid]->start_on_enter; });
  if (conference->status == "init" && starts && conference->participants.size() >= 2) {
    conference->status = "in-progress";
    ConferenceEvent(*conference, "start", "conference-start", nullptr);
    for (const std::string& sid : conference->participants) {
      if (calls_.contains(sid)) calls_[sid]->wake.cancel();
    }
  }
}

void TwilioExchange::Announce(const CallPtr& call, const std::string& url,
                              const std::string& method) {
  world_.Spawn(PlayTo(call, url, method), "announcement");
}

Task<void> TwilioExchange::PlayTo(CallPtr call, std::string url, std::string method) {
  const Form form = Standard(*call);
  const std::string twiml = co_await callbacks_.Fetch(call->account, url, method, form);
  const absl::StatusOr<XmlElement> document = ParseXml(twiml);
  const bool plays = document.ok() && document->name == "Response";
  if (plays) {
    for (const XmlElement& verb : document->children) {
      if (verb.name == "Say") call->Heard("say " + verb.text);
      if (verb.name == "Play" && !verb.text.empty()) call->Heard("play " + verb.text);
      if (verb.name == "Play") call->digits += verb.Attribute("digits");
    }
  }
  const ConferencePtr conference = FindConference(call->account, call->conference);
  if (conference == nullptr) co_return;
  ConferenceEvent(*conference, "announcement", plays ? "announcement-end" : "announcement-fail",
                  call.get(), {{"AnnounceUrl", url}});
}

void TwilioExchange::Leave(const CallPtr& call, const std::string& reason) {
  const ConferencePtr conference = FindConference(call->account, call->conference);
  if (conference == nullptr || std::erase(conference->participants, call->sid) == 0) {
    call->conference.clear();
    return;
  }
  ConferenceEvent(*conference, "leave", "participant-leave", call.get(),
                  {{"ReasonParticipantLeft", reason}, {"ParticipantCallStatus", call->status}});
  call->conference.clear();
  call->wake.cancel();
  if (call->end_on_exit) {
    EndConference(conference, "participant-with-end-conference-on-exit-left");
  } else if (conference->participants.empty()) {
    EndConference(conference, "last-participant-left");
  }
}

void TwilioExchange::EndConference(const ConferencePtr& conference, const std::string& reason) {
  if (conference->status == "completed") return;
  conference->status = "completed";
  conference->reason = reason;
  open_.erase({conference->account.sid, conference->name});
  const std::vector<std::string> left = std::exchange(conference->participants, {});
  for (const std::string& sid : left) {
    const auto it = calls_.find(sid);
    if (it == calls_.end()) continue;
    ConferenceEvent(*conference, "leave", "participant-leave", it->second.get(),
                    {{"ReasonParticipantLeft", "moderator_ended_conference"},
                     {"ParticipantCallStatus", it->second->status}});
    it->second->conference.clear();
    it->second->wake.cancel();
  }
  // Those that were added but have not answered yet.
  for (const std::string& sid : conference->invited) {
    const CallPtr call = FindCall(conference->account, sid);
    if (call == nullptr || call->ended || call->conference != conference->sid) continue;
    End(call, "canceled", 487);
  }
  for (const std::string& sid : conference->recordings) {
    if (const auto it = recordings_.find(sid); it != recordings_.end()) StopRecording(it->second);
  }
  ConferenceEvent(*conference, "end", "conference-end", nullptr,
                  {{"ReasonConferenceEnded", reason}, {"Reason", reason}});
}

TwilioRecording& TwilioExchange::StartRecording(const Account& account, const std::string& call,
                                                const std::string& conference,
                                                const std::string& source, int channels,
                                                const Callback& callback) {
  TwilioRecording recording;
  recording.sid = "RE" + world_.RandomHex(32);
  recording.account = account;
  recording.call = call;
  recording.conference = conference;
  recording.source = source;
  recording.channels = channels;
  recording.callback = callback;
  recording.started = absl::Now();
  const std::string sid = recording.sid;
  if (const ConferencePtr room = FindConference(account, conference)) {
    room->recordings.push_back(sid);
  } else if (const CallPtr leg = FindCall(account, call)) {
    leg->recordings.push_back(sid);
  }
  TwilioRecording& kept = recordings_.emplace(sid, std::move(recording)).first->second;
  if (callback.Wants("in-progress")) TellRecording(kept);
  return kept;
}

void TwilioExchange::TellRecording(const TwilioRecording& recording) {
  Form form = {{"AccountSid", recording.account.sid},
               {"CallSid", recording.call},
               {"RecordingSid", recording.sid},
               {"RecordingUrl", RecordingUrl(recording)},
               {"RecordingStatus", recording.status},
               {"RecordingChannels", std::to_string(recording.channels)},
               {"RecordingStartTime", TwilioTime(recording.started)},
               {"RecordingSource", recording.source},
               {"RecordingTrack", "both"}};
  if (recording.status == "completed") {
    form.emplace("RecordingDuration", std::to_string(absl::ToInt64Seconds(recording.duration)));
  }
  if (!recording.conference.empty()) form.emplace("ConferenceSid", recording.conference);
  callbacks_.Notify(recording.sid, recording.account, recording.callback, std::move(form),
                    Delivery::kInOrder, false);
}

std::string TwilioExchange::RecordingUrl(const TwilioRecording& recording) const {
  return world_.options().public_url + "/2010-04-01/Accounts/" + recording.account.sid +
         "/Recordings/" + recording.sid;
}

void TwilioExchange::StopRecording(TwilioRecording& recording) {
  if (recording.status != "in-progress" && recording.status != "paused") return;
  recording.status = "completed";
  recording.duration = absl::Now() - recording.started;
  if (recording.callback.Wants("completed")) TellRecording(recording);
}

}  // namespace ctc::simulator
