#include "services/dispatch/store/submission_store.h"

#include "libs/events/event_cursor.h"

namespace ctc::dispatch {
namespace {

constexpr std::string_view kInsert =
    "INSERT IGNORE INTO provider_submission (session_id, provider_id, leg_id, tenant_id, outcome, "
    "created_at, updated_at) VALUES (?, ?, ?, ?, 'SENT', ?, ?)";
constexpr std::string_view kFinish =
    "UPDATE provider_submission SET outcome = ?, provider_call_id = ?, updated_at = ? "
    "WHERE session_id = ? AND provider_id = ? AND leg_id = ?";
constexpr std::string_view kFindAbandoned =
    "SELECT tenant_id, session_id, provider_id, leg_id FROM provider_submission "
    "WHERE outcome = 'SENT' AND updated_at < ? AND (leg_id = 'customer') = ? "
    "ORDER BY updated_at LIMIT 100 FOR UPDATE SKIP LOCKED";
// Each outcome is a range of idx_submission_open.
constexpr std::string_view kDeleteFinished =
    "DELETE FROM provider_submission "
    "WHERE outcome IN ('ACCEPTED', 'NOT_SENT', 'REFUSED', 'UNKNOWN_OUTCOME') AND updated_at < ? "
    "ORDER BY outcome, updated_at LIMIT ?";
constexpr std::string_view kClaim =
    "UPDATE provider_submission SET updated_at = ? "
    "WHERE session_id = ? AND provider_id = ? AND leg_id = ?";

}  // namespace

Task<absl::StatusOr<int64_t>> SubmissionStore::LoadCursor(std::string consumer,
                                                          absl::Time deadline) {
  int64_t seq = -1;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(seq, events::LoadCursor(c, consumer, -1));
    return absl::OkStatus();
  }));
  co_return seq;
}

Task<absl::StatusOr<std::vector<Submission>>> SubmissionStore::Begin(
    std::vector<Submission> submissions, std::string consumer, int64_t seq, absl::Time now,
    absl::Time deadline) {
  std::vector<Submission> ours;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    ours.clear();  // the whole may run again after a deadlock
    for (const Submission& s : submissions) {
      const db::Params row = {s.session, s.provider_id, s.leg_id, s.tenant.value(), now, now};
      CTC_ASSIGN_OR_RETURN(const int64_t inserted, c.Execute(kInsert, row));
      if (inserted == 1) ours.push_back(s);
    }
    return events::SaveCursor(c, consumer, seq, now);
  }));
  co_return ours;
}

Task<absl::Status> SubmissionStore::Finish(const Submission& submission,
                                           v1::PlaceCallResponse::Outcome outcome,
                                           std::string provider_call_id, absl::Time now,
                                           absl::Time deadline) {
  const db::Params params = {std::string(v1::PlaceCallResponse::Outcome_Name(outcome)),
                             db::TextOrNull(provider_call_id),
                             now,
                             submission.session,
                             submission.provider_id,
                             submission.leg_id};
  co_return co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    return c.Execute(kFinish, params).status();
  });
}

Task<absl::StatusOr<std::vector<Submission>>> SubmissionStore::ClaimAbandoned(Legs legs,
                                                                              absl::Time older_than,
                                                                              absl::Time now,
                                                                              absl::Time deadline) {
  std::vector<Submission> found;
  const db::Params params = {older_than, int64_t{legs == Legs::kCustomers ? 1 : 0}};
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    found.clear();
    CTC_ASSIGN_OR_RETURN(const db::Rows rows, c.Query(kFindAbandoned, params));
    for (const db::Row& row : rows) {
      found.push_back({base::TenantId(row.Text(0)), row.Text(1), row.Text(2), row.Text(3)});
      CTC_RETURN_IF_ERROR(c.Execute(kClaim, {now, row.Text(1), row.Text(2), row.Text(3)}).status());
    }
    return absl::OkStatus();
  }));
  co_return found;
}

Task<absl::StatusOr<int64_t>> SubmissionStore::DeleteFinished(absl::Time before,
                                                              absl::Time deadline) {
  int64_t deleted = 0;
  const db::Params params = {before, kDeletedAtOnce};
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(deleted, c.Execute(kDeleteFinished, params));
    return absl::OkStatus();
  }));
  co_return deleted;
}

}  // namespace ctc::dispatch
