#include "services/recording/store/retention_store.h"

#include <absl/strings/str_cat.h>

#include "services/recording/store/audit_store.h"

namespace ctc::recording {

absl::StatusOr<std::vector<DueRecording>> DueRecordings(db::Connection& c, absl::Time now,
                                                        const DueRecording& last, int limit) {
  CTC_ASSIGN_OR_RETURN(
      const auto rows,
      c.Query("SELECT id, tenant_id, session_id, recording_url, retain_until FROM call_recording"
              " WHERE state = 'READY' AND retain_until >= ? AND retain_until <= ?"
              " AND (retain_until > ? OR id > ?) ORDER BY retain_until, id LIMIT ?",
              {last.retain_until, now, last.retain_until, last.id, int64_t{limit}}));
  std::vector<DueRecording> due;
  for (const auto& row : rows) {
    due.push_back(
        {row.Text(0), base::TenantId(row.Text(1)), row.Text(2), row.Text(3), row.Time(4)});
  }
  return due;
}

absl::StatusOr<bool> MarkDeleted(db::Connection& c, const DueRecording& recording,
                                 const std::string& audit_id, absl::Time now) {
  CTC_ASSIGN_OR_RETURN(const int64_t marked,
                       c.Execute("UPDATE call_recording SET state = 'DELETED', updated_at = ?"
                                 " WHERE tenant_id = ? AND id = ? AND state = 'READY'",
                                 {now, recording.tenant.value(), recording.id}));
  if (marked == 0) return false;
  const Reason reason{
      "RETENTION_ENDED",
      absl::StrCat("kept until ", absl::FormatTime(recording.retain_until, absl::UTCTimeZone())),
      recording.id};
  CTC_RETURN_IF_ERROR(
      InsertDeletion(c, recording.tenant, {audit_id, recording.session_id, reason, now}));
  return true;
}

}  // namespace ctc::recording
