// Drives the calls of one Asterisk account: takes the event socket's messages, does what the
// machine asks of the switch, and hands its facts on. All of it runs on one strand; nothing in it
// is durable, since every id is made from the session's and every step can be repeated.
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
#include "libs/providers/asterisk/ari_client.h"
#include "libs/providers/asterisk/call_machine.h"

namespace ctc::providers::asterisk {

// One event as it came, with what it says; for the webhook service's log.
struct FactNote {
  std::string event_type;
  std::string payload;  // empty where it holds digits
  std::vector<session::v1::SessionFact> facts;
};

class Driver : public std::enable_shared_from_this<Driver> {
 public:
  // Takes facts over, in order; must not throw nor wait.
  using Sink = std::function<void(FactNote note)>;

  // `strand` runs everything; `environment`'s objects outlive it. INVALID_ARGUMENT: bad settings.
  static absl::StatusOr<std::shared_ptr<Driver>> Create(asio::any_io_executor strand,
                                                        const Environment& environment,
                                                        std::shared_ptr<const Account> account,
                                                        Sink sink);

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
  // the switch did not show in two calls of this in a row is ended. On the strand.
  Task<absl::Status> DropVanished();

  // ws://.../ari/events?app=...
  std::string SocketUrl() const;
  size_t live_calls() const { return calls_.size(); }

 private:
  struct LiveCall {
    Call call;
    std::deque<Action> actions;
    bool running = false;  // a coroutine is working the actions off
  };

  Driver(asio::any_io_executor strand, const Environment& environment,
         std::shared_ptr<const Account> account, DialSettings settings, Sink sink);

  LiveCall& FindOrMake(const std::string& call);
  void Take(LiveCall& live, Effects effects, const std::string& event_type,
            const std::string& payload);
  void EraseIfOver(const std::string& call);
  Task<void> RunActions(std::string call);
  // Tries again what was lost on the way; the answer's status, 0 when there was none.
  Task<int> Try(const Call& call, Action action, std::string& detail);
  Task<http::ClientResult> Request(const CallPlan& plan, Action action);
  Task<http::ClientResult> DialCustomer(const CallPlan& plan);

  void ReconcileCall(const std::string& call, const std::vector<ChannelView>& channels,
                     const std::vector<BridgeView>& bridges);
  void EndLost(const session::v1::Session& session);

  asio::any_io_executor strand_;
  Environment environment_;
  std::shared_ptr<const Account> account_;
  DialSettings settings_;
  AriClient ari_;
  CallMachine machine_;
  Sink sink_;
  std::unordered_map<std::string, LiveCall> calls_;
  std::set<std::string> missing_;  // channels that DropVanished did not find the last time
};

}  // namespace ctc::providers::asterisk
