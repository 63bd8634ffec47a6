// Native SIP of one account: its user agent, its live calls, and what is done with them. The calls
// live in this process: another one does not know them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/mutex.h"
#include "libs/http/address_guard.h"
#include "libs/providers/adapter.h"
#include "libs/providers/sip/native/anchored_call.h"
#include "libs/providers/sip/native/call_machine.h"
#include "libs/providers/sip/native/media_desk.h"
#include "libs/providers/sip/native/reaper.h"
#include "libs/providers/sip/native/settings.h"
#include "libs/providers/sip/native/user_agent.h"

namespace ctc::providers::sip::native {

// Takes the facts of one event over, in order; must not wait.
using FactSink = std::function<void(const std::shared_ptr<const Account>& account,
                                    std::vector<session::v1::SessionFact> facts)>;

// A phone refers its call: the session service is to be asked, and `done` told the SIP status that
// its answer means. `done` may be called from any thread, and be dropped.
struct ReferralNote {
  std::string call;
  std::string phone;
  bool attended = false;  // the two have spoken already
  std::string key;        // the same for a repetition
  std::function<void(int status)> done;
};
using ReferralSink =
    std::function<void(const std::shared_ptr<const Account>& account, ReferralNote note)>;

// What a caller's flow is asked; `done` as in ReferralNote.
struct FlowAnswer {
  std::string session;  // UUID
  routing::v1::FlowStep step;
};
struct FlowNote {
  std::string session;  // empty until the first answer
  std::string provider_call_id;
  std::string from_phone;
  std::string to_phone;
  routing::v1::FlowInput input;
  std::function<void(absl::StatusOr<FlowAnswer> answer)> done;
};
using FlowSink = std::function<void(const std::shared_ptr<const Account>& account, FlowNote note)>;

// Has a sound fetched; never answers before it returns.
using SoundSink =
    std::function<void(const std::shared_ptr<const Account>& account, SoundNote note)>;

// Where an endpoint tells what its phones say; must not wait.
struct Outlets {
  FactSink facts;
  ReferralSink referrals;
  FlowSink flows;
  SoundSink sounds;  // unset: there are none
};

// What endpoints stand on; outlives them.
struct Ground {
  const base::Clock& clock;
  base::Random& random;  // of the names of recordings
  Outlets outlets;
  http::AddressGuard guard;  // of the addresses that an account and its phones may name
  std::string recordings;    // folder of the recordings of all accounts
};

// Thread-safe.
class Endpoint : public std::enable_shared_from_this<Endpoint> {
 public:
  // It ends in `reaper`. FAILED_PRECONDITION while another has the account's own address, and has
  // not ended; UNAVAILABLE when it cannot be bound.
  static absl::StatusOr<std::shared_ptr<Endpoint>> Create(std::shared_ptr<const Account> account,
                                                          const Ground& ground, Reaper& reaper);

  // Rings the agent. A call that is there already is not rung again. UNAVAILABLE while no more
  // calls can be had.
  absl::Status Place(const dispatch::v1::CallOrder& order);
  // NOT_FOUND when the call is not here; FAILED_PRECONDITION when it is not in a state for it;
  // UNIMPLEMENTED for what SIP without media cannot do.
  absl::Status Control(const dispatch::v1::ControlCallRequest& request);
  bool Has(const std::string& session) const;
  size_t live_calls() const;
  // The proxy's answer to OPTIONS, by `done`, on another thread.
  void Probe(std::function<void(int)> done);
  const Account& account() const { return *account_; }
  // While it is closed, the account being no more or another, no caller is taken in.
  void SetClosed(bool closed) { closed_ = closed; }
  bool closed() const { return closed_; }
  // Begins to end: its calls are hung up, and their ends told. Does not wait.
  void Leave();

 private:
  struct Live {
    std::string id;  // of the call
    std::variant<Call, AnchoredCall> call;
    dispatch::v1::CallOrder order;
    std::string session;  // UUID; of an inbound call once its flow answered
    int referrals = 0;
  };

  Endpoint(std::shared_ptr<const Account> account, NativeSettings settings, const Ground& ground);

  absl::Status StartDesk(const std::string& recordings);
  void EndCalls();
  void OnInput(const LegName& name, const Input& input);
  Reply OnReinvite(const LegName& name, const std::string& offer);
  // Has a call's machine take something in, if the call is there.
  template <class News>
  void Change(const std::string& call, const News& news);
  // The same of an anchored call's machine.
  void Tell(const std::string& call, const std::function<Effects(AnchoredCall&)>& news);
  absl::Status MakeCall(Live& live, std::string agent, std::string customer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status MakeInbound(Live& live, std::string offer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string NewMark() const;
  absl::StatusOr<Effects> Dial(Live& live, Callee callee) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int OnRefer(const LegName& name, const ReferTo& target);
  int OnCaller(Caller caller);
  int OnNewcomer(const std::string& call, Newcomer newcomer);
  void OnFlowAnswer(const std::string& call, absl::StatusOr<FlowAnswer> answer);
  void OnFlowTimer(const std::string& call, int number);
  void OnPutOff(const std::string& call, int number);
  void RingFor(Live& live, const routing::v1::FlowStep::Dial& dial)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Ask(Live& live, routing::v1::FlowInput input) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // By our name of the call or by its session's id.
  Live* Find(const std::string& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EraseIfOver(const std::string& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnReferralTaken(const std::string& call, int status);
  void Carry(Live& live, Effects effects) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Dialling HowToCall(const Live& live, const std::string& leg) const;
  absl::StatusOr<Effects> Command(Live& live, const dispatch::v1::ControlCallRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What takes the sound of the call.
  absl::StatusOr<Effects> CommandSound(Live& live, const dispatch::v1::ControlCallRequest& request);
  absl::StatusOr<Effects> DialTarget(Live& live, const dispatch::v1::ControlCallRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<const Account> account_;
  const NativeSettings settings_;
  const base::Clock& clock_;
  base::Random& random_;
  const Outlets outlets_;
  const std::shared_ptr<const AnchoredConfig> anchored_;  // null: sound does not pass here
  std::atomic<bool> closed_ = false;
  mutable base::Mutex mutex_;
  std::map<std::string, Live> calls_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> inbound_ ABSL_GUARDED_BY(mutex_);  // call by session
  std::unique_ptr<MediaDesk> desk_;   // null: sound does not pass here
  std::unique_ptr<UserAgent> agent_;  // last: its thread ends before what it calls
};

}  // namespace ctc::providers::sip::native
