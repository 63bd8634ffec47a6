// Look-up and control through dispatch.
#include "services/session/service/provider_calls.h"

#include <algorithm>

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "services/session/domain/canonical_order.h"
#include "services/session/domain/clean_fact.h"
#include "services/session/domain/handover.h"
#include "services/session/domain/parties.h"

namespace ctc::session {
namespace {

using dispatch::v1::LookUpCallResponse;
using dispatch::v1::DispatchServiceRpc::kControlCall;
using dispatch::v1::DispatchServiceRpc::kLookUpCall;

constexpr absl::Duration kPatience = absl::Seconds(20);

domain::Found FoundOf(LookUpCallResponse::Found found) {
  switch (found) {
    case LookUpCallResponse::LIVE:
      return domain::Found::kLive;
    case LookUpCallResponse::ENDED:
      return domain::Found::kEnded;
    case LookUpCallResponse::NOT_FOUND:
      return domain::Found::kNotFound;
    case LookUpCallResponse::CANNOT_ASK:
      return domain::Found::kCannotAsk;
    default:
      return domain::Found::kUnreachable;
  }
}

// A leg that ended and whose party is there by another one.
bool IsReplaced(const store::Record& record, const v1::Leg& leg) {
  if (leg.state() != v1::Leg::ENDED) return false;
  const auto& legs = record.session.legs();
  return std::any_of(legs.begin(), legs.end(), [&](const v1::Leg& other) {
    return other.party() == leg.party() && other.state() != v1::Leg::ENDED;
  });
}

// A session that ended has no live leg, but the provider may still have one.
bool MayLive(const store::Record& record, const v1::Leg& leg) {
  return !domain::IsLive(record.state.status) &&
         std::none_of(record.facts.begin(), record.facts.end(), [&](const domain::Fact& fact) {
           return domain::IsEnding(fact.kind()) && domain::LegIdOf(fact) == leg.id();
         });
}

// How the provider names a leg of ours.
const std::string& LabelOf(const store::Record& record, const std::string& leg_id) {
  return leg_id == "agent" && !record.agent_label.empty() ? record.agent_label : leg_id;
}

// The provider's first leg of a conversation is the first agent's. Of a session that took over, the
// leg that tells whether it lives is the customer's.
std::string CallToAskFor(const store::Record& record) {
  if (record.session.has_parent_session_id()) {
    for (const v1::Leg& leg : record.session.legs()) {
      if (leg.id() == "customer" && !leg.provider_leg_id().empty()) return leg.provider_leg_id();
    }
  }
  return record.session.provider_call_id();
}

store::Change ChangeOf(const Core& core, const store::Record& record,
                       const LookUpCallResponse& answer) {
  store::Change change;
  change.tenant = record.tenant;
  change.id = record.id();
  const bool known =
      answer.found() == LookUpCallResponse::LIVE || answer.found() == LookUpCallResponse::ENDED;
  if (known && record.session.submission() != v1::Session::ACCEPTED) {
    change.submission = store::SubmissionChange{v1::Session::ACCEPTED, answer.provider_call_id(),
                                                std::nullopt, std::nullopt};
  }
  int n = 0;
  for (domain::Fact fact : answer.facts()) {
    fact.set_source(v1::POLL);
    if (fact.event_key().empty()) {
      fact.set_event_key("poll:" + v1::CallFact::Kind_Name(fact.kind()) + std::to_string(n++));
    }
    fact = domain::CleanFact(std::move(fact), core.clock.Now());
    fact = domain::NamedByLabel(std::move(fact), record.agent_label);
    // The provider counts the whole leg, this session only its part of it.
    if (record.session.has_parent_session_id()) fact.clear_duration_seconds();
    if (fact.kind() != v1::CallFact::KIND_UNSPECIFIED) change.facts.push_back(std::move(fact));
  }
  return change;
}

}  // namespace

dispatch::v1::CallOrder OrderOf(const store::Record& record) {
  const v1::Session& s = record.session;
  dispatch::v1::CallOrder order;
  order.set_id(s.id());
  order.set_session_id(s.session_id());
  order.set_correlation_id(s.correlation_id());
  order.set_to_phone(s.to_phone());
  order.set_from_phone(s.from_phone());
  order.set_agent_phone(s.agent_phone());
  order.set_agent_id(s.agent_id());
  order.set_record(record.record_requested);
  order.set_contact_name(s.contact_name());
  order.set_room(s.conversation_id());
  order.set_direction(s.direction());
  return order;
}

Task<absl::StatusOr<LookUpOutcome>> LookUp(Core& core, const rpc::Context& context,
                                           store::RecordPtr record) {
  dispatch::v1::LookUpCallRequest request;
  request.set_provider_id(record->session.provider_id());
  *request.mutable_order() = OrderOf(*record);
  request.set_provider_call_id(CallToAskFor(*record));
  const absl::StatusOr<LookUpCallResponse> answer = co_await rpc::Call(
      core.dispatch, kLookUpCall, ServiceContext(context, core.clock.Now() + kPatience), request);
  LookUpOutcome outcome;
  outcome.record = record;
  if (!answer.ok()) {
    // An account that was removed meanwhile cannot be asked ever again.
    if (absl::IsNotFound(answer.status())) outcome.found = domain::Found::kCannotAsk;
    co_return outcome;
  }
  outcome.found = FoundOf(answer->found());
  store::Change change = ChangeOf(core, *record, *answer);
  if (!change.submission && change.facts.empty()) co_return outcome;
  CTC_CO_ASSIGN_OR_RETURN(outcome.record,
                          co_await core.writer.Apply(std::move(change), core.WriteDeadline()));
  co_return outcome;
}

dispatch::v1::ControlCallRequest ControlRequest(const store::Record& record,
                                                dispatch::v1::ControlCallRequest::Action action) {
  dispatch::v1::ControlCallRequest request;
  request.set_provider_id(record.session.provider_id());
  *request.mutable_order() = OrderOf(record);
  request.set_provider_call_id(record.session.provider_call_id());
  for (const v1::Leg& leg : record.session.legs()) {
    if (IsReplaced(record, leg)) continue;
    v1::Leg& shown = *request.add_legs();
    shown = leg;
    shown.set_id(LabelOf(record, leg.id()));
    if (MayLive(record, leg)) shown.set_state(v1::Leg::ANSWERED);
  }
  request.set_action(action);
  request.set_not_joined_yet(!domain::IsJoined(record.state.status));
  return request;
}

dispatch::v1::ControlCallRequest ControlRequest(const store::Record& record,
                                                dispatch::v1::ControlCallRequest::Action action,
                                                dispatch::v1::ControlCallRequest::Target target) {
  dispatch::v1::ControlCallRequest request = ControlRequest(record, action);
  target.set_leg_id(LabelOf(record, target.leg_id()));
  *request.mutable_target() = std::move(target);
  return request;
}

Task<absl::StatusOr<dispatch::v1::ControlCallResponse>> Control(
    Core& core, const rpc::Context& context, dispatch::v1::ControlCallRequest request) {
  co_return co_await rpc::Call(core.dispatch, kControlCall,
                               ServiceContext(context, core.clock.Now() + kPatience), request);
}

Task<absl::StatusOr<dispatch::v1::ControlCallResponse>> Control(
    Core& core, const rpc::Context& context, store::RecordPtr record,
    dispatch::v1::ControlCallRequest::Action action, std::string digits) {
  dispatch::v1::ControlCallRequest request = ControlRequest(*record, action);
  request.set_digits(std::move(digits));
  co_return co_await Control(core, context, std::move(request));
}

}  // namespace ctc::session
