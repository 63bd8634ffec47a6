// Conferences, participants and recordings.
#include <absl/strings/numbers.h>

#include "tools/simulator/ari_model.h"
#include "tools/simulator/twilio_answers.h"
#include "tools/simulator/twilio_rest.h"

namespace ctc::simulator {

Task<http::Response> TwilioRest::Conferences(const Query& query) {
  const std::string name = query.Part(1);
  if (name.empty()) co_return ListConferences(query);
  ConferencePtr conference = exchange_.FindConference(query.account, name);
  const bool adds = query.Part(2) == "Participants" && query.parts.size() == 3 && query.Is("POST");
  if (conference == nullptr && adds && !name.starts_with("CF")) {
    conference = exchange_.OpenConference(query.account, name);
  }
  // Only a new participant may name the conference; all else is found by the conference's sid.
  const bool found = conference != nullptr && (adds || name == conference->sid);
  if (!found) co_return NotFound(query.request.path);
  if (query.Part(2) == "Participants") co_return co_await Participants(query, conference);
  if (query.Part(2) == "Recordings") {
    if (!query.Part(3).empty()) co_return UpdateRecording(query, conference->sid, query.Part(3));
    if (query.Is("POST")) co_return StartRecording(query, "", conference->sid);
    co_return Recordings(query);
  }
  if (query.Is("POST") && query.Get("Status") == "completed") {
    exchange_.EndConference(conference, "conference-ended-via-api");
  }
  co_return JsonResponse(200, ConferenceJson(*conference).dump());
}

http::Response TwilioRest::ListConferences(const Query& query) const {
  Json all = Json::array();
  for (const auto& [sid, conference] : exchange_.conferences()) {
    if (conference->account.sid != query.account.sid || all.size() >= 50) continue;
    const bool named = query.form.contains("FriendlyName");
    if (named && conference->name != query.Get("FriendlyName")) continue;
    if (query.form.contains("Status") && conference->status != query.Get("Status")) continue;
    all.push_back(ConferenceJson(*conference));
  }
  return Page(query.request.path, "conferences", std::move(all), 50);
}

Task<http::Response> TwilioRest::Participants(const Query& query, ConferencePtr conference) {
  const std::string who = query.Part(3);
  if (who.empty() && query.Is("POST")) co_return co_await CreateParticipant(query, conference);
  if (who.empty()) {
    Json all = Json::array();
    for (const std::string& sid : conference->participants) {
      const CallPtr call = exchange_.FindCall(query.account, sid);
      if (call != nullptr) all.push_back(ParticipantJson(*call));
    }
    co_return Page(query.request.path, "participants", std::move(all), 50);
  }
  const CallPtr call = exchange_.FindParticipant(*conference, who);
  if (call == nullptr) co_return NotFound(query.request.path);
  if (query.Is("GET")) co_return JsonResponse(200, ParticipantJson(*call).dump());
  if (query.Is("POST")) co_return UpdateParticipant(query, *conference, call);
  const bool answered = call->answered_at.has_value();
  exchange_.End(call, answered ? "completed" : "canceled", answered ? 200 : 487);
  co_return NoTwilioContent();
}

// Whoever coaches says whom: somebody of the room.
http::Response TwilioRest::CheckCoaching(const Query& query, const Conference& conference) const {
  http::Response fine;
  fine.status = 0;
  if (!IsTrue(query.Get("Coaching"), false)) return fine;
  if (exchange_.FindParticipant(conference, query.Get("CallSidToCoach")) != nullptr) return fine;
  return TwilioFailure(400, 20001, "CallSidToCoach is not a participant of the conference");
}

Task<http::Response> TwilioRest::CreateParticipant(const Query& query, ConferencePtr conference) {
  http::Response refusal = CheckCall(query);
  if (refusal.status != 0) co_return refusal;
  if (conference->status == "completed") {
    co_return TwilioFailure(400, 16022, "The conference has ended");
  }
  const std::string label = query.Get("Label");
  if (!label.empty() && exchange_.FindParticipant(*conference, label) != nullptr) {
    co_return TwilioFailure(400, 16026, "The participant label is in use");
  }
  refusal = CheckCoaching(query, *conference);
  if (refusal.status != 0) co_return refusal;
  CallPtr call = exchange_.NewCall(query.account, query.Get("To"), query.Get("From"));
  call->by_api = true;
  call->label = label;
  call->muted = IsTrue(query.Get("Muted"), false);
  call->coaching = IsTrue(query.Get("Coaching"), false);
  call->coached = query.Get("CallSidToCoach");
  call->start_on_enter = IsTrue(query.Get("StartConferenceOnEnter"), true);
  call->end_on_exit = IsTrue(query.Get("EndConferenceOnExit"), false);
  int seconds = 60;
  if (absl::SimpleAtoi(query.Get("Timeout", "60"), &seconds)) {
    call->timeout = world_.Scaled(absl::Seconds(seconds));
  }
  call->status_callback = ReadCallback(query.form, "StatusCallback", "completed");
  if (conference->callback.url.empty()) {
    conference->callback = ReadCallback(query.form, "ConferenceStatusCallback", "start end");
  }
  // Whoever joins a customer stays until the room ends.
  call->script = world_.Script(call->to, label != "customer");
  call->conference = conference->sid;
  if (call->script.dials) exchange_.Invite(*conference, call);
  co_return co_await Accepted(std::move(call), conference->sid, true);
}

http::Response TwilioRest::UpdateParticipant(const Query& query, Conference& conference,
                                             const CallPtr& call) {
  http::Response refusal = CheckCoaching(query, conference);
  if (refusal.status != 0) return refusal;
  auto change = [&](const char* name, bool& value, const char* kind, const char* on,
                    const char* off) {
    if (!query.form.contains(name)) return;
    const bool wanted = IsTrue(query.Get(name), false);
    if (wanted == value) return;
    value = wanted;
    if (&value == &call->hold) call->Heard(wanted ? "held" : "resumed");
    exchange_.ConferenceEvent(conference, kind, wanted ? on : off, call.get());
  };
  change("Muted", call->muted, "mute", "participant-mute", "participant-unmute");
  change("Hold", call->hold, "hold", "participant-hold", "participant-unhold");
  if (query.form.contains("CallSidToCoach")) call->coached = query.Get("CallSidToCoach");
  change("Coaching", call->coaching, "modify", "participant-modify", "participant-modify");
  if (const std::string url = query.Get("AnnounceUrl"); !url.empty()) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
      return TwilioFailure(400, 21205, "AnnounceUrl is not a valid URL");
    }
    exchange_.Announce(call, url, query.Get("AnnounceMethod", "POST"));
  }
  change("EndConferenceOnExit", call->end_on_exit, "modify", "participant-modify",
         "participant-modify");
  return JsonResponse(200, ParticipantJson(*call).dump());
}

http::Response TwilioRest::StartRecording(const Query& query, const std::string& call,
                                          const std::string& conference) {
  const bool dual = query.Get("RecordingChannels") == "dual";
  const TwilioRecording& recording = exchange_.StartRecording(
      query.account, call, conference,
      conference.empty() ? "StartCallRecordingAPI" : "StartConferenceRecordingAPI", dual ? 2 : 1,
      ReadCallback(query.form, "RecordingStatusCallback", "completed"));
  return JsonResponse(201, RecordingJson(recording).dump());
}

http::Response TwilioRest::UpdateRecording(const Query& query, const std::string& owner,
                                           const std::string& sid) {
  TwilioRecording* found = nullptr;
  for (auto& [id, recording] : exchange_.recordings()) {
    if (recording.account.sid != query.account.sid) continue;
    if (recording.call != owner && recording.conference != owner) continue;
    const bool running = recording.status == "in-progress" || recording.status == "paused";
    if (id == sid || (sid == "Twilio.CURRENT" && running)) found = &recording;
  }
  if (found == nullptr) return NotFound(query.request.path);
  const std::string status = query.Get("Status");
  if (query.Is("GET")) return JsonResponse(200, RecordingJson(*found).dump());
  if (found->status == "completed") {
    return TwilioFailure(400, 21220, "The recording is not in progress");
  }
  if (status == "stopped") {
    exchange_.StopRecording(*found);
  } else if (status == "paused" || status == "in-progress") {
    found->status = status;
  } else {
    return TwilioFailure(400, 20001, "Invalid Status");
  }
  return JsonResponse(200, RecordingJson(*found).dump());
}

// /Recordings, and the lists below a call or a conference.
http::Response TwilioRest::Recordings(const Query& query) {
  std::string sid = query.Part(0) == "Recordings" ? query.Part(1) : "";
  if (sid.empty()) {
    const std::string owner = query.Part(0) == "Recordings" ? query.Get("CallSid") : query.Part(1);
    Json all = Json::array();
    for (const auto& [id, recording] : exchange_.recordings()) {
      if (recording.account.sid != query.account.sid || all.size() >= 50) continue;
      if (!owner.empty() && recording.call != owner && recording.conference != owner) continue;
      all.push_back(RecordingJson(recording));
    }
    return Page(query.request.path, "recordings", std::move(all), 50);
  }
  const bool json = query.request.path.ends_with(".json");
  const bool mp3 = sid.ends_with(".mp3");
  if (sid.ends_with(".wav") || mp3) sid.resize(sid.size() - 4);
  const auto it = exchange_.recordings().find(sid);
  if (it == exchange_.recordings().end() || it->second.account.sid != query.account.sid) {
    return NotFound(query.request.path);
  }
  // Whatever token began it is the account's.
  if (query.account.token.Reveal() != it->second.account.token.Reveal()) {
    return TwilioFailure(401, 20003, "Authenticate");
  }
  if (query.Is("DELETE")) {
    exchange_.recordings().erase(it);
    return NoTwilioContent();
  }
  if (json) return JsonResponse(200, RecordingJson(it->second).dump());
  if (query.Get("RequestedChannels") == "2" && it->second.channels == 1) {
    return TwilioFailure(400, 16113, "The recording is mono");
  }
  http::Response response;
  response.headers.Add("Content-Type", mp3 ? "audio/mpeg" : "audio/x-wav");
  response.body = SilentWav();
  return response;
}

}  // namespace ctc::simulator
