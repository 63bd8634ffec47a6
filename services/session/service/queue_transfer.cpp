// A handover to a queue: while nobody took the call and its time is not over, the queue's agents
// are rung one after another. With nobody free, a leg without a phone stands for the queue: it
// keeps the call together, and becomes the next agent's.
#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/session/domain/parties.h"
#include "services/session/service/party_keeper.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;

// As many agents at once as a queue is asked for before the watchdog comes back to it.
constexpr int kMostAtOnce = 8;
// As many are remembered; who comes after them counts as one who did not take the call.
constexpr int kMostOffered = 50;
// Who just did not take the call is not rung again without a pause.
constexpr absl::Duration kPause = absl::Seconds(10);

const v1::Leg* FindLeg(const store::Record& record, const std::string& leg_id) {
  for (const v1::Leg& leg : record.session.legs()) {
    if (leg.id() == leg_id) return &leg;
  }
  return nullptr;
}

// The leg stands for the queue.
bool Waits(const store::Record& record, const std::string& leg_id) {
  const v1::Leg* leg = FindLeg(record, leg_id);
  return leg != nullptr && leg->state() == v1::Leg::DIALLING && leg->phone().empty();
}

bool WaitsLong(const store::Record& record, const std::string& leg_id, absl::Time now) {
  return Waits(record, leg_id) &&
         std::any_of(record.facts.begin(), record.facts.end(), [&](const domain::Fact& fact) {
           return fact.event_key() == domain::DialKey(leg_id) &&
                  now >= base::FromProto(fact.received_time()) + kPause;
         });
}

// May somebody be rung in place of the target? Others may have seen to it meanwhile.
bool NeedsNext(const store::Record& newest, const v1::StoredTransfer& seen) {
  const v1::StoredTransfer* current = store::FindTransfer(newest, seen.transfer().id());
  if (current == nullptr || !domain::IsOpen(current->transfer().status())) return false;
  if (current->leg_id() != seen.leg_id() || !domain::IsJoined(newest.state.status)) return false;
  const v1::Leg* leg = FindLeg(newest, seen.leg_id());
  return leg == nullptr || leg->state() == v1::Leg::ENDED || Waits(newest, seen.leg_id());
}

void Offer(const Callee& callee, v1::StoredTransfer& stored) {
  stored.set_phone(callee.phone);
  stored.mutable_transfer()->set_to_agent_id(callee.agent_id);
  auto& offered = *stored.mutable_offered_agents();
  const bool known = std::find(offered.begin(), offered.end(), callee.agent_id) != offered.end();
  if (!known && offered.size() < kMostOffered) *offered.Add() = callee.agent_id;
}

}  // namespace

bool QueueGoesOn(const v1::StoredTransfer& transfer, absl::Time now) {
  if (!transfer.transfer().has_to_queue_id()) return false;
  return transfer.queue_until_ms() == 0 || absl::ToUnixMillis(now) < transfer.queue_until_ms();
}

std::string NextTarget(const store::Record& record) {
  domain::Facts facts = record.facts;
  domain::Fact label;
  label.set_leg_id(record.agent_label);
  facts.push_back(std::move(label));
  return domain::NextLegId(facts, v1::Leg::CONSULT);
}

Task<PartyKeeper::Result> PartyKeeper::RingNext(rpc::Context context, store::RecordPtr record,
                                                v1::StoredTransfer open) {
  const std::string id = open.transfer().id();
  for (int i = 0; i < kMostAtOnce; ++i) {
    const v1::StoredTransfer* current = store::FindTransfer(*record, id);
    if (current == nullptr || !NeedsNext(*record, *current)) co_return record;
    open = *current;
    QueueSearch search;
    search.queue_id = open.transfer().to_queue_id();
    search.but = record->session.agent_id();
    search.missed.assign(open.offered_agents().begin(), open.offered_agents().end());
    search.all_missed = open.offered_agents_size() >= kMostOffered;
    search.ask_again = WaitsLong(*record, open.leg_id(), core_.clock.Now());
    const absl::StatusOr<Callee> found = co_await FindAgentOfQueue(core_, context, search);
    const bool nobody = base::IsError(found.status(), base::kNoAgentAvailable) ||
                        base::IsError(found.status(), base::kValidationFailed);
    if (!found.ok() && !nobody) co_return found.status();
    if (nobody && Waits(*record, open.leg_id())) co_return record;
    const Callee callee = found.ok() ? *found : Callee();
    std::string rung;
    CTC_CO_ASSIGN_OR_RETURN(record, co_await WriteNext(record, open, callee, rung));
    if (rung.empty()) co_return record;
    const absl::Status dialled =
        co_await Dial(context, record, rung, ControlCallRequest::MODE_UNSPECIFIED);
    CTC_CO_ASSIGN_OR_RETURN(
        record, co_await core_.reader.Get(record->tenant, record->id(), core_.WriteDeadline()));
    if (dialled.ok()) {
      co_return co_await Settle(std::move(context), std::move(record), Event::kDialled, "");
    }
  }
  co_return record;
}

// `rung` is the leg to be rung: empty without an agent, and when somebody else saw to it.
Task<PartyKeeper::Result> PartyKeeper::WriteNext(store::RecordPtr record, v1::StoredTransfer open,
                                                 Callee callee, std::string& rung) {
  const absl::Time next_look = NextLook();
  const domain::Fact dial = DialFact(core_, "consult-1", callee);
  const auto leg = std::make_shared<std::string>();
  Result result = co_await ApplyStep(
      core_, std::move(record),
      [=](const store::Record& newest) -> absl::StatusOr<store::PartyStep> {
        store::PartyStep out;
        leg->clear();
        if (!NeedsNext(newest, open)) return out;
        const bool waits = Waits(newest, open.leg_id());
        out.transfer = *store::FindTransfer(newest, open.transfer().id());
        if (!waits) out.transfer->set_leg_id(NextTarget(newest));
        domain::Fact fact = dial;
        fact.set_leg_id(out.transfer->leg_id());
        fact.set_event_key(waits ? domain::OfferedKey(fact.leg_id())
                                 : domain::DialKey(fact.leg_id()));
        out.facts.push_back(std::move(fact));
        if (!callee.phone.empty()) {
          Offer(callee, *out.transfer);
          *leg = out.transfer->leg_id();
        }
        out.events.push_back(callee.phone.empty()
                                 ? EventOf("transfer.waiting", "No agent of the queue is free")
                                 : EventOf("transfer.next_agent", callee.agent_id));
        out.watchdog_at = next_look;
        return out;
      });
  rung = *leg;
  co_return result;
}

}  // namespace ctc::session
