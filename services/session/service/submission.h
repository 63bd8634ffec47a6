// Submitting a session to its candidates, one after the other, each at most once.
#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <vector>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "ctc/routing/v1/routing_service.pb.h"
#include "libs/base/mutex.h"
#include "libs/observability/metrics.h"
#include "services/session/service/core.h"

namespace ctc::session {

class Submission {
 public:
  // `background` runs a task that nobody waits for, to its end.
  using Background = std::function<void(Task<void>)>;
  Submission(Core& core, Background background);

  // `record` is committed as SENT to the first candidate. Returns the session once a provider took
  // it. Errors, each with metadata.session_id: PROVIDER_* and INVALID_DESTINATION when the session
  // ended FAILED; SUBMISSION_UNKNOWN or PROVIDER_TIMEOUT when the call may have been placed and is
  // being looked up; the database's.
  Task<absl::StatusOr<store::RecordPtr>> Run(rpc::Context context, store::RecordPtr record,
                                             std::vector<routing::v1::Candidate> candidates);

  // Writes acceptances for themselves that no other change wrote along: see store::Foretold. Begins
  // it only; to be called again for what is left.
  void SettleForetold(store::Foretold::Which which, int limit = 1000);
  // From now on every acceptance is written for itself.
  void Stop() { is_stopping_ = true; }

  // How long a click may be silent before its call is asked for the first time. A process that is
  // alone waits for the ringing too, so that the first look at a call that goes well is spared:
  // what it may leave unanswered is asked for by the next one at once.
  absl::Duration Patience() const;
  void SetAlone(bool is_alone) { is_alone_ = is_alone; }

  // True while a request of this process for that session is under way.
  bool IsUnderWay(const std::string& id) const;

 private:
  using PlaceCallResponse = dispatch::v1::PlaceCallResponse;
  Task<PlaceCallResponse> Place(const rpc::Context& context, const store::Record& record,
                                const routing::v1::Candidate& candidate);
  Task<absl::StatusOr<store::RecordPtr>> Try(rpc::Context context, store::RecordPtr record,
                                             std::vector<routing::v1::Candidate> candidates);
  Task<absl::StatusOr<store::RecordPtr>> Accepted(const rpc::Context& context,
                                                  store::RecordPtr record,
                                                  const PlaceCallResponse& answer);
  Task<absl::StatusOr<store::RecordPtr>> Settle(rpc::Context context, store::Change change,
                                                db::Urgency urgency);
  Task<void> SettleSoon(rpc::Context context, store::Change change);
  Task<void> SettleOne(store::Change change);
  Task<absl::StatusOr<store::RecordPtr>> NextCandidate(store::RecordPtr record,
                                                       const routing::v1::Candidate& tried,
                                                       const routing::v1::Candidate& next,
                                                       v1::StoredRoute route);
  Task<absl::StatusOr<store::RecordPtr>> Unknown(const store::Record& record, v1::StoredRoute route,
                                                 const PlaceCallResponse& answer);
  Task<absl::StatusOr<store::RecordPtr>> Stopped(store::RecordPtr record, v1::StoredRoute route);
  Task<absl::StatusOr<store::RecordPtr>> Commit(store::Change change,
                                                db::Urgency urgency = db::Urgency::kNow);

  Core& core_;
  const Background background_;
  const observability::Histogram seconds_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<bool> is_alone_ = false;
  std::atomic<int> settling_ = 0;
  mutable base::Mutex mutex_;
  std::set<std::string> under_way_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::session
