// Finds sessions that fell silent, asks their provider what became of them and ends them
// truthfully. Runs in every process; a lease lets one of them act.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>

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

  // One sweep: the number of sessions postponed or taken up. Also for tests, which move the clock.
  Task<absl::StatusOr<int>> Sweep();

 private:
  Task<absl::StatusOr<std::vector<std::string>>> Claim();
  // When the session is due, if that is later than now.
  std::optional<absl::Time> NotYet(const store::Record& record);
  // Whether a look at the session begins, goes on, has to wait for others to end, or is put
  // off since there are too many.
  enum class Place { kBegins, kUnderWay, kWaits, kLater };
  Place TakePlace(const store::Record& record);
  absl::Time NextFreeMoment();
  // Begins, postpones or leaves each of these. `is_full`: there may be others behind them.
  Task<absl::StatusOr<int>> TakeUp(std::vector<std::string> ids, bool is_full);
  bool IsAtOnce(const store::Record& record) const;
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
  mutable base::Mutex mutex_;
  // Being looked at by this process, and their provider accounts.
  std::map<std::string, std::string> busy_ ABSL_GUARDED_BY(mutex_);
  domain::LookPace pace_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> at_once_ ABSL_GUARDED_BY(mutex_);  // left by a process that died
};

}  // namespace ctc::session
