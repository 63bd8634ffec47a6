// SQL of the feed and of the legs.
#include "services/session/store/event_rows.h"

#include "libs/base/proto_time.h"

namespace ctc::session::store {
namespace {

using db::Value;

constexpr std::string_view kEventHead =
    "INSERT INTO call_event (seq, tenant_id, session_id, public_id, type, occurred_at,"
    " recorded_at, session_created_at, old_status, new_status, duration_delta_seconds, known_by,"
    " party, fact_kind, end_reason, provider_type, is_late, agent_id, provider_id, campaign_id,"
    " provider_leg_id, detail)";

constexpr std::string_view kLegHead =
    "INSERT INTO call_leg (tenant_id, session_id, leg_id, party, state, provider_leg_id, phone,"
    " ringing_at, answered_at, ended_at, cause)";
constexpr std::string_view kLegTail =
    "ON DUPLICATE KEY UPDATE state = VALUES(state), provider_leg_id = VALUES(provider_leg_id),"
    " ringing_at = VALUES(ringing_at), answered_at = VALUES(answered_at),"
    " ended_at = VALUES(ended_at), cause = VALUES(cause)";

constexpr std::string_view kAfter =
    "SELECT seq, tenant_id, session_id, public_id, type, occurred_at, recorded_at,"
    " session_created_at, old_status, new_status, duration_delta_seconds, known_by, party,"
    " fact_kind, end_reason, provider_type, is_late, agent_id, provider_id, campaign_id,"
    " provider_leg_id, detail FROM call_event WHERE seq > ? ORDER BY seq LIMIT ?";
constexpr std::string_view kOfSession =
    "SELECT seq, tenant_id, session_id, public_id, type, occurred_at, recorded_at,"
    " session_created_at, old_status, new_status, duration_delta_seconds, known_by, party,"
    " fact_kind, end_reason, provider_type, is_late, agent_id, provider_id, campaign_id,"
    " provider_leg_id, detail FROM call_event WHERE tenant_id = ? AND session_id = ? ORDER BY seq";

int32_t Small(const db::Row& row, size_t i) { return static_cast<int32_t>(row.Int(i)); }

v1::CallEvent EventOfRow(const db::Row& row) {
  v1::CallEvent e;
  e.set_seq(row.Int(0));
  e.set_tenant_id(row.Text(1));
  e.set_id(row.Text(2));
  e.set_session_id(row.Text(3));
  e.set_type(row.Text(4));
  *e.mutable_occurred_at() = base::ToProto(row.Time(5));
  *e.mutable_recorded_at() = base::ToProto(row.Time(6));
  *e.mutable_session_created_at() = base::ToProto(row.Time(7));
  e.set_old_status(static_cast<v1::Session::Status>(Small(row, 8)));
  e.set_new_status(static_cast<v1::Session::Status>(Small(row, 9)));
  e.set_duration_delta_seconds(Small(row, 10));
  e.set_known_by(static_cast<v1::KnownBy>(Small(row, 11)));
  e.set_party(static_cast<v1::Leg::Party>(Small(row, 12)));
  e.set_fact_kind(static_cast<v1::CallFact::Kind>(Small(row, 13)));
  e.set_end_reason(static_cast<v1::EndReason>(Small(row, 14)));
  e.set_provider_type(static_cast<common::v1::ProviderType::Value>(Small(row, 15)));
  e.set_late(row.Int(16) != 0);
  e.set_agent_id(row.Text(17));
  e.set_provider_id(row.Text(18));
  e.set_campaign_id(row.Text(19));
  e.set_provider_leg_id(row.Text(20));
  e.set_detail(row.Text(21));
  return e;
}

absl::StatusOr<std::vector<v1::CallEvent>> ReadAll(const absl::StatusOr<db::Rows>& rows) {
  if (!rows.ok()) return rows.status();
  std::vector<v1::CallEvent> events;
  events.reserve(rows->size());
  for (const db::Row& row : *rows) events.push_back(EventOfRow(row));
  return events;
}

Value TimeOrNull(bool present, const google::protobuf::Timestamp& time) {
  return present ? Value(base::FromProto(time)) : Value(db::Null{});
}

}  // namespace

db::RowsText InsertEvents(const std::vector<EventPtr>& events) {
  db::RowsText rows(kEventHead);
  for (const EventPtr& event : events) {
    const v1::CallEvent& e = *event;
    rows.BeginRow();
    rows.Add(e.seq(), e.tenant_id(), e.id(), e.session_id(), e.type(),
             base::FromProto(e.occurred_at()), base::FromProto(e.recorded_at()),
             base::FromProto(e.session_created_at()), int64_t{e.old_status()},
             int64_t{e.new_status()}, e.duration_delta_seconds(), int64_t{e.known_by()},
             int64_t{e.party()}, int64_t{e.fact_kind()}, int64_t{e.end_reason()},
             int64_t{e.provider_type()}, int64_t{e.late() ? 1 : 0}, e.agent_id(), e.provider_id(),
             e.campaign_id(), e.provider_leg_id(), e.detail());
    rows.EndRow();
  }
  return rows;
}

absl::StatusOr<std::vector<v1::CallEvent>> SelectEventsAfter(db::Connection& connection,
                                                             int64_t after, int limit) {
  return ReadAll(connection.Query(kAfter, {after, int64_t{limit}}));
}

absl::StatusOr<std::vector<v1::CallEvent>> SelectEventsOf(db::Connection& connection,
                                                          const base::TenantId& tenant,
                                                          const std::string& id) {
  return ReadAll(connection.Query(kOfSession, {tenant.value(), id}));
}

db::RowsText UpsertLegs(const std::vector<LegRow>& legs) {
  db::RowsText rows(kLegHead, kLegTail);
  for (const LegRow& row : legs) {
    const v1::Leg& leg = row.record->session.legs(row.index);
    rows.BeginRow();
    rows.Add(row.record->tenant.value(), row.record->id(), leg.id(),
             v1::Leg::Party_Name(leg.party()), v1::Leg::State_Name(leg.state()),
             db::NullIfEmpty{leg.provider_leg_id()}, leg.phone(),
             TimeOrNull(leg.has_ringing_at(), leg.ringing_at()),
             TimeOrNull(leg.has_answered_at(), leg.answered_at()),
             TimeOrNull(leg.has_ended_at(), leg.ended_at()), leg.cause());
    rows.EndRow();
  }
  return rows;
}

}  // namespace ctc::session::store
