// Finds sessions that fell silent, asks their provider what became of them and ends them
// truthfully. Runs in every process; a lease lets one of them act.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>

#include "services/session/domain/look_pace.h"
#include "services/session/service/party_keeper.h"
#include "services/session/service/submission.h"

namespace ctc::session {

class Watchdog : public std::enable_shared_from_this<Watchdog> {
 public:
  Watchdog(Core& core, db::Database& database, const Submission& submission, PartyKeeper& keeper,
           std::string holder);

  // Sweeps until Stop. Spawn it once.
  Task<void> Run();
  // Ends Run soon, and gives the lease up.
  void Stop() { stopping_ = true; }

  // False when another process serves sessions of this database, or it is not known yet.
  bool is_alone() const { return is_alone_; }

  struct Swept {
    int settled = 0;        // sessions postponed or taken up
    bool has_more = false;  // others wait for their turn
  };
  // One sweep. Also for tests, which move the clock.
  Task<absl::StatusOr<Swept>> Sweep();

 private:
  using Ids = std::vector<std::string>;
  struct Due {
    bool is_ours = false;  // to look at: the lease is held
    Ids closely;           // store::IsWatchedClosely
    Ids silent;
  };
  Task<absl::StatusOr<Due>> Claim();
  // kLeft: by a process that died, and asked for before they are due.
  enum class Kind { kDue, kLeft };
  struct Taken {
    int settled = 0;
    int begun = 0;
    std::vector<store::RecordPtr> waiting;  // for others to end, or for their turn
    bool spent = false;                     // no look may begin for now
  };
  // Begins, postpones or leaves each of these.
  Task<absl::StatusOr<Taken>> TakeUp(Kind kind, const Ids& ids);
  // The same; one that cannot be read or written is passed over.
  Task<absl::StatusOr<Taken>> TakeUpAll(Kind kind, Ids ids);
  Task<absl::Status> Postpone(const std::vector<store::RecordPtr>& records, absl::Time until);
  void Rest(const std::string& id);
  // Without those that are being looked at, or were a moment ago in vain.
  Ids Ready(const Ids& ids) const;
  // How many those are.
  size_t NotReady();
  // `room`: for how long those are put off who wait for others of their account.
  Task<absl::Status> TakeUpDue(const Ids& due, absl::Duration room, Swept& swept);
  Task<absl::Status> TakeUpLeft(Swept& swept);
  // When the session is due, if that is later than now.
  std::optional<absl::Time> NotYet(const store::Record& record);
  // Whether a look at the session begins, goes on, has to wait for others to end, or for its turn.
  enum class Place { kBegins, kUnderWay, kWaits, kLater };
  Place TakePlace(const store::Record& record);
  // True of what a process left that died, unless more is known of it by now.
  bool IsUnanswered(const store::Record& record) const;
  void Begin(const asio::any_io_executor& executor, store::RecordPtr record);
  Task<void> Start(store::RecordPtr record);
  Task<absl::Status> Look(store::RecordPtr record);
  Task<absl::Status> LookAtEnded(store::RecordPtr record);
  Task<absl::Status> LookAtParties(store::RecordPtr record);
  Task<void> HangUp(const rpc::Context& context, store::RecordPtr record);
  Task<absl::StatusOr<domain::Found>> Ask(store::RecordPtr& record,
                                          const domain::WatchdogPlan& plan);
  // The session as it is afterwards.
  Task<absl::StatusOr<store::RecordPtr>> Conclude(store::RecordPtr record,
                                                  const domain::WatchdogPlan& plan,
                                                  domain::Found found);
  static store::Change Postponed(const store::Record& record, absl::Time until);
  void Count(const char* action) const;

  Core& core_;
  db::Database& database_;
  const Submission& submission_;
  PartyKeeper& keeper_;
  const std::string holder_;
  const observability::Gauge live_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> is_alone_ = false;
  absl::Duration counted_at_ = -absl::InfiniteDuration();
  std::deque<std::string> left_;  // by a process that died, and not asked for yet
  bool left_first_ = false;       // they and the silent ones share the looks
  mutable base::Mutex mutex_;
  struct UnderWay {
    std::string account;  // the provider's
    bool is_urgent = false;
  };
  // Being looked at by this process.
  std::map<std::string, UnderWay> busy_ ABSL_GUARDED_BY(mutex_);
  // Looks that failed, and until when they are not begun again: by the monotonic clock.
  std::map<std::string, absl::Duration> resting_ ABSL_GUARDED_BY(mutex_);
  domain::LookPace pace_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::session
