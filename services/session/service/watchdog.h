// Finds sessions that fell silent, asks their provider what became of them and ends them
// truthfully. Runs in every process; a lease lets one of them act.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>

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
  int sweeps_ = 0;
  mutable base::Mutex mutex_;
  // Being looked at by this process, and their provider accounts.
  std::map<std::string, std::string> busy_ ABSL_GUARDED_BY(mutex_);
  int looks_ ABSL_GUARDED_BY(mutex_) = 0;  // begun since:
  absl::Duration looks_since_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  absl::Time planned_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();  // looks put off
  std::set<std::string> at_once_ ABSL_GUARDED_BY(mutex_);  // left by a process that died
};

}  // namespace ctc::session
