// The machines' actions as requests to ARI. All carry ids of ours, so each may be repeated.
// Thread-safe.
#pragma once

#include <string>

#include "libs/base/error.h"
#include "libs/providers/asterisk/ari_client.h"
#include "libs/providers/asterisk/call_machine.h"

namespace ctc::providers::asterisk {

// An action with what the request needs of its call at that moment.
struct SwitchRequest {
  SwitchRequest(const Call& call, const Action& wanted)
      : action(wanted), plan(call.plan), channel(call.ChannelOf(wanted.leg)) {}

  Action action;
  CallPlan plan;
  std::string channel;  // of the action's leg
};

class SwitchRequests {
 public:
  // `account` outlives this.
  SwitchRequests(http::Client& http, const Account& account, DialSettings settings)
      : account_(account), settings_(std::move(settings)), ari_(http, account, settings_.ari_url) {}

  Task<http::ClientResult> Send(SwitchRequest request);
  // Whether it is done, by this request or an earlier one whose answer got lost.
  static bool Succeeded(const Action& action, const http::ClientResult& result);
  // Whether it may do better in a moment. Two requests for one thing do no harm: the id is ours.
  static bool MayTryAgain(const Action& action, const http::ClientResult& result);
  // What an answer that is no success is told as, and in which words.
  static const base::ErrorSpec& ErrorOf(const http::ClientResult& result);
  static std::string DetailOf(const http::ClientResult& result);
  // Without these the parties never meet; all others may fail.
  static bool IsEssential(const Action& action);

  AriClient& ari() { return ari_; }

 private:
  Task<http::ClientResult> SendRoom(const SwitchRequest& request);
  Task<http::ClientResult> MakeBridge(const std::string& room);
  Task<http::ClientResult> FindRecording(const std::string& session);
  Task<http::ClientResult> SendMonitor(const SwitchRequest& request);
  Task<http::ClientResult> Snoop(const SwitchRequest& request);
  Task<http::ClientResult> SendFlow(const SwitchRequest& request);
  Task<http::ClientResult> DialCustomer(const SwitchRequest& request);
  Task<http::ClientResult> RingAgent(const SwitchRequest& request);
  Task<http::ClientResult> TakeMessage(const SwitchRequest& request);

  const Account& account_;
  DialSettings settings_;
  AriClient ari_;
};

}  // namespace ctc::providers::asterisk
