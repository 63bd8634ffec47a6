// Each party is written down, then rung; what it does is told by facts.
#include "services/session/service/conference.h"

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "services/session/domain/parties.h"
#include "services/session/service/click.h"
#include "services/session/service/provider_calls.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;

absl::Status TooMany() {
  return base::MakeError(base::kPartyLimit, "The call has as many more parties as it may");
}

size_t CountOpen(const store::Record& record) {
  return domain::OpenLegs(record.facts, v1::Leg::GUEST).size() +
         domain::OpenLegs(record.facts, v1::Leg::SUPERVISOR).size();
}

absl::Status CheckOne(const std::string& agent_field, const std::string& agent,
                      const std::string& phone) {
  if (agent.empty() == phone.empty()) {
    return base::InvalidField(agent_field, "give one of " + agent_field + " and phone");
  }
  return CheckText(agent_field, agent, 128);
}

// The open leg by which the callee is in the call, or is being rung; empty without one.
std::string FindLeg(const store::Record& record, v1::Leg::Party party, const Callee& callee) {
  const std::vector<std::string> open = domain::OpenLegs(record.facts, party);
  for (const domain::Fact& fact : record.facts) {
    if (!domain::IsDialledByUs(fact) || fact.phone() != callee.phone) continue;
    if (std::find(open.begin(), open.end(), fact.leg_id()) != open.end()) return fact.leg_id();
  }
  return "";
}

// Who listens, how, and on whose behalf: the audit. No number.
std::string NoteOf(const rpc::Context& context, const v1::MonitorCallRequest& request) {
  const std::string who = request.supervisor_id().empty() ? "a number" : request.supervisor_id();
  return request.mode() + " by " + who + ", asked for by " + context.principal.subject;
}

}  // namespace

Task<absl::StatusOr<store::RecordPtr>> Conference::GetJoined(rpc::Context context, std::string id) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await GetVisible(core_, context, id));
  if (domain::IsJoined(record->state.status)) co_return record;
  co_return NotLive(*record, "The call must be connected for this");
}

Task<absl::StatusOr<Callee>> Conference::Find(rpc::Context context, store::RecordPtr record,
                                              std::string agent_id, std::string phone,
                                              std::string field) {
  if (!agent_id.empty()) {
    co_return co_await FindAgent(core_, context, std::move(agent_id), std::move(field));
  }
  co_return co_await FindNumber(core_, context, std::move(record), std::move(phone), "phone");
}

Task<absl::StatusOr<v1::Leg>> Conference::Add(rpc::Context context,
                                              const v1::AddPartyRequest& request) {
  CTC_CO_RETURN_IF_ERROR(CheckOne("agent_id", request.agent_id(), request.phone()));
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr record, co_await GetJoined(context, request.id()));
  if (!request.agent_id().empty() && request.agent_id() == record->session.agent_id()) {
    co_return base::InvalidField("agent_id", "is in this call already");
  }
  CTC_CO_RETURN_IF_ERROR(co_await RequireCapability(core_, context, record, "conference"));
  CTC_CO_ASSIGN_OR_RETURN(const Callee callee, co_await Find(context, record, request.agent_id(),
                                                             request.phone(), "agent_id"));
  co_return co_await Ring(context, record, v1::Leg::GUEST, callee,
                          ControlCallRequest::MODE_UNSPECIFIED, "");
}

Task<absl::StatusOr<v1::Leg>> Conference::Ring(rpc::Context context, store::RecordPtr record,
                                               v1::Leg::Party party, Callee callee, Mode mode,
                                               std::string note) {
  const domain::Fact dial = DialFact(core_, "party-1", callee);
  const absl::Time next_look = keeper_.NextLook();
  const auto leg_id = std::make_shared<std::string>();
  const auto is_new = std::make_shared<bool>();
  auto step = [=](const store::Record& newest) -> absl::StatusOr<store::PartyStep> {
    if (!domain::IsJoined(newest.state.status)) return NotLive(newest, "The call has ended");
    // A repeated request rings nobody twice.
    *leg_id = FindLeg(newest, party, callee);
    *is_new = leg_id->empty();
    if (!*is_new) return store::PartyStep();
    if (CountOpen(newest) >= domain::kMostGuests) return TooMany();
    *leg_id = domain::NextLegId(newest.facts, party);
    store::PartyStep out;
    domain::Fact fact = dial;
    fact.set_leg_id(*leg_id);
    fact.set_party(party);
    fact.set_event_key(domain::DialKey(*leg_id));
    out.facts.push_back(std::move(fact));
    out.watchdog_at = next_look;
    if (note.empty()) return out;
    v1::CallEvent& event = out.events.emplace_back();
    event.set_type("monitor.started");
    event.set_party(party);
    event.set_detail(note);
    return out;
  };
  CTC_CO_ASSIGN_OR_RETURN(record, co_await ApplyStep(core_, record, std::move(step)));
  if (*is_new) CTC_CO_RETURN_IF_ERROR(co_await keeper_.Dial(context, record, *leg_id, mode));
  co_return co_await LegNow(record, *leg_id);
}

Task<absl::StatusOr<v1::Leg>> Conference::LegNow(store::RecordPtr record, std::string leg_id) {
  CTC_CO_ASSIGN_OR_RETURN(
      record, co_await core_.reader.Get(record->tenant, record->id(), core_.WriteDeadline()));
  for (const v1::Leg& leg : record->session.legs()) {
    if (leg.id() == leg_id) co_return leg;
  }
  co_return base::MakeError(base::kNotFound, "There is no such party");
}

Task<absl::Status> Conference::Remove(rpc::Context context, const v1::RemovePartyRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record,
                          co_await GetVisible(core_, context, request.id()));
  const std::string& leg_id = request.leg_id();
  const v1::Leg::Party party = domain::PartyOfLeg(leg_id);
  CTC_CO_ASSIGN_OR_RETURN(const v1::Leg leg, co_await LegNow(record, leg_id));
  if (party != v1::Leg::GUEST && party != v1::Leg::SUPERVISOR) {
    co_return base::InvalidField("leg_id", "must be of a guest or a supervisor");
  }
  if (leg.state() == v1::Leg::ENDED) co_return absl::OkStatus();
  ControlCallRequest::Target target;
  target.set_leg_id(leg_id);
  target.set_party(party);
  ControlCallRequest order =
      ControlRequest(*record, ControlCallRequest::DROP_PARTY, std::move(target));
  CTC_CO_RETURN_IF_ERROR((co_await Control(core_, context, std::move(order))).status());
  const domain::Fact ended =
      LegFact(core_, v1::CallFact::CALL_ENDED, leg_id, "ours:" + leg_id + ":ended");
  CTC_CO_ASSIGN_OR_RETURN(record, co_await ApplyStep(core_, record, [=](const store::Record&) {
                            store::PartyStep out;
                            out.facts.push_back(ended);
                            return absl::StatusOr<store::PartyStep>(std::move(out));
                          }));
  keeper_.News(record);  // the customer may be alone now
  co_return absl::OkStatus();
}

Task<absl::StatusOr<v1::Leg>> Conference::Monitor(rpc::Context context,
                                                  const v1::MonitorCallRequest& request) {
  CTC_CO_RETURN_IF_ERROR(CheckOne("supervisor_id", request.supervisor_id(), request.phone()));
  Mode mode = ControlCallRequest::MODE_UNSPECIFIED;
  if (!ControlCallRequest::Mode_Parse(request.mode(), &mode) ||
      mode == ControlCallRequest::MODE_UNSPECIFIED) {
    co_return base::InvalidField("mode", "must be LISTEN, WHISPER or BARGE");
  }
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr record, co_await GetJoined(context, request.id()));
  std::string capability = request.mode();
  std::transform(capability.begin(), capability.end(), capability.begin(),
                 [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  CTC_CO_RETURN_IF_ERROR(co_await RequireCapability(core_, context, record, capability));
  CTC_CO_ASSIGN_OR_RETURN(
      const Callee callee,
      co_await Find(context, record, request.supervisor_id(), request.phone(), "supervisor_id"));
  const std::string note = NoteOf(context, request);
  if (const std::string leg_id = FindLeg(*record, v1::Leg::SUPERVISOR, callee); !leg_id.empty()) {
    co_return co_await ChangeMode(context, record, leg_id, mode, note);
  }
  co_return co_await Ring(context, record, v1::Leg::SUPERVISOR, callee, mode, note);
}

Task<absl::StatusOr<v1::Leg>> Conference::ChangeMode(rpc::Context context, store::RecordPtr record,
                                                     std::string leg_id, Mode mode,
                                                     std::string note) {
  ControlCallRequest::Target target;
  target.set_leg_id(leg_id);
  target.set_party(v1::Leg::SUPERVISOR);
  target.set_mode(mode);
  ControlCallRequest order =
      ControlRequest(*record, ControlCallRequest::CHANGE_MODE, std::move(target));
  CTC_CO_ASSIGN_OR_RETURN(const dispatch::v1::ControlCallResponse answer,
                          co_await Control(core_, context, std::move(order)));
  if (answer.call_is_gone()) {
    co_return NotLive(*record, "The provider says that the supervisor has left");
  }
  auto step = [=](const store::Record&) {
    store::PartyStep out;
    v1::CallEvent& event = out.events.emplace_back();
    event.set_type("monitor.changed");
    event.set_party(v1::Leg::SUPERVISOR);
    event.set_detail(note);
    return absl::StatusOr<store::PartyStep>(std::move(out));
  };
  CTC_CO_RETURN_IF_ERROR((co_await ApplyStep(core_, record, std::move(step))).status());
  co_return co_await LegNow(std::move(record), std::move(leg_id));
}

}  // namespace ctc::session
