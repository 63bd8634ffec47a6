// Writing rows of click_to_call_session.
#include "services/session/store/session_rows.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "libs/base/proto_time.h"
#include "libs/transcoding/json_writer.h"
#include "services/session/store/care.h"

namespace ctc::session::store {
namespace {

using db::Null;
using db::NullIfEmpty;
using db::RowsText;
using db::Value;

Value TimeOrNull(bool present, const google::protobuf::Timestamp& time) {
  return present ? Value(base::FromProto(time)) : Value(Null{});
}

Value Flag(bool value) { return Value(int64_t{value ? 1 : 0}); }

Value MetadataText(const v1::Session& session) {
  if (!session.has_metadata()) return Null{};
  return transcoding::ToJson(session.metadata());
}

std::string FactsBlob(const Record& record) {
  v1::StoredFacts stored;
  for (const domain::Fact& fact : record.facts) *stored.add_facts() = fact;
  for (const v1::StoredTransfer& t : record.transfers) *stored.add_transfers() = t;
  stored.set_agent_label(record.agent_label);
  return stored.SerializeAsString();
}

// A session that began its conversation needs no name for it.
NullIfEmpty ConversationOf(const v1::Session& session) {
  if (session.conversation_id() == session.id()) return {};
  return {session.conversation_id()};
}

Value FlowOrNull(const Record& record) {
  return record.flow.has_state() ? Value(record.flow.SerializeAsString()) : Value(Null{});
}

std::string TypeName(const v1::Session& session) {
  if (session.provider_type() == common::v1::ProviderType::PROVIDER_TYPE_UNSPECIFIED) return "";
  return common::v1::ProviderType::Value_Name(session.provider_type());
}

// What a row must have to exist.
constexpr std::string_view kNeeded =
    "id, tenant_id, session_id, to_phone, correlation_id, created_at, status";

void AddNeeded(const Record& record, RowsText& rows) {
  const v1::Session& s = record.session;
  rows.Add(s.id(), record.tenant.value(), s.session_id(), s.to_phone(), s.correlation_id(),
           base::FromProto(s.created_at()), v1::Session::Status_Name(s.status()));
}

// What facts and the submission change.
constexpr std::string_view kChanging =
    "provider_call_id, call_started_at, call_answered_at, call_ended_at, duration_seconds,"
    " ring_seconds, hold_seconds, is_muted, is_recorded, recording_url, error_code, error_message,"
    " end_reason, known_by, cause, submission, attempts, dial_guard, facts, watchdog_at,"
    " watched_closely, version, updated_at, from_phone";
constexpr std::string_view kChangingTail =
    "ON DUPLICATE KEY UPDATE status = VALUES(status),"
    " provider_call_id = VALUES(provider_call_id), call_started_at = VALUES(call_started_at),"
    " call_answered_at = VALUES(call_answered_at), call_ended_at = VALUES(call_ended_at),"
    " duration_seconds = VALUES(duration_seconds), ring_seconds = VALUES(ring_seconds),"
    " hold_seconds = VALUES(hold_seconds), is_muted = VALUES(is_muted),"
    " is_recorded = VALUES(is_recorded), recording_url = VALUES(recording_url),"
    " error_code = VALUES(error_code), error_message = VALUES(error_message),"
    " end_reason = VALUES(end_reason), known_by = VALUES(known_by), cause = VALUES(cause),"
    " submission = VALUES(submission), attempts = VALUES(attempts),"
    " dial_guard = VALUES(dial_guard), facts = VALUES(facts), watchdog_at = VALUES(watchdog_at),"
    " watched_closely = VALUES(watched_closely), version = VALUES(version),"
    " updated_at = VALUES(updated_at)";

void AddChanging(const Record& record, RowsText& rows) {
  const v1::Session& s = record.session;
  rows.Add(
      NullIfEmpty{s.provider_call_id()}, TimeOrNull(s.has_call_started_at(), s.call_started_at()),
      TimeOrNull(s.has_call_answered_at(), s.call_answered_at()),
      TimeOrNull(s.has_call_ended_at(), s.call_ended_at()), s.duration_seconds(), s.ring_seconds(),
      s.hold_seconds(), Flag(s.is_muted()), Flag(s.is_recorded()), NullIfEmpty{s.recording_url()},
      NullIfEmpty{s.error_code()}, NullIfEmpty{s.error_message()},
      s.has_end_reason() ? Value(v1::EndReason_Name(s.end_reason())) : Value(Null{}),
      v1::KnownBy_Name(s.known_by()), NullIfEmpty{s.cause()},
      v1::Session::Submission_Name(s.submission()), s.attempts(), NullIfEmpty{record.dial_guard},
      FactsBlob(record), record.watchdog_at ? Value(*record.watchdog_at) : Value(Null{}),
      Flag(IsWatchedClosely(record)), s.version(), base::FromProto(s.updated_at()), s.from_phone());
}

// What is fixed when the session is made.
constexpr std::string_view kFixed =
    "provider_id, provider_type, direction, phone_type, agent_phone, agent_id, lead_id,"
    " campaign_id, account_id, contact_name, contact_email, metadata_json, priority, callback_url,"
    " record_requested, idempotency_key, route";

void AddFixed(const Record& record, RowsText& rows) {
  const v1::Session& s = record.session;
  rows.Add(s.provider_id(), TypeName(s), v1::Session::Direction_Name(s.direction()), s.phone_type(),
           NullIfEmpty{s.agent_phone()}, NullIfEmpty{s.agent_id()}, NullIfEmpty{s.lead_id()},
           NullIfEmpty{s.campaign_id()}, NullIfEmpty{s.account_id()}, NullIfEmpty{s.contact_name()},
           NullIfEmpty{s.contact_email()}, MetadataText(s), s.priority(),
           NullIfEmpty{s.callback_url()}, Flag(record.record_requested),
           NullIfEmpty{record.idempotency_key}, record.route.SerializeAsString());
}

// What ties it to other sessions and to a menu; a click has none of it.
constexpr std::string_view kLinks = "parent_session_id, conversation_id, flow";

void AddLinks(const Record& record, RowsText& rows) {
  const v1::Session& s = record.session;
  rows.Add(NullIfEmpty{s.parent_session_id()}, ConversationOf(s), FlowOrNull(record));
}

// A session as a click makes it: of what facts change, the columns' defaults hold.
constexpr std::string_view kFresh =
    "known_by, submission, attempts, dial_guard, watchdog_at, from_phone, updated_at";

bool IsFresh(const Record& record) {
  return record.facts.empty() && record.session.version() == 1 &&
         record.session.provider_call_id().empty() && record.watchdog_at.has_value() &&
         record.session.direction() == v1::Session::OUTBOUND && !record.flow.has_state() &&
         record.session.parent_session_id().empty();
}

void AddFresh(const Record& record, RowsText& rows) {
  const v1::Session& s = record.session;
  rows.Add(v1::KnownBy_Name(s.known_by()), v1::Session::Submission_Name(s.submission()),
           s.attempts(), NullIfEmpty{record.dial_guard}, *record.watchdog_at, s.from_phone(),
           base::FromProto(s.updated_at()));
}

// What the provider's answer to the submission changes.
constexpr std::string_view kSubmission = "provider_call_id, submission, version, updated_at";
constexpr std::string_view kSubmissionTail =
    "ON DUPLICATE KEY UPDATE provider_call_id = VALUES(provider_call_id),"
    " submission = VALUES(submission), version = VALUES(version),"
    " updated_at = VALUES(updated_at)";

void AddSubmission(const Record& record, RowsText& rows) {
  const v1::Session& s = record.session;
  rows.Add(NullIfEmpty{s.provider_call_id()}, v1::Session::Submission_Name(s.submission()),
           s.version(), base::FromProto(s.updated_at()));
}

// One row of several groups of columns.
struct Group {
  std::string_view columns;
  void (*add)(const Record& record, RowsText& rows);
};

void Write(const std::vector<RecordPtr>& records, std::initializer_list<Group> groups,
           std::string_view tail, Statements& statements) {
  if (records.empty()) return;
  std::string head = "INSERT INTO click_to_call_session (";
  for (const Group& group : groups) {
    if (head.back() != '(') head += ", ";
    head.append(group.columns);
  }
  head += ')';
  RowsText rows(head, tail);
  for (const RecordPtr& record : records) {
    rows.BeginRow();
    for (const Group& group : groups) group.add(*record, rows);
    rows.EndRow();
  }
  Append(std::move(rows), statements);
}

}  // namespace

void Append(RowsText rows, Statements& statements) {
  for (db::RowsStatement& statement : std::move(rows).Finish()) {
    statements.push_back(std::move(statement));
  }
}

void InsertRecords(const std::vector<RecordPtr>& records, Statements& statements) {
  std::vector<RecordPtr> fresh;
  std::vector<RecordPtr> told;
  for (const RecordPtr& record : records) (IsFresh(*record) ? fresh : told).push_back(record);
  const Group needed{kNeeded, AddNeeded};
  const Group fixed{kFixed, AddFixed};
  Write(fresh, {needed, {kFresh, AddFresh}, fixed}, "", statements);
  Write(told, {needed, {kChanging, AddChanging}, fixed, {kLinks, AddLinks}}, "", statements);
}

void UpdateRecords(const std::vector<RecordPtr>& records, Statements& statements) {
  Write(records, {{kNeeded, AddNeeded}, {kChanging, AddChanging}}, kChangingTail, statements);
}

void UpdateSubmissions(const std::vector<RecordPtr>& records, Statements& statements) {
  Write(records, {{kNeeded, AddNeeded}, {kSubmission, AddSubmission}}, kSubmissionTail, statements);
}

absl::Status UpdateRoute(db::Connection& connection, const Record& record) {
  const v1::Session& s = record.session;
  return connection
      .Execute(
          "UPDATE click_to_call_session SET provider_id = ?, provider_type = ?, from_phone = ?,"
          " route = ? WHERE id = ?",
          {s.provider_id(), TypeName(s), s.from_phone(), record.route.SerializeAsString(), s.id()})
      .status();
}

absl::Status UpdateFlow(db::Connection& connection, const Record& record) {
  const v1::Session& s = record.session;
  return connection
      .Execute(
          "UPDATE click_to_call_session SET flow = ?, agent_id = ?, agent_phone = ?,"
          " record_requested = ? WHERE id = ?",
          {FlowOrNull(record), db::TextOrNull(s.agent_id()), db::TextOrNull(s.agent_phone()),
           Flag(record.record_requested), s.id()})
      .status();
}

absl::Status UpdateWrapUp(db::Connection& connection, const Record& record) {
  const v1::WrapUp& wrap_up = record.session.wrap_up();
  google::protobuf::ListValue tags;
  for (const std::string& tag : wrap_up.tags()) tags.add_values()->set_string_value(tag);
  std::string tags_text;
  if (!google::protobuf::util::MessageToJsonString(tags, &tags_text).ok()) {
    return absl::InternalError("the labels cannot be written as JSON");
  }
  return connection
      .Execute(
          "UPDATE click_to_call_session SET disposition = ?, wrap_up_notes = ?,"
          " wrap_up_tags_json = ?, wrap_up_at = ? WHERE id = ?",
          {wrap_up.disposition(), wrap_up.notes(), tags_text,
           base::FromProto(wrap_up.completed_at()), record.id()})
      .status();
}

}  // namespace ctc::session::store
