// Drives the calls of one Asterisk account: takes the event socket's messages, does what the
// machines ask of the switch, hands facts on, and asks for the next step of a caller. All of it
// runs on one strand; nothing in it is durable, since every id is made from the session's and every
// step can be repeated.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ctc/session/v1/session.pb.h"
#include "libs/base/asio.h"
#include "libs/providers/adapter.h"
#include "libs/providers/asterisk/call_machine.h"
#include "libs/providers/asterisk/flow_machine.h"
#include "libs/providers/asterisk/switch_requests.h"

namespace ctc::providers::asterisk {

// One event as it came, with what it says; for the webhook service's log.
struct FactNote {
  std::string event_type;
  std::string payload;  // empty where it holds digits
  std::vector<session::v1::SessionFact> facts;
};

// What a caller's flow is asked, and its answer.
struct FlowQuestion {
  std::string session;  // UUID; empty until the first answer
  std::string provider_call_id;
  std::string from_phone;
  std::string to_phone;
  routing::v1::FlowInput input;
};
struct FlowAnswer {
  std::string session;  // UUID
  routing::v1::FlowStep step;
};

class Driver : public std::enable_shared_from_this<Driver> {
 public:
  // Takes facts over, in order; must not throw nor wait.
  using Sink = std::function<void(FactNote note)>;
  // Asks for the next step of a caller, and tries again what is worth it: an error is final. Its
  // task runs on the strand.
  using FlowSource = std::function<Task<absl::StatusOr<FlowAnswer>>(FlowQuestion question)>;

  // `strand` runs everything; `environment`'s objects outlive it. INVALID_ARGUMENT: bad settings.
  static absl::StatusOr<std::shared_ptr<Driver>> Create(asio::any_io_executor strand,
                                                        const Environment& environment,
                                                        std::shared_ptr<const Account> account,
                                                        Sink sink, FlowSource flow_source);

  // One message of the socket. On the strand. False when another socket took the application over.
  bool OnMessage(const std::string& text);

  // After a (re)connection, before its first message is read: takes over what the switch shows now,
  // ends what it does not show any more, drives on what is half-way. `live` are the sessions that
  // should be live, as far as they are known. UNAVAILABLE and others when the switch cannot be
  // asked. On the strand.
  Task<absl::Status> ReconcileSwitch(const std::vector<session::v1::Session>& live);
  // Ends those of `live` that the switch took and shows no more. `live` was read before this call:
  // a session accepted by then has had its channel. On the strand, after ReconcileSwitch.
  Task<absl::Status> ReconcileSessions(std::vector<session::v1::Session> live);

  // Between connections nothing should be missed; where an event got lost all the same, a leg that
  // the switch did not show in two calls of this in a row is ended. One that should have left and
  // did not is hung up again. On the strand.
  Task<absl::Status> DropVanished();
  // Nothing is begun any more: the driver's owner goes. On the strand.
  void Close();

  // ws://.../ari/events?app=...
  std::string SocketUrl() const;
  size_t live_calls() const { return calls_.size(); }

 private:
  // A caller on its way. It has no call before the first answer named its session.
  struct Caller {
    Caller(asio::any_io_executor executor, std::string id)
        : channel(std::move(id)), timer(std::move(executor)) {}
    std::string channel;
    std::string room;
    Flow flow;
    std::optional<AriEvent> lost;  // the end of its leg, where that came before the first answer
    absl::Time came = absl::InfinitePast();
    absl::Time created = absl::InfinitePast();
    bool found = false;  // after a restart; what it is doing is not known yet
    asio::steady_timer timer;
  };
  using CallerPtr = std::shared_ptr<Caller>;

  struct LiveCall {
    Call call;
    CallerPtr caller;  // of an inbound call
    std::deque<Action> actions;
    bool running = false;  // a coroutine is working the actions off
  };

  Driver(asio::any_io_executor strand, const Environment& environment,
         std::shared_ptr<const Account> account, DialSettings settings, Sink sink,
         FlowSource flow_source);

  LiveCall& FindOrMake(const std::string& room);
  LiveCall* Find(const std::string& room);
  // Applies an event to the call, and what follows from it to its caller's flow.
  void Advance(LiveCall& live, const AriEvent& event, const std::string& payload);
  // What of a change of the legs concerns the caller's flow.
  void Follow(LiveCall& live, bool was_there, Effects& effects);
  // The call may be gone after it.
  void Take(LiveCall& live, Effects effects, const std::string& event_type,
            const std::string& payload);
  void Note(const LiveCall& live, std::vector<Told> facts, const std::string& event_type,
            const std::string& payload);
  void EraseIfOver(const std::string& room);
  Task<void> RunActions(std::string room);
  // Tries again what was lost on the way; the answer's status, 0 when there was none.
  // `call` stays while its actions run. Not tried again once the leg has ended or is another's.
  Task<http::ClientResult> Try(const Call& call, const SwitchRequest& request);
  void OnRefused(LiveCall& live, const Action& action, const Refusal& refusal);
  void Spawn(std::function<Task<void>()> task);

  // A caller's channel has an id of Asterisk's: the event is told as one of its conversation. False
  // when there is nothing to be done with it (yet).
  bool IsForCall(AriEvent& event);
  CallerPtr Meet(const ChannelView& channel);
  void Ask(CallerPtr caller, routing::v1::FlowInput input);
  Task<void> AskFlow(CallerPtr caller, routing::v1::FlowInput input);
  void OnAnswer(const CallerPtr& caller, const absl::StatusOr<FlowAnswer>& answer);
  // The caller's leg becomes one of its session's.
  LiveCall& Settle(const CallerPtr& caller, const std::string& session, Effects& effects);
  void TurnAway(const CallerPtr& caller);
  // A channel in our application that belongs to nothing, as those of a phone's own transfer:
  // nobody else would ever end it.
  void EndStray(const std::string& channel);
  void HangUp(const std::string& channel);
  void StartTimer(const CallerPtr& caller, absl::Duration duration);
  void OnTimer(const CallerPtr& caller, int number);

  Task<absl::Status> ReconcileCallers(const std::vector<ChannelView>& channels);
  void ReconcileCall(const std::string& room, const std::vector<ChannelView>& channels,
                     const std::vector<BridgeView>& bridges);
  void ResumeCaller(LiveCall& live, Effects& effects);
  // Hang-ups of legs that should be gone by now and are not: the request did not get through.
  std::vector<Action> LostHangUps(LiveCall& live) const;
  void EndLost(const session::v1::Session& session);
  // Deletes what calls that ended while nobody listened left. `known` are the rooms of the others.
  void SweepBridges(const std::vector<BridgeView>& bridges, const std::set<std::string>& known);

  asio::any_io_executor strand_;
  Environment environment_;
  std::shared_ptr<const Account> account_;
  DialSettings settings_;
  SwitchRequests requests_;
  CallMachine machine_;
  FlowMachine flow_machine_;
  Sink sink_;
  FlowSource flow_source_;
  bool closed_ = false;
  std::unordered_map<std::string, LiveCall> calls_;     // by conversation
  std::unordered_map<std::string, CallerPtr> callers_;  // by channel
  std::set<std::string> missing_;  // channels that DropVanished did not find the last time
};

}  // namespace ctc::providers::asterisk
