// Conversations by name, and recordings.
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "tools/simulator/vonage_exchange.h"

namespace ctc::simulator {
namespace {

std::string FirstUrl(const Json& action, const char* name) {
  const Json value = action.value(name, Json::array());
  return value.is_array() && !value.empty() && value[0].is_string() ? value[0].get<std::string>()
                                                                    : "";
}

}  // namespace

void VonageExchange::StartRoom(VonageRoom& room) {
  room.started = true;
  if (!room.recording_url.empty() && room.recorded_since == absl::Time()) {
    room.recorded_since = absl::Now();
  }
}

void VonageExchange::Join(const LegPtr& leg, const std::string& name, const Json& action) {
  VonageRoom& room = rooms_[name];
  if (room.conversation.empty()) room.conversation = "CON-" + NewUuid();
  room.application = leg->application.id;
  if (action.value("record", false)) room.recording_url = FirstUrl(action, "eventUrl");
  room.legs.push_back(leg->uuid);
  leg->room = name;
  const Json moved = {{"conversation_uuid_from", leg->conversation},
                      {"conversation_uuid_to", room.conversation},
                      {"type", "transfer"},
                      {"uuid", leg->uuid},
                      {"timestamp", VonageTime(absl::Now())}};
  Post(leg->application, leg->uuid, leg->event_url, moved, leg->script.delivery, false);
  if (action.value("startOnEnter", true)) StartRoom(room);
  // Whoever waits there learns that it is not alone any more.
  for (const std::string& uuid : room.legs) legs_[uuid]->wake.cancel();
}

// `ends`: the leg hung up, as opposed to being moved elsewhere.
void VonageExchange::Leave(const LegPtr& leg, bool ends) {
  const auto it = rooms_.find(leg->room);
  leg->room.clear();
  if (it == rooms_.end()) return;
  VonageRoom& room = it->second;
  std::erase(room.legs, leg->uuid);
  const bool last_word = ends && !leg->ncco.empty() && leg->ncco.back().is_object() &&
                         leg->ncco.back().value("endOnExit", false);
  if (last_word) {
    for (const std::string& uuid : room.legs) {
      legs_[uuid]->room.clear();
      legs_[uuid]->wake.cancel();
    }
    room.legs.clear();
  }
  if (!room.legs.empty()) return;
  if (room.recorded_since != absl::Time()) {
    TellRecording(leg->application, room.conversation, room.recording_url, room.recorded_since);
  }
  rooms_.erase(it);
}

// Until it is moved, its call or the conversation ends, or it has talked enough.
Task<void> VonageExchange::Converse(LegPtr leg, const Json& action) {
  const std::string name = absl::StrCat(leg->application.id, "/", action.value("name", ""));
  Join(leg, name, action);
  const CallerPtr caller = leg->caller;
  if (caller != nullptr) caller->Heard("room " + action.value("name", ""));
  if (const std::string music = FirstUrl(action, "musicOnHoldUrl");
      caller != nullptr && !music.empty()) {
    caller->Heard("music " + music);
  }
  std::optional<absl::Time> until;
  if (leg->script.talk != absl::InfiniteDuration()) until = *leg->answered_at + leg->script.talk;
  bool joined = false;
  while (!leg->ended && !leg->moved && leg->room == name) {
    const VonageRoom& room = rooms_[name];
    if (!joined && caller != nullptr && room.started && room.legs.size() > 1) {
      joined = true;
      caller->Heard("joined");
      const absl::Duration talk = caller->script().talk;
      if (talk != absl::InfiniteDuration()) until = absl::Now() + world_.Scaled(talk);
    }
    if (until.has_value() && absl::Now() >= *until) {
      HangUp(leg);
      co_return;
    }
    co_await Wait(leg, until.has_value() ? *until - absl::Now() : absl::InfiniteDuration());
  }
  if (leg->moved) Leave(leg, false);
}

// Beside the call to its end, unless something bounds it: then it is a message.
Task<Json> VonageExchange::Record(LegPtr leg, const Json& action) {
  const std::string url = FirstUrl(action, "eventUrl");
  const bool blocks =
      action.contains("timeOut") || action.contains("endOnKey") || action.contains("endOnSilence");
  const absl::Time since = absl::Now();
  if (!blocks) {
    const auto until_end = [](VonageExchange* self, LegPtr of, std::string to,
                              absl::Time from) -> Task<void> {
      while (!of->ended) co_await self->world_.Sleep(absl::Milliseconds(20));
      self->TellRecording(of->application, of->conversation, to, from);
    };
    world_.Spawn(until_end(this, leg, url, since), "Vonage recording");
    co_return Json();
  }
  absl::Duration length = absl::Seconds(action.value("timeOut", 3600));
  if (leg->caller != nullptr) {
    length = std::min(length, leg->caller->script().message);
    Question question;
    question.finish_keys = action.value("endOnKey", "");
    question.timeout = length;
    (void)leg->caller->Answer(question);
    leg->caller->Heard(absl::StrCat("message ", absl::ToInt64Seconds(length)));
  }
  co_await Last(leg, world_.Scaled(length));
  TellRecording(leg->application, leg->conversation, url, since);
  co_return Json();
}

void VonageExchange::TellRecording(const VonageApplication& application,
                                   const std::string& conversation, const std::string& url,
                                   absl::Time since) {
  const std::string id = NewUuid();
  recordings_[id] = {id, application.id};
  const Json event = {
      {"start_time", VonageTime(since)},
      {"end_time", VonageTime(absl::Now())},
      {"recording_url", absl::StrCat(world_.options().public_url, "/v1/files/", id)},
      {"size", 18990},
      {"recording_uuid", NewUuid()},
      {"conversation_uuid", conversation},
      {"timestamp", VonageTime(absl::Now())}};
  Post(application, id, url, event, Delivery::kInOrder, false);
}

}  // namespace ctc::simulator
