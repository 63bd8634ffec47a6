// Legs that we dial ourselves (table provider_submission): the row is committed before the request
// leaves, so that no crash and no second replica dials twice; and the cursors of the feed that
// tells when to dial.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/db/database.h"

namespace ctc::dispatch {

inline constexpr std::string_view kCustomerLeg = "customer";

struct Submission {
  base::TenantId tenant;
  std::string session;  // UUID
  std::string provider_id;
  std::string leg_id{kCustomerLeg};  // the leg, or what is to be done about the agent's
};

class SubmissionStore {
 public:
  explicit SubmissionStore(db::Database& database) : database_(database) {}

  // The seq up to which the feed was worked off; -1 when never.
  Task<absl::StatusOr<int64_t>> LoadCursor(std::string consumer, absl::Time deadline);
  // Writes a SENT row for each of `submissions` that has none yet, and the cursor, in one
  // transaction. Returns those that are ours to dial now.
  Task<absl::StatusOr<std::vector<Submission>>> Begin(std::vector<Submission> submissions,
                                                      std::string consumer, int64_t seq,
                                                      absl::Time now, absl::Time deadline);
  Task<absl::Status> Finish(const Submission& submission, v1::PlaceCallResponse::Outcome outcome,
                            std::string provider_call_id, absl::Time now, absl::Time deadline);
  enum class Legs { kCustomers, kAgents };
  // Rows left SENT since before `older_than`, claimed by moving their time to `now`: their replica
  // died between the commit and the answer. At most 100.
  Task<absl::StatusOr<std::vector<Submission>>> ClaimAbandoned(Legs legs, absl::Time older_than,
                                                               absl::Time now, absl::Time deadline);
  static constexpr int64_t kDeletedAtOnce = 1000;
  // Deletes what was finished before `before`, at most kDeletedAtOnce rows. Returns how many; fewer
  // when there are no more.
  Task<absl::StatusOr<int64_t>> DeleteFinished(absl::Time before, absl::Time deadline);

 private:
  db::Database& database_;
};

}  // namespace ctc::dispatch
