// jambonz's side of a caller's call: the call hook is asked for verbs, which are run; a dial rings
// a phone, and every step of both legs is told at the status hook. Its REST interface looks up,
// mutes and ends calls.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "libs/http/message.h"
#include "tools/simulator/inbound.h"
#include "tools/simulator/poster.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class Jambonz {
 public:
  explicit Jambonz(World& world);

  static bool Serves(std::string_view path) { return path.starts_with("/jambonz/v1/Accounts/"); }
  http::Response Handle(const http::Request& request);
  // The script's answer_url is the call hook, its event_url the status hook, its secret signs both.
  // Gives the call's sid.
  absl::StatusOr<std::string> Ring(const CallerPtr& caller);
  // For /_calls.
  nlohmann::json LiveCalls() const;

 private:
  using Json = nlohmann::json;
  struct Call {
    explicit Call(asio::any_io_executor executor) : wake(std::move(executor)) {}

    std::string sid;
    std::string parent;  // of a phone that is rung: the caller's sid
    std::string to;
    std::string from;
    std::string status = "trying";
    CallerPtr caller;  // of the script; that of a rung phone is its parent's
    CallScript script;
    Json tag;  // comes back with its statuses
    bool answered = false;
    bool ended = false;
    bool muted = false;
    int sip_status = 100;
    std::optional<absl::Time> answered_at;
    asio::steady_timer wake;
  };
  using CallPtr = std::shared_ptr<Call>;

  CallPtr NewCall(const CallerPtr& caller);
  Task<void> Run(CallPtr call);
  Task<void> GiveUpLater(CallPtr call, absl::Duration after);
  // What replaces the rest of the verbs; null: nothing does.
  Task<Json> RunVerb(CallPtr call, Json verb);
  Task<Json> Gather(CallPtr call, const Json& verb);
  Task<Json> Dial(CallPtr call, const Json& verb);
  // Rings until it is answered, has failed, or its parent has gone.
  Task<void> RingPhone(CallPtr call, CallPtr child, absl::Duration longest);
  Task<void> Talk(CallPtr call, CallPtr child);
  // Asks a hook for verbs; null when it gave none.
  Task<Json> Ask(CallPtr call, std::string url, Json more);
  void Answer(const CallPtr& call);
  void End(const CallPtr& call, const std::string& status, int sip_status);
  void Tell(const CallPtr& call);
  Json Describe(const Call& call) const;
  http::ClientRequest Signed(const Call& call, const std::string& url, const Json& body) const;
  // Until woken, or for all of `duration` unless it ends.
  Task<void> Wait(CallPtr call, absl::Duration duration);
  Task<void> Last(CallPtr call, absl::Duration duration);

  World& world_;
  Poster poster_;
  std::map<std::string, CallPtr> calls_;
};

}  // namespace ctc::simulator
