// Reading rows of click_to_call_session.
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "libs/base/proto_time.h"
#include "services/session/domain/fold.h"
#include "services/session/store/session_rows.h"

namespace ctc::session::store {
namespace {

// X(name): the columns in the order of enum Column.
// clang-format off
#define CTC_SESSION_COLUMNS(X) \
  X(id) X(tenant_id) X(session_id) X(direction) X(from_phone) X(to_phone) X(phone_type) \
  X(agent_phone) X(provider_id) X(provider_type) X(provider_call_id) X(correlation_id) \
  X(agent_id) X(lead_id) X(campaign_id) X(account_id) X(contact_name) X(contact_email) \
  X(metadata_json) X(priority) X(callback_url) X(record_requested) X(submission) \
  X(attempts) X(disposition) X(wrap_up_notes) X(wrap_up_tags_json) X(wrap_up_at) \
  X(idempotency_key) X(dial_guard) X(facts) X(route) X(watchdog_at) X(version) \
  X(created_at) X(updated_at) X(parent_session_id) X(conversation_id) X(flow)
// clang-format on

#define CTC_COLUMN_ENUM(name) k_##name,
enum Column : size_t { CTC_SESSION_COLUMNS(CTC_COLUMN_ENUM) kColumnCount };
#undef CTC_COLUMN_ENUM

#define CTC_COLUMN_TEXT(name) ", s." #name
constexpr std::string_view kColumnList = CTC_SESSION_COLUMNS(CTC_COLUMN_TEXT);
#undef CTC_COLUMN_TEXT
#undef CTC_SESSION_COLUMNS

void ReadParties(const db::Row& row, v1::Session& s) {
  v1::Session::Direction direction = v1::Session::OUTBOUND;
  v1::Session::Direction_Parse(row.Text(k_direction), &direction);
  s.set_direction(direction);
  s.set_from_phone(row.Text(k_from_phone));
  s.set_to_phone(row.Text(k_to_phone));
  s.set_phone_type(row.Text(k_phone_type));
  if (!row.IsNull(k_agent_phone)) s.set_agent_phone(row.Text(k_agent_phone));
  if (!row.IsNull(k_agent_id)) s.set_agent_id(row.Text(k_agent_id));
  if (!row.IsNull(k_lead_id)) s.set_lead_id(row.Text(k_lead_id));
  if (!row.IsNull(k_campaign_id)) s.set_campaign_id(row.Text(k_campaign_id));
  if (!row.IsNull(k_account_id)) s.set_account_id(row.Text(k_account_id));
  if (!row.IsNull(k_contact_name)) s.set_contact_name(row.Text(k_contact_name));
  if (!row.IsNull(k_contact_email)) s.set_contact_email(row.Text(k_contact_email));
}

void ReadSubmission(const db::Row& row, v1::Session& s) {
  common::v1::ProviderType::Value type = common::v1::ProviderType::PROVIDER_TYPE_UNSPECIFIED;
  common::v1::ProviderType::Value_Parse(row.Text(k_provider_type), &type);
  s.set_provider_id(row.Text(k_provider_id));
  s.set_provider_type(type);
  if (!row.IsNull(k_provider_call_id)) s.set_provider_call_id(row.Text(k_provider_call_id));
  v1::Session::Submission submission = v1::Session::NOT_SENT;
  v1::Session::Submission_Parse(row.Text(k_submission), &submission);
  s.set_submission(submission);
  s.set_attempts(static_cast<int32_t>(row.Int(k_attempts)));
  s.set_correlation_id(row.Text(k_correlation_id));
}

void ReadConversation(const db::Row& row, v1::Session& s) {
  if (!row.IsNull(k_parent_session_id)) s.set_parent_session_id(row.Text(k_parent_session_id));
  s.set_conversation_id(row.IsNull(k_conversation_id) ? s.id() : row.Text(k_conversation_id));
}

absl::Status ReadFreeData(const db::Row& row, v1::Session& s) {
  if (!row.IsNull(k_metadata_json) &&
      !google::protobuf::util::JsonStringToMessage(row.Text(k_metadata_json), s.mutable_metadata())
           .ok()) {
    return absl::DataLossError("metadata of a session cannot be read");
  }
  if (row.IsNull(k_wrap_up_at)) return absl::OkStatus();
  v1::WrapUp& wrap_up = *s.mutable_wrap_up();
  wrap_up.set_disposition(row.Text(k_disposition));
  wrap_up.set_notes(row.Text(k_wrap_up_notes));
  *wrap_up.mutable_completed_at() = base::ToProto(row.Time(k_wrap_up_at));
  google::protobuf::ListValue tags;
  if (!google::protobuf::util::JsonStringToMessage(row.Text(k_wrap_up_tags_json), &tags).ok()) {
    return absl::DataLossError("labels of a session cannot be read");
  }
  for (const auto& tag : tags.values()) wrap_up.add_tags(tag.string_value());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Record>> ReadAll(const absl::StatusOr<db::Rows>& rows) {
  if (!rows.ok()) return rows.status();
  std::vector<Record> records;
  records.reserve(rows->size());
  for (const db::Row& row : *rows) {
    CTC_ASSIGN_OR_RETURN(Record record, RecordOfRow(row));
    records.push_back(std::move(record));
  }
  return records;
}

// One text for each kind of search, made once.
std::string Select(std::string_view where) {
  return std::string("SELECT ") + std::string(RecordColumns()) +
         // lint-allow(sql): made of constants, once
         " FROM click_to_call_session s WHERE " + std::string(where);
}

}  // namespace

std::string_view RecordColumns() { return kColumnList.substr(2); }

absl::StatusOr<Record> RecordOfRow(const db::Row& row) {
  Record record;
  record.tenant = base::TenantId(row.Text(k_tenant_id));
  v1::Session& s = record.session;
  s.set_id(row.Text(k_id));
  s.set_session_id(row.Text(k_session_id));
  s.set_priority(static_cast<int32_t>(row.Int(k_priority)));
  if (!row.IsNull(k_callback_url)) s.set_callback_url(row.Text(k_callback_url));
  s.set_version(row.Int(k_version));
  *s.mutable_created_at() = base::ToProto(row.Time(k_created_at));
  *s.mutable_updated_at() = base::ToProto(row.Time(k_updated_at));
  ReadParties(row, s);
  ReadSubmission(row, s);
  ReadConversation(row, s);
  CTC_RETURN_IF_ERROR(ReadFreeData(row, s));
  v1::StoredFacts facts;
  if (!facts.ParseFromString(row.Text(k_facts)) ||
      !record.route.ParseFromString(row.Text(k_route)) ||
      !record.flow.ParseFromString(row.Text(k_flow))) {
    return absl::DataLossError("facts of a session cannot be read");
  }
  for (domain::Fact& fact : *facts.mutable_facts()) record.facts.push_back(std::move(fact));
  record.transfers.assign(facts.transfers().begin(), facts.transfers().end());
  record.agent_label = facts.agent_label();
  record.record_requested = row.Int(k_record_requested) != 0;
  record.idempotency_key = row.Text(k_idempotency_key);
  record.dial_guard = row.Text(k_dial_guard);
  if (!row.IsNull(k_watchdog_at)) record.watchdog_at = row.Time(k_watchdog_at);
  record.start = StartOf(s);
  Refold(record);
  return record;
}

IdList MakeIdList(const std::vector<std::string>& ids, size_t begin, size_t end) {
  constexpr size_t kSizes[] = {1, 4, 16, 64, 256};
  const size_t count = end - begin;
  size_t size = kSizes[4];
  for (size_t candidate : kSizes) {
    if (candidate >= count) {
      size = candidate;
      break;
    }
  }
  IdList list;
  list.params.reserve(size);
  for (size_t i = 0; i < size; ++i) {
    list.placeholders += i == 0 ? "?" : ",?";
    list.params.push_back(ids[std::min(begin + i, end - 1)]);
  }
  return list;
}

absl::StatusOr<std::vector<Record>> SelectByIds(db::Connection& connection,
                                                const std::vector<std::string>& ids) {
  constexpr size_t kMost = 256;
  std::vector<Record> found;
  for (size_t begin = 0; begin < ids.size(); begin += kMost) {
    const IdList list = MakeIdList(ids, begin, std::min(begin + kMost, ids.size()));
    CTC_ASSIGN_OR_RETURN(
        std::vector<Record> some,
        ReadAll(connection.Query(Select("s.id IN (" + list.placeholders + ")"), list.params)));
    for (Record& record : some) found.push_back(std::move(record));
  }
  return found;
}

absl::StatusOr<std::vector<Record>> SelectBySessionId(db::Connection& connection,
                                                      const base::TenantId& tenant,
                                                      const std::string& session_id) {
  static const std::string sql = Select("s.tenant_id = ? AND s.session_id = ?");
  return ReadAll(connection.Query(sql, {tenant.value(), session_id}));
}

absl::StatusOr<std::vector<Record>> SelectByIdempotencyKey(db::Connection& connection,
                                                           const base::TenantId& tenant,
                                                           const std::string& key) {
  static const std::string sql = Select("s.tenant_id = ? AND s.idempotency_key = ?");
  return ReadAll(connection.Query(sql, {tenant.value(), key}));
}

absl::StatusOr<std::vector<Record>> SelectByDialGuard(db::Connection& connection,
                                                      const std::string& guard) {
  static const std::string sql = Select("s.dial_guard = ?");
  return ReadAll(connection.Query(sql, {guard}));
}

absl::StatusOr<std::vector<Record>> SelectByProviderCall(db::Connection& connection,
                                                         const base::TenantId& tenant,
                                                         const std::string& provider_id,
                                                         const std::string& provider_call_id) {
  static const std::string by_call =
      Select("s.tenant_id = ? AND s.provider_id = ? AND s.provider_call_id = ? LIMIT 1");
  static const std::string by_leg = Select(
      "s.tenant_id = ? AND s.provider_id = ? AND s.id = (SELECT l.session_id FROM call_leg l"
      " WHERE l.tenant_id = ? AND l.provider_leg_id = ? LIMIT 1)");
  CTC_ASSIGN_OR_RETURN(
      std::vector<Record> found,
      ReadAll(connection.Query(by_call, {tenant.value(), provider_id, provider_call_id})));
  if (!found.empty()) return found;
  return ReadAll(
      connection.Query(by_leg, {tenant.value(), provider_id, tenant.value(), provider_call_id}));
}

}  // namespace ctc::session::store
