// What follows, and in which order; the orders themselves are in party_orders.cpp.
#include "services/session/service/party_keeper.h"

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/observability/log.h"
#include "services/session/domain/parties.h"
#include "services/session/service/provider_calls.h"
#include "services/session/store/care.h"

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

bool Has(const TransferStep& step, PartyAction action) {
  return std::find(step.actions.begin(), step.actions.end(), action) != step.actions.end();
}

// The word with which the target's phone was last rung; nullptr for one that is waited for.
const domain::Fact* DialOf(const store::Record& record, const std::string& leg_id) {
  const domain::Fact* last = nullptr;
  for (const domain::Fact& fact : record.facts) {
    if (domain::IsDialledByUs(fact) && fact.leg_id() == leg_id && !fact.phone().empty()) {
      last = &fact;
    }
  }
  return last;
}

}  // namespace

v1::CallEvent EventOf(std::string_view type, std::string detail) {
  v1::CallEvent event;
  event.set_type(std::string(type));
  event.set_detail(std::move(detail));
  return event;
}

absl::Status NotOpen(const v1::Transfer& transfer) {
  base::ErrorDetail extra;
  extra.metadata["status"] = v1::Transfer::Status_Name(transfer.status());
  return base::MakeError(base::kTransferState, "The transfer is over", std::move(extra));
}

PartyKeeper::PartyKeeper(Core& core, Background background)
    : core_(core), background_(std::move(background)) {}

bool PartyKeeper::IsTooLong(const google::protobuf::Timestamp& since, absl::Duration ring) const {
  return core_.clock.Now() >= base::FromProto(since) + ring + kRingGrace;
}

// How long the phone of a leg is let ring.
absl::Duration PartyKeeper::RingTimeOf(const store::Record& record,
                                       const std::string& leg_id) const {
  const v1::StoredTransfer* open = store::OpenTransfer(record);
  const bool of_queue = open != nullptr && open->leg_id() == leg_id && open->ring_seconds() > 0;
  return of_queue ? absl::Seconds(open->ring_seconds()) : core_.settings.party_ring;
}

bool PartyKeeper::IsLate(const store::Record& record) const {
  const v1::StoredTransfer* open = store::OpenTransfer(record);
  if (open == nullptr) return false;
  const domain::Fact* dial = DialOf(record, open->leg_id());
  if (dial == nullptr) return false;
  return IsTooLong(dial->received_time(), RingTimeOf(record, open->leg_id()));
}

void PartyKeeper::News(const store::RecordPtr& record) {
  if (record == nullptr || !store::NeedsCare(*record) || !MarkBusy(record->id())) return;
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
  const bool late = IsLate(*record);
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
  for (const domain::Fact* fact : store::Unanswered(*record)) {
    const bool of_transfer = fact->party() == v1::Leg::CONSULT;  // its own rules say what follows
    const bool too_long = IsTooLong(fact->received_time(), core_.settings.party_ring);
    if (!of_transfer && too_long) late.push_back(fact->leg_id());
  }
  for (const std::string& leg : late) {
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Drop(context, record, leg, Kind::CALL_NO_ANSWER));
  }
  co_return record;
}

Task<PartyKeeper::Result> PartyKeeper::Settle(rpc::Context context, store::RecordPtr record,
                                              Event event, std::string error) {
  if (const v1::StoredTransfer* open = store::OpenTransfer(*record)) {
    domain::PartyView view = domain::ViewOf(record->state, record->facts, open->leg_id());
    view.queue_goes_on = QueueGoesOn(*open, core_.clock.Now());
    view.target_waits = view.target_waits && open->transfer().has_to_queue_id();
    view.referred = open->referred() || open->by_refer();
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
        step.status == v1::Transfer::CANCELLED ? Kind::CALL_CANCELLED : Kind::CALL_NO_ANSWER;
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Drop(context, record, open.leg_id(), kind));
  }
  if (Has(step, PartyAction::kDropAgent)) {
    CTC_CO_ASSIGN_OR_RETURN(record, co_await LetAgentGo(context, record, id));
  }
  if (Has(step, PartyAction::kResume)) {
    const std::string key = core_.ids.Token("control:", 8);
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Resume(context, record, key));
  }
  if (Has(step, PartyAction::kRingNext)) {
    co_return co_await RingNext(std::move(context), std::move(record), std::move(open));
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
        if (over) *transfer.mutable_completed_at() = base::ToProto(now);
        const bool waits = newest.state.status == v1::Session::ON_HOLD;
        if (over) out.transfer->set_owes_resume(waits && Has(step, PartyAction::kResume));
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

Task<PartyKeeper::Result> PartyKeeper::Attend(rpc::Context context, store::RecordPtr record) {
  for (int i = 0; i < kMostCares; ++i) {
    const CareStep step = store::CareAt(*record, core_.clock.Now());
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

}  // namespace ctc::session
