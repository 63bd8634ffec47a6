// From facts to the session that clients see.
#include "services/session/store/record.h"

#include <algorithm>

#include "libs/base/proto_time.h"
#include "services/session/domain/canonical_order.h"
#include "services/session/domain/fold.h"
#include "services/session/domain/parties.h"
#include "services/session/domain/transfer.h"
#include "services/session/domain/watchdog_policy.h"

namespace ctc::session::store {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(10);
constexpr absl::Duration kLookFor = absl::Minutes(15);

void SetTime(const std::optional<absl::Time>& time, google::protobuf::Timestamp* field) {
  *field = base::ToProto(*time);
}

void SetTimes(const domain::SessionState& state, v1::Session& session) {
  session.clear_call_started_at();
  session.clear_call_answered_at();
  session.clear_call_ended_at();
  if (state.started_at) SetTime(state.started_at, session.mutable_call_started_at());
  if (state.answered_at) SetTime(state.answered_at, session.mutable_call_answered_at());
  if (state.ended_at) SetTime(state.ended_at, session.mutable_call_ended_at());
}

void SetTexts(const domain::SessionState& state, v1::Session& session) {
  session.clear_recording_url();
  session.clear_error_code();
  session.clear_error_message();
  session.clear_end_reason();
  session.clear_cause();
  if (!state.recording_url.empty()) session.set_recording_url(state.recording_url);
  if (!state.error_code.empty()) session.set_error_code(state.error_code);
  if (!state.error_message.empty()) session.set_error_message(state.error_message);
  if (state.end_reason != v1::END_REASON_UNSPECIFIED) session.set_end_reason(state.end_reason);
  if (!state.cause.empty()) session.set_cause(state.cause);
}

}  // namespace

domain::CallStart StartOf(const v1::Session& session) {
  const bool inbound = session.direction() == v1::Session::INBOUND;
  return {base::FromProto(session.created_at()), session.direction(), session.agent_phone(),
          inbound ? session.from_phone() : session.to_phone()};
}

void Refold(Record& record) {
  record.state = domain::Fold(record.start, record.facts);
  const domain::SessionState& state = record.state;
  v1::Session& session = record.session;
  session.set_status(state.status);
  session.set_known_by(state.known_by);
  session.set_duration_seconds(state.duration_seconds);
  session.set_hold_seconds(state.hold_seconds);
  session.set_ring_seconds(state.ring_seconds);
  session.set_is_muted(state.is_muted);
  session.set_is_recorded(state.is_recorded);
  SetTimes(state, session);
  SetTexts(state, session);
  session.clear_legs();
  for (const v1::Leg& leg : state.legs) *session.add_legs() = leg;
  const bool dialling =
      state.status == v1::Session::INITIATED || state.status == v1::Session::RINGING;
  if (!dialling) record.dial_guard.clear();
  if (!domain::IsLive(state.status)) record.watchdog_at.reset();
}

std::optional<absl::Time> LookAfterEnd(const Record& record, absl::Time now) {
  const domain::CareStep step = domain::CareFor(record.state, record.facts, "", "");
  if (step.care == domain::Care::kNone && OpenTransfer(record) == nullptr) return std::nullopt;
  absl::Time last = record.start.created_at;
  for (const domain::Fact& fact : record.facts) {
    last = std::max(last, base::FromProto(fact.received_time()));
  }
  if (now >= last + kLookFor) return std::nullopt;
  return now + kLookEvery;
}

const v1::StoredTransfer* OpenTransfer(const Record& record) {
  for (const v1::StoredTransfer& t : record.transfers) {
    if (domain::IsOpen(t.transfer().status())) return &t;
  }
  return nullptr;
}

const v1::StoredTransfer* FindTransfer(const Record& record, const std::string& id) {
  for (const v1::StoredTransfer& t : record.transfers) {
    if (t.transfer().id() == id) return &t;
  }
  return nullptr;
}

const v1::StoredTransfer* HandedOver(const Record& record) {
  for (const v1::StoredTransfer& t : record.transfers) {
    if (t.transfer().has_new_session_id()) return &t;
  }
  return nullptr;
}

bool Knows(const Record& record, const domain::Fact& fact) {
  return std::any_of(record.facts.begin(), record.facts.end(), [&](const domain::Fact& known) {
    return known.event_key() == fact.event_key();
  });
}

bool HasRoomFor(const Record& record, const domain::Fact& fact) {
  if (record.facts.size() < kMostFacts) return true;
  const std::string& key = fact.event_key();
  if (key.starts_with(domain::kOurWord) || key == domain::kConclusion) return true;
  const bool ends = domain::IsEnding(fact.kind()) || fact.kind() == v1::CallFact::CANCEL_REQUESTED;
  return ends && record.facts.size() < 2 * kMostFacts;
}

void Describe(const Record& record, absl::Time recorded_at, v1::CallEvent& event) {
  const v1::Session& session = record.session;
  event.set_tenant_id(record.tenant.value());
  event.set_id(session.id());
  event.set_session_id(session.session_id());
  *event.mutable_recorded_at() = base::ToProto(recorded_at);
  event.set_agent_id(session.agent_id());
  event.set_provider_id(session.provider_id());
  event.set_provider_type(session.provider_type());
  event.set_campaign_id(session.campaign_id());
  *event.mutable_session_created_at() = session.created_at();
}

}  // namespace ctc::session::store
