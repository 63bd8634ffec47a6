// Orders to the provider first, then the session tells them; our word before dialling.
#include "services/session/service/party_keeper.h"

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "services/session/domain/parties.h"
#include "services/session/service/provider_calls.h"
#include "services/session/service/successor.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;
using domain::CareStep;
using domain::PartyAction;
using domain::TransferStep;
using Kind = v1::CallFact;

// Beyond the ring time the provider was given.
constexpr absl::Duration kRingGrace = absl::Seconds(15);
constexpr int kMostCares = 8;

ControlCallRequest::Target TargetOf(const store::Record& record, const std::string& leg_id) {
  ControlCallRequest::Target target;
  target.set_leg_id(leg_id);
  target.set_party(domain::PartyOfLeg(leg_id));
  for (const v1::Leg& leg : record.session.legs()) {
    if (leg.id() == leg_id) target.set_phone(leg.phone());
  }
  for (const domain::Fact& fact : record.facts) {
    if (domain::IsDialledByUs(fact) && fact.leg_id() == leg_id)
      target.set_agent_id(fact.agent_id());
  }
  return target;
}

v1::CallEvent EventOf(std::string_view type, std::string detail) {
  v1::CallEvent event;
  event.set_type(std::string(type));
  event.set_detail(std::move(detail));
  return event;
}

std::string_view TypeOf(v1::Transfer::Status status) {
  switch (status) {
    case v1::Transfer::RINGING:
      return "transfer.ringing";
    case v1::Transfer::CONSULTING:
      return "transfer.consulting";
    case v1::Transfer::COMPLETED:
      return "transfer.completed";
    case v1::Transfer::FAILED:
      return "transfer.failed";
    case v1::Transfer::CANCELLED:
      return "transfer.cancelled";
    default:
      return "transfer.requested";
  }
}

absl::Status NotOpen(const v1::Transfer& transfer) {
  base::ErrorDetail extra;
  extra.metadata["status"] = v1::Transfer::Status_Name(transfer.status());
  return base::MakeError(base::kTransferState, "The transfer is over", std::move(extra));
}

// The request may have arrived.
bool IsUncertain(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) || base::IsError(status, base::kSubmissionUnknown);
}

bool Has(const TransferStep& step, PartyAction action) {
  return std::find(step.actions.begin(), step.actions.end(), action) != step.actions.end();
}

std::string OpenLegOf(const store::Record& record) {
  const v1::StoredTransfer* open = store::OpenTransfer(record);
  return open == nullptr ? "" : open->leg_id();
}

CareStep CareOf(const store::Record& record) {
  return domain::CareFor(record.state, record.facts, OpenLegOf(record));
}

// Legs we rang that neither answered nor ended.
std::vector<const domain::Fact*> Unanswered(const store::Record& record) {
  std::vector<const domain::Fact*> found;
  for (const domain::Fact& fact : record.facts) {
    if (!domain::IsDialledByUs(fact)) continue;
    for (const v1::Leg& leg : record.session.legs()) {
      if (leg.id() == fact.leg_id() && leg.state() < v1::Leg::ANSWERED) found.push_back(&fact);
    }
  }
  return found;
}

}  // namespace

PartyKeeper::PartyKeeper(Core& core, Background background)
    : core_(core), background_(std::move(background)) {}

bool PartyKeeper::IsTooLong(const google::protobuf::Timestamp& since) const {
  return core_.clock.Now() >= domain::FromProto(since) + core_.settings.party_ring + kRingGrace;
}

bool PartyKeeper::Concerns(const store::Record& record) const {
  if (std::none_of(record.facts.begin(), record.facts.end(), domain::IsDialledByUs)) return false;
  return store::OpenTransfer(record) != nullptr || !Unanswered(record).empty() ||
         CareOf(record).care != domain::Care::kNone;
}

void PartyKeeper::News(const store::RecordPtr& record) {
  if (record == nullptr || !Concerns(*record) || !MarkBusy(record->id())) return;
  background_(SettleAlone(record));
}

bool PartyKeeper::MarkBusy(const std::string& id) {
  const base::MutexLock lock(mutex_);
  if (busy_.insert(id).second) return true;
  again_.insert(id);
  return false;
}

bool PartyKeeper::ReleaseOrAgain(const std::string& id) {
  const base::MutexLock lock(mutex_);
  if (again_.erase(id) > 0) return true;
  busy_.erase(id);
  return false;
}

Task<void> PartyKeeper::SettleAlone(store::RecordPtr record) {
  const std::string id = record->id();
  const base::TenantId tenant = record->tenant;
  do {
    const absl::Time deadline = core_.clock.Now() + absl::Seconds(30);
    Result newest = co_await core_.reader.Get(tenant, id, deadline);
    if (newest.ok()) {
      rpc::Context context = rpc::Context::ForService(tenant, deadline);
      newest = co_await Settle(std::move(context), *newest, Event::kNews, "");
    }
    if (!newest.ok() && !base::IsError(newest.status(), base::kTransferState)) {
      observability::Warn("a call's parties could not be settled yet",
                          {{"session", id}, {"error", newest.status()}});
    }
  } while (ReleaseOrAgain(id));
}

Task<absl::StatusOr<store::RecordPtr>> PartyKeeper::Look(store::RecordPtr record) {
  rpc::Context context =
      rpc::Context::ForService(record->tenant, core_.clock.Now() + absl::Seconds(30));
  CTC_CO_ASSIGN_OR_RETURN(record, co_await EndSilentLegs(context, record));
  const v1::StoredTransfer* open = store::OpenTransfer(*record);
  const bool late = open != nullptr && IsTooLong(open->transfer().requested_at());
  const Result settled =
      co_await Settle(context, record, late ? Event::kTooLong : Event::kNews, "");
  if (settled.ok() || !late || base::IsError(settled.status(), base::kTransferState)) {
    co_return settled;
  }
  // The target is there, but the provider does not hand over.
  const std::string why(settled.status().message());
  co_return co_await Settle(std::move(context), std::move(record), Event::kNotDialled, why);
}

// The provider never told what became of them.
Task<PartyKeeper::Result> PartyKeeper::EndSilentLegs(rpc::Context context,
                                                     store::RecordPtr record) {
  std::vector<std::string> late;
  for (const domain::Fact* fact : Unanswered(*record)) {
    const bool of_transfer = fact->party() == v1::Leg::CONSULT;  // its own rules say what follows
    if (!of_transfer && IsTooLong(fact->received_time())) late.push_back(fact->leg_id());
  }
  for (const std::string& leg : late) {
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Drop(context, record, leg, Kind::CALL_NO_ANSWER));
  }
  co_return record;
}

Task<PartyKeeper::Result> PartyKeeper::Settle(rpc::Context context, store::RecordPtr record,
                                              Event event, std::string error) {
  if (const v1::StoredTransfer* open = store::OpenTransfer(*record)) {
    const domain::PartyView view = domain::ViewOf(record->state, record->facts, open->leg_id());
    CTC_CO_ASSIGN_OR_RETURN(TransferStep step, domain::NextStep(open->transfer(), view, event));
    if (!error.empty()) step.error_message = std::move(error);
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Take(context, record, *open, std::move(step)));
  }
  co_return co_await Attend(std::move(context), std::move(record));
}

Task<PartyKeeper::Result> PartyKeeper::Take(rpc::Context context, store::RecordPtr record,
                                            v1::StoredTransfer open, TransferStep step) {
  if (Has(step, PartyAction::kHandOver)) {
    co_return co_await HandOver(std::move(context), std::move(record), std::move(open));
  }
  const std::string& id = open.transfer().id();
  bool written = step.status == open.transfer().status();
  std::string agent_leg;
  // What the provider does not do now is left: a target that stays is looked after by Attend, a
  // customer on hold by the agent.
  if (Has(step, PartyAction::kDropTarget)) {
    // Said first: the end of the target's leg is not to be taken for the reason.
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Write(record, id, step, agent_leg));
    written = true;
    const auto kind =
        step.status == v1::Transfer::FAILED ? Kind::CALL_NO_ANSWER : Kind::CALL_CANCELLED;
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Drop(context, record, open.leg_id(), kind));
  }
  if (Has(step, PartyAction::kDropAgent)) {
    CTC_CO_ASSIGN_OR_RETURN(record, co_await LetAgentGo(context, record));
  }
  if (Has(step, PartyAction::kResume)) {
    const std::string key = core_.ids.Token("control:", 8);
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Resume(context, record, key));
  }
  if (!written) {
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Write(record, id, step, agent_leg));
  }
  if (agent_leg.empty()) co_return record;
  co_return co_await RingAgent(std::move(context), std::move(record), std::move(agent_leg));
}

// `agent_leg` is the leg that the agent is to be rung again on: empty when somebody else wrote the
// step.
Task<PartyKeeper::Result> PartyKeeper::Write(store::RecordPtr record, std::string id,
                                             TransferStep step, std::string& agent_leg) {
  const absl::Time now = core_.clock.Now();
  const absl::Time next_look = NextLook();
  const domain::Fact again = OwnFact(core_, Kind::CALL_INITIATED, v1::SUBMISSION, "");
  const auto rung = std::make_shared<std::string>();
  Result result = co_await ApplyStep(
      core_, std::move(record),
      [=](const store::Record& newest) -> absl::StatusOr<store::PartyStep> {
        const v1::StoredTransfer* current = store::FindTransfer(newest, id);
        if (current == nullptr)
          return base::MakeError(base::kNotFound, "There is no such transfer");
        store::PartyStep out;
        rung->clear();
        if (current->transfer().status() == step.status) return out;
        if (!domain::IsOpen(current->transfer().status())) return NotOpen(current->transfer());
        out.transfer = *current;
        v1::Transfer& transfer = *out.transfer->mutable_transfer();
        transfer.set_status(step.status);
        if (!step.error_message.empty()) transfer.set_error_message(step.error_message);
        const bool over = !domain::IsOpen(step.status);
        if (over) *transfer.mutable_completed_at() = domain::ToProto(now);
        out.events.push_back(EventOf(TypeOf(step.status), step.error_message));
        out.watchdog_at = next_look;
        if (!Has(step, PartyAction::kRingAgent) || !domain::IsJoined(newest.state.status)) {
          return out;
        }
        // Our word before the agent is rung, by whoever writes the end of the transfer.
        domain::Fact dial = again;
        dial.set_party(v1::Leg::AGENT);
        dial.set_leg_id(domain::NextLegId(newest.facts, v1::Leg::AGENT));
        dial.set_event_key(domain::DialKey(dial.leg_id()));
        dial.set_phone(newest.session.agent_phone());
        dial.set_agent_id(newest.session.agent_id());
        *rung = dial.leg_id();
        out.facts.push_back(std::move(dial));
        return out;
      });
  agent_leg = *rung;
  co_return result;
}

Task<PartyKeeper::Result> PartyKeeper::RingAgent(rpc::Context context, store::RecordPtr record,
                                                 std::string leg_id) {
  const absl::Status rung =
      co_await Dial(context, record, leg_id, ControlCallRequest::MODE_UNSPECIFIED);
  if (!rung.ok()) {
    observability::Info("an agent could not be rung again",
                        {{"session", record->id()}, {"error", rung}});
  }
  co_return co_await core_.reader.Get(record->tenant, record->id(), core_.WriteDeadline());
}

Task<absl::Status> PartyKeeper::Dial(rpc::Context context, store::RecordPtr record,
                                     std::string leg_id, ControlCallRequest::Mode mode) {
  ControlCallRequest::Target target = TargetOf(*record, leg_id);
  target.set_mode(mode);
  target.set_ring_seconds(static_cast<int32_t>(absl::ToInt64Seconds(core_.settings.party_ring)));
  ControlCallRequest request =
      ControlRequest(*record, ControlCallRequest::DIAL_PARTY, std::move(target));
  const absl::StatusOr<dispatch::v1::ControlCallResponse> answer =
      co_await Control(core_, context, std::move(request));
  absl::Status refused = answer.status();
  if (answer.ok() && answer->call_is_gone()) {
    refused = NotLive(*record, "The provider says that the call has ended");
  }
  if (refused.ok() || IsUncertain(refused)) co_return absl::OkStatus();
  domain::Fact failed = LegFact(core_, Kind::CALL_FAILED, leg_id, "ours:" + leg_id + ":refused");
  failed.set_error_code(base::DetailOf(refused).code);
  failed.set_message(std::string(refused.message()));
  const Result told = co_await ApplyStep(core_, std::move(record), [=](const store::Record&) {
    store::PartyStep out;
    out.facts.push_back(failed);
    return absl::StatusOr<store::PartyStep>(std::move(out));
  });
  if (!told.ok()) co_return told.status();
  co_return refused;
}

Task<absl::StatusOr<store::RecordPtr>> PartyKeeper::Drop(rpc::Context context,
                                                         store::RecordPtr record,
                                                         std::string leg_id,
                                                         v1::CallFact::Kind kind) {
  ControlCallRequest request =
      ControlRequest(*record, ControlCallRequest::DROP_PARTY, TargetOf(*record, leg_id));
  const absl::StatusOr<dispatch::v1::ControlCallResponse> answer =
      co_await Control(core_, context, std::move(request));
  // A leg that cannot be reached for long is given up; one that may be there is asked for again.
  if (!answer.ok() && kind != Kind::CALL_NO_ANSWER) {
    observability::Warn("a party could not be taken out",
                        {{"session", record->id()}, {"error", answer.status()}});
    co_return record;
  }
  const domain::Fact ended = LegFact(core_, kind, leg_id, "ours:" + leg_id + ":ended");
  co_return co_await ApplyStep(core_, std::move(record), [=](const store::Record&) {
    store::PartyStep out;
    out.facts.push_back(ended);
    return absl::StatusOr<store::PartyStep>(std::move(out));
  });
}

Task<PartyKeeper::Result> PartyKeeper::Resume(rpc::Context context, store::RecordPtr record,
                                              std::string key) {
  ControlCallRequest request = ControlRequest(*record, ControlCallRequest::RESUME);
  const absl::StatusOr<dispatch::v1::ControlCallResponse> answer =
      co_await Control(core_, context, std::move(request));
  if (!answer.ok() || answer->call_is_gone()) {
    observability::Warn("a customer could not be taken off hold",
                        {{"session", record->id()}, {"error", answer.status()}});
    co_return record;
  }
  const domain::Fact resumed = OwnFact(core_, Kind::CALL_RESUMED, v1::SUBMISSION, std::move(key));
  co_return co_await ApplyStep(core_, std::move(record), [=](const store::Record&) {
    store::PartyStep out;
    out.facts.push_back(resumed);
    return absl::StatusOr<store::PartyStep>(std::move(out));
  });
}

// Our word first: the end of the agent's leg must never be taken for the end of the call.
Task<PartyKeeper::Result> PartyKeeper::LetAgentGo(rpc::Context context, store::RecordPtr record) {
  const std::string leg = domain::AgentLegOf(record->state);
  ControlCallRequest request =
      ControlRequest(*record, ControlCallRequest::DROP_PARTY, TargetOf(*record, leg));
  const domain::Fact leaves = LegFact(core_, Kind::CALL_TRANSFERRED, leg, domain::LeavesKey(leg));
  CTC_CO_ASSIGN_OR_RETURN(
      record,
      co_await ApplyStep(core_, record,
                         [=](const store::Record& newest) -> absl::StatusOr<store::PartyStep> {
                           store::PartyStep out;
                           if (domain::IsJoined(newest.state.status)) {
                             out.facts.push_back(leaves);
                           }
                           return out;
                         }));
  const absl::StatusOr<dispatch::v1::ControlCallResponse> answer =
      co_await Control(core_, context, std::move(request));
  if (!answer.ok()) {
    observability::Warn("an agent could not be let go",
                        {{"session", record->id()}, {"error", answer.status()}});
  }
  co_return record;
}

Task<PartyKeeper::Result> PartyKeeper::HandOver(rpc::Context context, store::RecordPtr record,
                                                v1::StoredTransfer open) {
  ControlCallRequest request =
      ControlRequest(*record, ControlCallRequest::HAND_OVER, TargetOf(*record, open.leg_id()));
  CTC_CO_ASSIGN_OR_RETURN(const dispatch::v1::ControlCallResponse answer,
                          co_await Control(core_, context, std::move(request)));
  if (answer.call_is_gone()) co_return NotLive(*record, "The call has ended");
  const absl::Time now = core_.clock.Now();
  const SuccessorIds ids{core_.ids.Uuid(), core_.ids.SessionId()};
  const absl::Time watch = now + core_.settings.watchdog.silence;
  domain::Fact over = OwnFact(core_, Kind::CALL_TRANSFERRED, v1::SUBMISSION, "ours:handed-over");
  over.set_reason(v1::HANDED_OVER);
  const std::string id = open.transfer().id();
  co_return co_await ApplyStep(
      core_, std::move(record),
      [=](const store::Record& newest) -> absl::StatusOr<store::PartyStep> {
        const v1::StoredTransfer* current = store::FindTransfer(newest, id);
        if (current == nullptr || !domain::IsOpen(current->transfer().status())) {
          return NotOpen(current == nullptr ? v1::Transfer() : current->transfer());
        }
        if (!domain::IsJoined(newest.state.status)) return NotLive(newest, "The call has ended");
        store::PartyStep out;
        const std::string agent = domain::AgentLegOf(newest.state);
        domain::Fact leaves = over;
        leaves.set_leg_id(agent);
        leaves.set_party(v1::Leg::AGENT);
        leaves.set_event_key(domain::LeavesKey(agent));
        leaves.clear_reason();
        out.successor =
            std::make_shared<const store::Record>(MakeSuccessor(newest, *current, ids, now, watch));
        out.facts = {leaves, over};
        out.transfer = *current;
        v1::Transfer& transfer = *out.transfer->mutable_transfer();
        transfer.set_status(v1::Transfer::COMPLETED);
        transfer.set_new_session_id(ids.id);
        *transfer.mutable_completed_at() = domain::ToProto(now);
        out.events = {EventOf("transfer.completed", ids.session_id),
                      EventOf("session.transferred", ids.session_id)};
        return out;
      });
}

Task<PartyKeeper::Result> PartyKeeper::Attend(rpc::Context context, store::RecordPtr record) {
  for (int i = 0; i < kMostCares; ++i) {
    const CareStep step = CareOf(*record);
    const int64_t version = record->session.version();
    switch (step.care) {
      case domain::Care::kNone:
        co_return record;
      case domain::Care::kResumeCustomer: {
        const std::string key = domain::ResumedKey(step.leg_id);
        CTC_CO_ASSIGN_OR_RETURN(record, co_await Resume(context, record, key));
        break;
      }
      case domain::Care::kDropTarget: {
        CTC_CO_ASSIGN_OR_RETURN(record,
                                co_await Drop(context, record, step.leg_id, Kind::CALL_ENDED));
        break;
      }
      case domain::Care::kHangUp: {
        CTC_CO_ASSIGN_OR_RETURN(record, co_await EndAll(context, record));
        break;
      }
    }
    // The provider did not obey: the watchdog comes back to it.
    if (record->session.version() == version) co_return record;
  }
  co_return record;
}

Task<PartyKeeper::Result> PartyKeeper::EndAll(rpc::Context context, store::RecordPtr record) {
  std::vector<std::string> legs;
  for (v1::Leg::Party party :
       {v1::Leg::CONSULT, v1::Leg::GUEST, v1::Leg::SUPERVISOR, v1::Leg::AGENT}) {
    for (std::string& leg : domain::OpenLegs(record->facts, party)) legs.push_back(std::move(leg));
  }
  for (const std::string& leg : legs) {
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Drop(context, record, leg, Kind::CALL_ENDED));
  }
  ControlCallRequest request = ControlRequest(*record, ControlCallRequest::HANG_UP);
  request.set_not_joined_yet(false);
  const absl::StatusOr<dispatch::v1::ControlCallResponse> answer =
      co_await Control(core_, context, std::move(request));
  if (!answer.ok()) {
    observability::Warn("a call with more than two parties could not be ended",
                        {{"session", record->id()}, {"error", answer.status()}});
    co_return record;
  }
  const domain::Fact ended = LegFact(core_, Kind::CALL_ENDED, "customer", "ours:hung-up");
  co_return co_await ApplyStep(core_, std::move(record), [=](const store::Record&) {
    store::PartyStep out;
    out.facts.push_back(ended);
    return absl::StatusOr<store::PartyStep>(std::move(out));
  });
}

}  // namespace ctc::session
