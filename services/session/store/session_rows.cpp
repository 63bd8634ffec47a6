// Writing rows of click_to_call_session.
#include "services/session/store/session_rows.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "libs/transcoding/json_writer.h"

namespace ctc::session::store {
namespace {

using db::Null;
using db::Params;
using db::Value;

Value TimeOrNull(bool present, const google::protobuf::Timestamp& time) {
  return present ? Value(domain::FromProto(time)) : Value(Null{});
}

Value Flag(bool value) { return Value(int64_t{value ? 1 : 0}); }

Value MetadataText(const v1::Session& session) {
  if (!session.has_metadata()) return Null{};
  return transcoding::ToJson(session.metadata());
}

Value FactsBlob(const Record& record) {
  v1::StoredFacts stored;
  for (const domain::Fact& fact : record.facts) *stored.add_facts() = fact;
  for (const v1::StoredTransfer& t : record.transfers) *stored.add_transfers() = t;
  stored.set_agent_label(record.agent_label);
  return stored.SerializeAsString();
}

// A session that began its conversation needs no name for it.
Value ConversationOrNull(const v1::Session& session) {
  return session.conversation_id() == session.id() ? Value(Null{})
                                                   : db::TextOrNull(session.conversation_id());
}

Value FlowOrNull(const Record& record) {
  return record.flow.has_state() ? Value(record.flow.SerializeAsString()) : Value(Null{});
}

std::string TypeName(const v1::Session& session) {
  if (session.provider_type() == common::v1::ProviderType::PROVIDER_TYPE_UNSPECIFIED) return "";
  return common::v1::ProviderType::Value_Name(session.provider_type());
}

// What a row must have to exist, and what facts and the submission change.
constexpr int kChangingWidth = 30;
constexpr std::string_view kChangingHead =
    "INSERT INTO click_to_call_session (id, tenant_id, session_id, to_phone, correlation_id,"
    " created_at, status, provider_call_id, call_started_at, call_answered_at, call_ended_at,"
    " duration_seconds, ring_seconds, hold_seconds, is_muted, is_recorded, recording_url,"
    " error_code, error_message, end_reason, known_by, cause, submission, attempts, dial_guard,"
    " facts, watchdog_at, version, updated_at, from_phone)";
constexpr std::string_view kChangingTail =
    " ON DUPLICATE KEY UPDATE status = VALUES(status),"
    " provider_call_id = VALUES(provider_call_id), call_started_at = VALUES(call_started_at),"
    " call_answered_at = VALUES(call_answered_at), call_ended_at = VALUES(call_ended_at),"
    " duration_seconds = VALUES(duration_seconds), ring_seconds = VALUES(ring_seconds),"
    " hold_seconds = VALUES(hold_seconds), is_muted = VALUES(is_muted),"
    " is_recorded = VALUES(is_recorded), recording_url = VALUES(recording_url),"
    " error_code = VALUES(error_code), error_message = VALUES(error_message),"
    " end_reason = VALUES(end_reason), known_by = VALUES(known_by), cause = VALUES(cause),"
    " submission = VALUES(submission), attempts = VALUES(attempts),"
    " dial_guard = VALUES(dial_guard), facts = VALUES(facts), watchdog_at = VALUES(watchdog_at),"
    " version = VALUES(version), updated_at = VALUES(updated_at)";

void AddChanging(const Record& record, Params& params) {
  const v1::Session& s = record.session;
  params.insert(params.end(),
                {Value(s.id()),
                 Value(record.tenant.value()),
                 Value(s.session_id()),
                 Value(s.to_phone()),
                 Value(s.correlation_id()),
                 Value(domain::FromProto(s.created_at())),
                 Value(v1::Session::Status_Name(s.status())),
                 db::TextOrNull(s.provider_call_id()),
                 TimeOrNull(s.has_call_started_at(), s.call_started_at()),
                 TimeOrNull(s.has_call_answered_at(), s.call_answered_at()),
                 TimeOrNull(s.has_call_ended_at(), s.call_ended_at()),
                 Value(int64_t{s.duration_seconds()}),
                 Value(int64_t{s.ring_seconds()}),
                 Value(int64_t{s.hold_seconds()}),
                 Flag(s.is_muted()),
                 Flag(s.is_recorded()),
                 db::TextOrNull(s.recording_url()),
                 db::TextOrNull(s.error_code()),
                 db::TextOrNull(s.error_message()),
                 s.has_end_reason() ? Value(v1::EndReason_Name(s.end_reason())) : Value(Null{}),
                 Value(v1::KnownBy_Name(s.known_by())),
                 db::TextOrNull(s.cause()),
                 Value(v1::Session::Submission_Name(s.submission())),
                 Value(int64_t{s.attempts()}),
                 db::TextOrNull(record.dial_guard),
                 FactsBlob(record),
                 record.watchdog_at ? Value(*record.watchdog_at) : Value(Null{}),
                 Value(s.version()),
                 Value(domain::FromProto(s.updated_at())),
                 Value(s.from_phone())});
}

// What is fixed when the session is made, after the changing ones.
constexpr int kFixedWidth = 17;
constexpr std::string_view kInsertHead =
    "INSERT INTO click_to_call_session (id, tenant_id, session_id, to_phone, correlation_id,"
    " created_at, status, provider_call_id, call_started_at, call_answered_at, call_ended_at,"
    " duration_seconds, ring_seconds, hold_seconds, is_muted, is_recorded, recording_url,"
    " error_code, error_message, end_reason, known_by, cause, submission, attempts, dial_guard,"
    " facts, watchdog_at, version, updated_at, from_phone,"
    " provider_id, provider_type, direction, phone_type, agent_phone, agent_id, lead_id,"
    " campaign_id, account_id, contact_name, contact_email, metadata_json, priority, callback_url,"
    " record_requested, idempotency_key, route, parent_session_id, conversation_id, flow)";

void AddFixed(const Record& record, Params& params) {
  const v1::Session& s = record.session;
  params.insert(params.end(),
                {Value(s.provider_id()), Value(TypeName(s)),
                 Value(v1::Session::Direction_Name(s.direction())), Value(s.phone_type()),
                 db::TextOrNull(s.agent_phone()), db::TextOrNull(s.agent_id()),
                 db::TextOrNull(s.lead_id()), db::TextOrNull(s.campaign_id()),
                 db::TextOrNull(s.account_id()), db::TextOrNull(s.contact_name()),
                 db::TextOrNull(s.contact_email()), MetadataText(s), Value(int64_t{s.priority()}),
                 db::TextOrNull(s.callback_url()), Flag(record.record_requested),
                 db::TextOrNull(record.idempotency_key), Value(record.route.SerializeAsString())});
}

// What ties it to other sessions and to a menu; a click has none of it.
constexpr int kLinkWidth = 3;

void AddLinks(const Record& record, Params& params) {
  const v1::Session& s = record.session;
  params.insert(params.end(),
                {db::TextOrNull(s.parent_session_id()), ConversationOrNull(s), FlowOrNull(record)});
}

// A session as a click makes it: of what facts change, the columns' defaults hold.
constexpr int kFreshWidth = 14 + kFixedWidth;
constexpr std::string_view kFreshHead =
    "INSERT INTO click_to_call_session (id, tenant_id, session_id, to_phone, correlation_id,"
    " created_at, status, known_by, submission, attempts, dial_guard, watchdog_at, from_phone,"
    " provider_id, provider_type, direction, phone_type, agent_phone, agent_id, lead_id,"
    " campaign_id, account_id, contact_name, contact_email, metadata_json, priority, callback_url,"
    " record_requested, idempotency_key, route, updated_at)";

bool IsFresh(const Record& record) {
  return record.facts.empty() && record.session.version() == 1 &&
         record.session.provider_call_id().empty() && record.watchdog_at.has_value() &&
         record.session.direction() == v1::Session::OUTBOUND && !record.flow.has_state() &&
         record.session.parent_session_id().empty();
}

void AddFresh(const Record& record, Params& params) {
  const v1::Session& s = record.session;
  params.insert(
      params.end(),
      {Value(s.id()), Value(record.tenant.value()), Value(s.session_id()), Value(s.to_phone()),
       Value(s.correlation_id()), Value(domain::FromProto(s.created_at())),
       Value(v1::Session::Status_Name(s.status())), Value(v1::KnownBy_Name(s.known_by())),
       Value(v1::Session::Submission_Name(s.submission())), Value(int64_t{s.attempts()}),
       db::TextOrNull(record.dial_guard), Value(*record.watchdog_at), Value(s.from_phone())});
  AddFixed(record, params);
  params.push_back(Value(domain::FromProto(s.updated_at())));
}

absl::Status InsertFresh(db::Connection& connection, const std::vector<RecordPtr>& records) {
  if (records.empty()) return absl::OkStatus();
  Params params;
  params.reserve(records.size() * kFreshWidth);
  for (const RecordPtr& record : records) AddFresh(*record, params);
  return connection.ExecuteRows(kFreshHead, kFreshWidth, params).status();
}

absl::Status InsertTold(db::Connection& connection, const std::vector<RecordPtr>& records) {
  if (records.empty()) return absl::OkStatus();
  Params params;
  constexpr int kWidth = kChangingWidth + kFixedWidth + kLinkWidth;
  params.reserve(records.size() * kWidth);
  for (const RecordPtr& record : records) {
    AddChanging(*record, params);
    AddFixed(*record, params);
    AddLinks(*record, params);
  }
  return connection.ExecuteRows(kInsertHead, kWidth, params).status();
}

// What the provider's answer to the submission changes.
constexpr int kSubmissionWidth = 11;
constexpr std::string_view kSubmissionHead =
    "INSERT INTO click_to_call_session (id, tenant_id, session_id, to_phone, correlation_id,"
    " created_at, status, provider_call_id, submission, version, updated_at)";
constexpr std::string_view kSubmissionTail =
    " ON DUPLICATE KEY UPDATE provider_call_id = VALUES(provider_call_id),"
    " submission = VALUES(submission), version = VALUES(version),"
    " updated_at = VALUES(updated_at)";

void AddSubmission(const Record& record, Params& params) {
  const v1::Session& s = record.session;
  params.insert(
      params.end(),
      {Value(s.id()), Value(record.tenant.value()), Value(s.session_id()), Value(s.to_phone()),
       Value(s.correlation_id()), Value(domain::FromProto(s.created_at())),
       Value(v1::Session::Status_Name(s.status())), db::TextOrNull(s.provider_call_id()),
       Value(v1::Session::Submission_Name(s.submission())), Value(s.version()),
       Value(domain::FromProto(s.updated_at()))});
}

}  // namespace

absl::Status InsertRecords(db::Connection& connection, const std::vector<RecordPtr>& records) {
  std::vector<RecordPtr> fresh;
  std::vector<RecordPtr> told;
  for (const RecordPtr& record : records) (IsFresh(*record) ? fresh : told).push_back(record);
  CTC_RETURN_IF_ERROR(InsertFresh(connection, fresh));
  return InsertTold(connection, told);
}

absl::Status UpdateRecords(db::Connection& connection, const std::vector<RecordPtr>& records) {
  if (records.empty()) return absl::OkStatus();
  Params params;
  params.reserve(records.size() * kChangingWidth);
  for (const RecordPtr& record : records) AddChanging(*record, params);
  return connection.ExecuteRows(kChangingHead, kChangingWidth, params, kChangingTail).status();
}

absl::Status UpdateSubmissions(db::Connection& connection, const std::vector<RecordPtr>& records) {
  if (records.empty()) return absl::OkStatus();
  Params params;
  params.reserve(records.size() * kSubmissionWidth);
  for (const RecordPtr& record : records) AddSubmission(*record, params);
  return connection.ExecuteRows(kSubmissionHead, kSubmissionWidth, params, kSubmissionTail)
      .status();
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
           domain::FromProto(wrap_up.completed_at()), record.id()})
      .status();
}

}  // namespace ctc::session::store
