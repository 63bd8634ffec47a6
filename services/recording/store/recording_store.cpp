#include "services/recording/store/recording_store.h"

#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/transcoding/field_text.h"

namespace ctc::recording {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, session_id, state, recording_url, started_at, ended_at, gaps_json,"
    " created_at, error_message FROM call_recording ";

constexpr size_t kMaxErrorMessage = 1024;

constexpr db::SortKey kSortKeys[] = {{"created_at", "created_at", 7}};

std::string GapsJson(const v1::Recording& recording) {
  nlohmann::json gaps = nlohmann::json::array();
  for (const auto& gap : recording.gaps()) {
    nlohmann::json one{{"from_ms", absl::ToUnixMillis(base::FromProto(gap.from()))}};
    if (gap.has_to()) one["to_ms"] = absl::ToUnixMillis(base::FromProto(gap.to()));
    gaps.push_back(std::move(one));
  }
  return gaps.dump();
}

void ReadGaps(const std::string& text, v1::Recording& recording) {
  const auto gaps = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!gaps.is_array()) return;
  for (const auto& one : gaps) {
    auto* gap = recording.add_gaps();
    *gap->mutable_from() = base::ToProto(absl::FromUnixMillis(one.value("from_ms", int64_t{0})));
    if (one.contains("to_ms")) {
      *gap->mutable_to() = base::ToProto(absl::FromUnixMillis(one.value("to_ms", int64_t{0})));
    }
  }
}

v1::Recording FromRow(const db::Row& row) {
  v1::Recording recording;
  recording.set_id(row.Text(0));
  recording.set_session_id(row.Text(1));
  recording.set_state(row.Text(2));
  recording.set_recording_url(row.Text(3));
  if (!row.IsNull(4)) *recording.mutable_started_at() = base::ToProto(row.Time(4));
  if (!row.IsNull(5)) *recording.mutable_ended_at() = base::ToProto(row.Time(5));
  ReadGaps(row.Text(6), recording);
  recording.set_error_message(row.Text(8));
  return recording;
}

db::Value TimeOrNull(bool has, const google::protobuf::Timestamp& time) {
  return has ? db::Value(base::FromProto(time)) : db::Value(db::Null{});
}

}  // namespace

const db::ListOrders kRecordingOrders = {"recordings", "-created_at", kSortKeys};
const db::ListOrders kSessionRecordingOrders = {"session_recordings", "-created_at", kSortKeys};

absl::StatusOr<std::vector<v1::Recording>> RecordingStore::OfSession(
    db::Connection& c, const std::string& session_id) const {
  static const std::string kSql =
      std::string(kColumns) +
      "WHERE tenant_id = ? AND session_id = ? ORDER BY started_at, id FOR UPDATE";
  CTC_ASSIGN_OR_RETURN(const auto rows, c.Query(kSql, {tenant_.value(), session_id}));
  std::vector<v1::Recording> recordings;
  for (const auto& row : rows) recordings.push_back(FromRow(row));
  return recordings;
}

absl::Status RecordingStore::Save(db::Connection& c, const v1::Recording& recording,
                                  absl::Time retain_until, absl::Time now) const {
  return c
      .Execute(
          "INSERT INTO call_recording (id, tenant_id, session_id, state, recording_url,"
          " error_message, started_at, ended_at, gaps_json, retain_until, created_at, updated_at)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
          " ON DUPLICATE KEY UPDATE state = VALUES(state), recording_url = VALUES(recording_url),"
          " error_message = VALUES(error_message),"
          " started_at = VALUES(started_at), ended_at = VALUES(ended_at), gaps_json = "
          "VALUES(gaps_json),"
          " retain_until = COALESCE(retain_until, VALUES(retain_until)),"
          " updated_at = VALUES(updated_at)",
          {recording.id(), tenant_.value(), recording.session_id(), recording.state(),
           recording.recording_url(),
           std::string(transcoding::Clip(recording.error_message(), kMaxErrorMessage)),
           TimeOrNull(recording.has_started_at(), recording.started_at()),
           TimeOrNull(recording.has_ended_at(), recording.ended_at()), GapsJson(recording),
           retain_until == absl::InfiniteFuture() ? db::Value(db::Null{}) : db::Value(retain_until),
           now, now})
      .status();
}

absl::StatusOr<v1::Recording> RecordingStore::Get(db::Connection& c, const std::string& id) const {
  static const std::string kSql = std::string(kColumns) + "WHERE tenant_id = ? AND id = ?";
  CTC_ASSIGN_OR_RETURN(const auto rows, c.Query(kSql, {tenant_.value(), id}));
  if (rows.empty()) return base::MakeError(base::kNotFound, "there is no such recording");
  return FromRow(rows[0]);
}

absl::StatusOr<RecordingPage> RecordingStore::List(db::Connection& c, const RecordingFilter& filter,
                                                   const db::ListPage& page) const {
  constexpr std::string_view kWhere =
      "WHERE tenant_id = ? AND (? = '' OR session_id = ?) AND (? = '' OR state = ?)";
  static const std::string kCount = "SELECT COUNT(*) FROM call_recording " + std::string(kWhere);
  constexpr std::string_view kIndexes = "FORCE INDEX (idx_recording_time, idx_recording_session) ";
  static const std::string kList =
      std::string(kColumns) + std::string(kIndexes) + std::string(kWhere);
  db::Params params = {tenant_.value(), filter.session_id, filter.session_id, filter.state,
                       filter.state};
  RecordingPage found;
  CTC_ASSIGN_OR_RETURN(const auto count, c.Query(kCount, params));
  found.total = count[0].Int(0);
  CTC_ASSIGN_OR_RETURN(db::ListRows listed, page.Select(c, kList, std::move(params)));
  for (const auto& row : listed.rows) found.recordings.push_back(FromRow(row));
  found.next_cursor = std::move(listed.next_cursor);
  return found;
}

}  // namespace ctc::recording
