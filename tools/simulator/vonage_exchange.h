// Vonage's side of a call: legs that ring and end, NCCOs that run, conversations and recordings.
// Conversations and recordings are in vonage_rooms.cpp.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "tools/simulator/poster.h"
#include "tools/simulator/vonage_model.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class VonageExchange {
 public:
  using LegPtr = std::shared_ptr<VonageLeg>;

  explicit VonageExchange(World& world);

  const std::map<std::string, LegPtr>& legs() const { return legs_; }
  const std::map<std::string, VonageRecording>& recordings() const { return recordings_; }
  LegPtr Find(const std::string& application, const std::string& uuid) const;

  LegPtr NewLeg(const VonageApplication& application);
  // Rings it; its NCCO runs after the answer.
  void Dial(const LegPtr& leg);
  // A scripted caller: the answer webhook is asked.
  absl::StatusOr<std::string> Ring(CallerPtr caller);
  void HangUp(const LegPtr& leg);
  // From where it is to another NCCO, or one that `url` gives.
  void Move(const LegPtr& leg, Json ncco, std::string url);

 private:
  Task<void> RunOutbound(LegPtr leg);
  Task<void> RunInbound(LegPtr leg);
  Task<void> GiveUpAfter(LegPtr leg, absl::Duration wait);
  // True when somebody picked up.
  Task<bool> Rings(LegPtr leg);
  Task<void> RunNcco(LegPtr leg);
  // What replaces the rest of the NCCO; null: nothing does.
  Task<Json> RunAction(LegPtr leg, Json action);
  Task<Json> Say(LegPtr leg, const Json& action);
  Task<Json> Input(LegPtr leg, const Json& action);
  Task<Json> Record(LegPtr leg, const Json& action);
  Task<Json> Connect(LegPtr leg, const Json& action);
  Task<Json> Notify(LegPtr leg, const Json& action);
  Task<void> Converse(LegPtr leg, const Json& action);
  void Join(const LegPtr& leg, const std::string& name, const Json& action);
  void StartRoom(VonageRoom& room);
  void Leave(const LegPtr& leg, bool ends);

  void End(const LegPtr& leg, const std::string& status, int sip_code);
  void Tell(const LegPtr& leg, const std::string& status, Json extra = Json::object());
  void Post(const VonageApplication& application, const std::string& queue, const std::string& url,
            const Json& event, Delivery delivery, bool terminal);
  // Asks a URL for an NCCO, after what was told before; null when it gave none.
  Task<Json> Ask(LegPtr leg, std::string url, Json event);
  Task<Json> Fetch(LegPtr leg, std::string url);
  http::ClientRequest Signed(const VonageApplication& application, const std::string& url,
                             const Json* event);
  void TellRecording(const VonageApplication& application, const std::string& conversation,
                     const std::string& url, absl::Time since);
  // Until woken, or for all of `duration` unless it ended or was moved.
  Task<void> Wait(LegPtr leg, absl::Duration duration);
  Task<void> Last(LegPtr leg, absl::Duration duration);
  std::string NewUuid();

  World& world_;
  Poster poster_;
  std::map<std::string, LegPtr> legs_;
  std::map<std::string, VonageRoom> rooms_;  // by application and name
  std::map<std::string, VonageRecording> recordings_;
};

}  // namespace ctc::simulator
