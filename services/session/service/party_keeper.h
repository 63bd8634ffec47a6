// Does to a call what the pure rules of domain/transfer.h say: follows its transfer, and sees that
// nobody is left alone or behind. Nothing is remembered but what is committed with the session:
// after a crash another process goes on from there. What is done twice is harmless at the provider;
// dialling is done once, by whoever committed our word of it.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/base/mutex.h"
#include "services/session/domain/transfer.h"
#include "services/session/service/callee.h"

namespace ctc::session {

v1::CallEvent EventOf(std::string_view type, std::string detail);

// TRANSFER_STATE with the status of a transfer that is over.
absl::Status NotOpen(const v1::Transfer& transfer);

// True while agents of the transfer's queue may be rung.
bool QueueGoesOn(const v1::StoredTransfer& transfer, absl::Time now);

// The next leg of the target, numbered on over the whole conversation: the agent of a session that
// took over is still the provider's "consult-1".
std::string NextTarget(const store::Record& record);

// Thread-safe.
class PartyKeeper {
 public:
  // Runs a task that nobody waits for, to its end.
  using Background = std::function<void(Task<void>)>;
  PartyKeeper(Core& core, Background background);

  // The session changed: what follows for its parties is done in the background.
  void News(const store::RecordPtr& record);

  // For the watchdog: the same as News, here and now, and what silence means.
  Task<absl::StatusOr<store::RecordPtr>> Look(store::RecordPtr record);

  // Takes the step that follows from `event`. `error`: what the provider said. Errors:
  // TRANSFER_STATE; the provider's when it does not hand over; the database's.
  Task<absl::StatusOr<store::RecordPtr>> Settle(rpc::Context context, store::RecordPtr record,
                                                domain::TransferEvent event, std::string error);

  // Rings a leg that our word is committed for. A refusal is told to the session; an outcome that
  // is not known is left to the facts and to the watchdog.
  Task<absl::Status> Dial(rpc::Context context, store::RecordPtr record, std::string leg_id,
                          dispatch::v1::ControlCallRequest::Mode mode);
  // Takes a leg out. The session afterwards.
  Task<absl::StatusOr<store::RecordPtr>> Drop(rpc::Context context, store::RecordPtr record,
                                              std::string leg_id, v1::CallFact::Kind kind);

  // When the watchdog is to look at a session with parties again.
  absl::Time NextLook() const { return core_.clock.Now() + absl::Seconds(10); }

 private:
  using Event = domain::TransferEvent;
  using Record = store::RecordPtr;
  using Result = absl::StatusOr<store::RecordPtr>;

  Task<Result> Take(rpc::Context context, Record record, v1::StoredTransfer open,
                    domain::TransferStep step);
  Task<Result> Write(Record record, std::string id, domain::TransferStep step,
                     std::string& agent_leg);
  Task<Result> HandOver(rpc::Context context, Record record, v1::StoredTransfer open);
  Task<Result> LetAgentGo(rpc::Context context, Record record, std::string id);
  Task<Result> Resume(rpc::Context context, Record record, std::string key);
  Task<Result> RingAgent(rpc::Context context, Record record, std::string leg_id);
  Task<Result> Attend(rpc::Context context, Record record);
  Task<Result> EndAll(rpc::Context context, Record record);
  Task<Result> EndSilentLegs(rpc::Context context, Record record);
  Task<void> SettleAlone(Record record);

  // queue_transfer.cpp: one agent of a queue after another
  Task<Result> RingNext(rpc::Context context, Record record, v1::StoredTransfer open);
  Task<Result> WriteNext(Record record, v1::StoredTransfer open, Callee callee, std::string& rung);

  // False when the session is being settled: then that is done once more.
  bool MarkBusy(const std::string& id);
  bool ReleaseOrAgain(const std::string& id);
  bool IsTooLong(const google::protobuf::Timestamp& since, absl::Duration ring) const;
  absl::Duration RingTimeOf(const store::Record& record, const std::string& leg_id) const;
  // The target of the open transfer rings for too long.
  bool IsLate(const store::Record& record) const;

  Core& core_;
  const Background background_;
  base::Mutex mutex_;
  std::set<std::string> busy_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> again_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::session
