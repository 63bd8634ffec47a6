// A handover is checked, written down, then the customer is put on hold and the target rung.
#include "services/session/service/transfers.h"

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/session/domain/parties.h"
#include "services/session/service/click.h"
#include "services/session/service/provider_calls.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;
using domain::TransferEvent;
using T = v1::Transfer;

absl::Status CheckRequest(const v1::TransferCallRequest& request, const v1::Session& session) {
  const int targets = (request.to_agent_id().empty() ? 0 : 1) +
                      (request.to_phone().empty() ? 0 : 1) +
                      (request.to_queue_id().empty() ? 0 : 1);
  if (targets != 1) {
    return base::InvalidField("to_agent_id", "give one of to_agent_id, to_phone and to_queue_id");
  }
  if (!T::Type_IsValid(request.transfer_type())) {
    return base::InvalidField("transfer_type", "must be BLIND, ATTENDED, WARM or COLD");
  }
  CTC_RETURN_IF_ERROR(CheckText("reason", request.reason(), 255));
  CTC_RETURN_IF_ERROR(CheckText("to_agent_id", request.to_agent_id(), 128));
  if (!request.to_queue_id().empty() && !base::IsUuid(request.to_queue_id())) {
    return base::InvalidField("to_queue_id", "must be a UUID");
  }
  if (!request.to_agent_id().empty() && request.to_agent_id() == session.agent_id()) {
    return base::InvalidField("to_agent_id", "has this call already");
  }
  return absl::OkStatus();
}

absl::Status AlreadyOpen(const v1::StoredTransfer& open) {
  base::ErrorDetail extra;
  extra.metadata["transfer_id"] = open.transfer().id();
  return base::MakeError(base::kTransferOpen, "The call is being handed over already",
                         std::move(extra));
}

absl::Status CheckState(const store::Record& record) {
  if (const v1::StoredTransfer* open = store::OpenTransfer(record)) return AlreadyOpen(*open);
  if (domain::IsJoined(record.state.status)) return absl::OkStatus();
  return NotLive(record, "Only a connected call can be handed over");
}

const v1::StoredTransfer* FindByKey(const store::Record& record, const std::string& key) {
  if (key.empty()) return nullptr;
  for (const v1::StoredTransfer& t : record.transfers) {
    if (t.idempotency_key() == key) return &t;
  }
  return nullptr;
}

// Who is meant, for the timeline; no number.
std::string Describe(const T& transfer) {
  const std::string type = T::Type_Name(transfer.transfer_type());
  if (transfer.has_to_queue_id()) return type + " to queue " + transfer.to_queue_id();
  if (transfer.has_to_agent_id()) return type + " to agent " + transfer.to_agent_id();
  return type + " to a number";
}

}  // namespace

Task<absl::StatusOr<v1::Transfer>> Transfers::Begin(rpc::Context context,
                                                    const v1::TransferCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record,
                          co_await GetVisible(core_, context, request.id()));
  if (const auto* first = FindByKey(*record, context.idempotency_key)) co_return first->transfer();
  CTC_CO_RETURN_IF_ERROR(CheckRequest(request, record->session));
  CTC_CO_RETURN_IF_ERROR(CheckState(*record));
  CTC_CO_ASSIGN_OR_RETURN(v1::StoredTransfer wanted, co_await MakePlan(context, record, request));
  co_return co_await Carry(std::move(context), std::move(record), std::move(wanted));
}

Task<absl::StatusOr<v1::Transfer>> Transfers::Carry(rpc::Context context, store::RecordPtr record,
                                                    v1::StoredTransfer wanted) {
  const std::string id = wanted.transfer().id();
  CTC_CO_ASSIGN_OR_RETURN(record, co_await WriteRequest(record, std::move(wanted)));
  const absl::Status held = co_await HoldFirst(context, record);
  absl::Status dialled = held;
  if (held.ok()) dialled = co_await DialTarget(context, record, id);
  // What came meanwhile counts, as a target that answered at once.
  CTC_CO_ASSIGN_OR_RETURN(
      record, co_await core_.reader.Get(record->tenant, record->id(), core_.WriteDeadline()));
  const TransferEvent event = !held.ok()      ? TransferEvent::kNotHeld
                              : !dialled.ok() ? TransferEvent::kNotDialled
                                              : TransferEvent::kDialled;
  const auto settled =
      co_await keeper_.Settle(context, record, event, std::string(dialled.message()));
  CTC_CO_ASSIGN_OR_RETURN(T newest, co_await Newest(record->tenant, record->id(), id));
  // A queue has more agents than the one that could not be rung.
  if (!dialled.ok() && !domain::IsOpen(newest.status())) co_return dialled;
  // The target is being rung: what could not be done at once is done by the watchdog.
  if (!settled.ok()) keeper_.News(record);
  co_return newest;
}

Task<absl::StatusOr<v1::StoredTransfer>> Transfers::MakePlan(
    rpc::Context context, store::RecordPtr record, const v1::TransferCallRequest& request) {
  CTC_CO_RETURN_IF_ERROR(co_await CheckDepth(record));
  CTC_CO_RETURN_IF_ERROR(co_await RequireCapability(core_, context, record, "transfer"));
  // Where the three cannot talk, the target would wait in silence.
  if (request.transfer_type() == T::WARM) {
    CTC_CO_RETURN_IF_ERROR(co_await RequireCapability(core_, context, record, "warm_transfer"));
  }
  v1::StoredTransfer queue;
  CTC_CO_ASSIGN_OR_RETURN(const Callee callee,
                          co_await FindTarget(context, record, request, queue));
  const bool given = request.transfer_type() != T::TYPE_UNSPECIFIED;
  v1::StoredTransfer stored = PlanFor(*record, callee, given ? request.transfer_type() : T::BLIND);
  stored.MergeFrom(queue);
  stored.set_idempotency_key(context.idempotency_key);
  if (!request.to_queue_id().empty()) {
    stored.mutable_transfer()->set_to_queue_id(request.to_queue_id());
  }
  stored.mutable_transfer()->set_reason(request.reason());
  const bool unannounced = domain::IsUnannounced(stored.transfer().transfer_type());
  if (unannounced && !request.to_phone().empty()) {
    const absl::Status refers = co_await RequireCapability(core_, context, record, "refer");
    if (!refers.ok() && !base::IsError(refers, base::kCapabilityMissing)) co_return refers;
    stored.set_by_refer(refers.ok());
  }
  co_return stored;
}

v1::StoredTransfer Transfers::PlanFor(const store::Record& record, const Callee& callee,
                                      T::Type type) {
  v1::StoredTransfer stored;
  stored.set_phone(callee.phone);
  T& transfer = *stored.mutable_transfer();
  transfer.set_id(core_.ids.Uuid());
  transfer.set_session_id(record.id());
  transfer.set_transfer_type(type);
  transfer.set_status(T::REQUESTED);
  if (record.session.has_agent_id()) transfer.set_from_agent_id(record.session.agent_id());
  if (!callee.agent_id.empty()) {
    transfer.set_to_agent_id(callee.agent_id);
  } else {
    transfer.set_to_phone(callee.phone);
  }
  *transfer.mutable_requested_at() = base::ToProto(core_.clock.Now());
  return stored;
}

Task<absl::StatusOr<v1::Transfer>> Transfers::Refer(rpc::Context context,
                                                    const v1::ReferCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(
      store::RecordPtr record,
      co_await core_.reader.Get(context.tenant, request.id(), core_.WriteDeadline()));
  if (const auto* first = FindByKey(*record, request.key())) co_return first->transfer();
  while (const v1::StoredTransfer* over = store::HandedOver(*record)) {
    CTC_CO_ASSIGN_OR_RETURN(
        record, co_await core_.reader.Get(record->tenant, over->transfer().new_session_id(),
                                          core_.WriteDeadline()));
    if (const auto* first = FindByKey(*record, request.key())) co_return first->transfer();
  }
  CTC_CO_RETURN_IF_ERROR(CheckState(*record));
  CTC_CO_RETURN_IF_ERROR(co_await CheckDepth(record));
  CTC_CO_ASSIGN_OR_RETURN(const Callee callee,
                          co_await FindPhone(core_, context, record, request.phone()));
  if (!callee.agent_id.empty() && callee.agent_id == record->session.agent_id()) {
    co_return base::InvalidField("phone", "has this call already");
  }
  v1::StoredTransfer wanted = PlanFor(*record, callee, request.attended() ? T::ATTENDED : T::BLIND);
  wanted.set_idempotency_key(request.key());
  wanted.set_referred(true);
  co_return co_await Carry(std::move(context), std::move(record), std::move(wanted));
}

Task<absl::StatusOr<Callee>> Transfers::FindTarget(rpc::Context context, store::RecordPtr record,
                                                   const v1::TransferCallRequest& request,
                                                   v1::StoredTransfer& stored) {
  if (!request.to_agent_id().empty()) {
    co_return co_await FindAgent(core_, context, request.to_agent_id(), "to_agent_id");
  }
  if (!request.to_queue_id().empty()) {
    CTC_CO_ASSIGN_OR_RETURN(const routing::v1::Queue queue,
                            co_await FindQueue(core_, context, request.to_queue_id()));
    stored.set_ring_seconds(queue.ring_seconds());
    if (queue.max_wait_seconds() > 0) {
      stored.set_queue_until_ms(
          absl::ToUnixMillis(core_.clock.Now() + absl::Seconds(queue.max_wait_seconds())));
    }
    QueueSearch search;
    search.queue_id = request.to_queue_id();
    search.but = record->session.agent_id();
    CTC_CO_ASSIGN_OR_RETURN(Callee callee, co_await FindAgentOfQueue(core_, context, search));
    stored.add_offered_agents(callee.agent_id);
    co_return callee;
  }
  CTC_CO_ASSIGN_OR_RETURN(
      Callee callee, co_await FindNumber(core_, context, record, request.to_phone(), "to_phone"));
  const v1::Session& session = record->session;
  if (callee.phone == session.agent_phone() || callee.phone == session.to_phone() ||
      callee.phone == session.from_phone()) {
    co_return base::InvalidField("to_phone", "is in this call already");
  }
  co_return callee;
}

// The handovers that led to this session, by its parents.
Task<absl::Status> Transfers::CheckDepth(store::RecordPtr record) {
  int handovers = 0;
  while (record->session.has_parent_session_id()) {
    if (++handovers >= domain::kMostHandovers) {
      co_return base::MakeError(base::kTransferLimit,
                                "The conversation was handed over five times already");
    }
    CTC_CO_ASSIGN_OR_RETURN(
        record, co_await core_.reader.Get(record->tenant, record->session.parent_session_id(),
                                          core_.WriteDeadline()));
  }
  co_return absl::OkStatus();
}

// Our word, before anything is asked of the provider.
Task<absl::StatusOr<store::RecordPtr>> Transfers::WriteRequest(store::RecordPtr record,
                                                               v1::StoredTransfer wanted) {
  Callee callee;
  callee.phone = wanted.phone();
  callee.agent_id = wanted.transfer().to_agent_id();
  const domain::Fact dial = DialFact(core_, "consult-1", callee);
  const absl::Time next_look = keeper_.NextLook();
  co_return co_await ApplyStep(
      core_, std::move(record),
      [=](const store::Record& newest) -> absl::StatusOr<store::PartyStep> {
        CTC_RETURN_IF_ERROR(CheckState(newest));
        store::PartyStep out;
        out.transfer = wanted;
        out.transfer->set_leg_id(NextTarget(newest));
        domain::Fact fact = dial;
        fact.set_leg_id(out.transfer->leg_id());
        fact.set_event_key(domain::DialKey(fact.leg_id()));
        out.facts.push_back(std::move(fact));
        v1::CallEvent& event = out.events.emplace_back();
        event.set_type("transfer.requested");
        event.set_detail(Describe(wanted.transfer()));
        out.watchdog_at = next_look;
        return out;
      });
}

Task<absl::Status> Transfers::HoldFirst(rpc::Context context, store::RecordPtr record) {
  if (record->state.status == v1::Session::ON_HOLD) co_return absl::OkStatus();
  co_return co_await Hold(std::move(context), std::move(record));
}

Task<absl::Status> Transfers::DialTarget(rpc::Context context, store::RecordPtr record,
                                         std::string transfer) {
  const v1::StoredTransfer* stored = store::FindTransfer(*record, transfer);
  if (stored == nullptr) co_return absl::InternalError("a transfer just written is missing");
  co_return co_await keeper_.Dial(context, record, stored->leg_id(),
                                  ControlCallRequest::MODE_UNSPECIFIED);
}

Task<absl::Status> Transfers::Hold(rpc::Context context, store::RecordPtr record) {
  ControlCallRequest request = ControlRequest(*record, ControlCallRequest::HOLD);
  CTC_CO_ASSIGN_OR_RETURN(const dispatch::v1::ControlCallResponse answer,
                          co_await Control(core_, context, std::move(request)));
  if (answer.call_is_gone()) {
    co_return NotLive(*record, "The provider says that the call has ended");
  }
  const domain::Fact held =
      OwnFact(core_, v1::CallFact::CALL_HELD, v1::SUBMISSION, core_.ids.Token("control:", 8));
  const auto told = co_await ApplyStep(core_, std::move(record), [=](const store::Record&) {
    store::PartyStep out;
    out.facts.push_back(held);
    return absl::StatusOr<store::PartyStep>(std::move(out));
  });
  co_return told.status();
}

Task<absl::StatusOr<v1::Transfer>> Transfers::Newest(base::TenantId tenant, std::string session,
                                                     std::string transfer) {
  CTC_CO_ASSIGN_OR_RETURN(
      const store::RecordPtr record,
      co_await core_.reader.Get(std::move(tenant), session, core_.WriteDeadline()));
  const v1::StoredTransfer* stored = store::FindTransfer(*record, transfer);
  if (stored == nullptr) co_return base::MakeError(base::kNotFound, "There is no such transfer");
  co_return stored->transfer();
}

Task<absl::StatusOr<v1::Transfer>> Transfers::Complete(rpc::Context context, std::string session,
                                                       std::string transfer) {
  co_return co_await Decide(std::move(context), std::move(session), std::move(transfer),
                            TransferEvent::kComplete, T::COMPLETED);
}

Task<absl::StatusOr<v1::Transfer>> Transfers::Cancel(rpc::Context context, std::string session,
                                                     std::string transfer) {
  co_return co_await Decide(std::move(context), std::move(session), std::move(transfer),
                            TransferEvent::kCancel, T::CANCELLED);
}

Task<absl::StatusOr<v1::Transfer>> Transfers::Decide(rpc::Context context, std::string session,
                                                     std::string transfer, TransferEvent event,
                                                     T::Status wanted) {
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr record, co_await GetVisible(core_, context, session));
  const v1::StoredTransfer* stored = store::FindTransfer(*record, transfer);
  if (stored == nullptr) co_return base::MakeError(base::kNotFound, "There is no such transfer");
  if (domain::IsOpen(stored->transfer().status())) {
    const auto settled = co_await keeper_.Settle(context, record, event, "");
    if (!settled.ok() && !base::IsError(settled.status(), base::kTransferState)) {
      keeper_.News(record);  // what made it fail may have ended the call
      co_return settled.status();
    }
    if (!settled.ok() && event == TransferEvent::kComplete) {
      // Too early, unless somebody else completed it just now.
      CTC_CO_ASSIGN_OR_RETURN(const T newest,
                              co_await Newest(record->tenant, record->id(), transfer));
      if (newest.status() == wanted) co_return newest;
      co_return settled.status();
    }
  }
  CTC_CO_ASSIGN_OR_RETURN(const T newest, co_await Newest(record->tenant, record->id(), transfer));
  if (newest.status() == wanted) co_return newest;
  base::ErrorDetail extra;
  extra.metadata["status"] = T::Status_Name(newest.status());
  co_return base::MakeError(base::kTransferState, "The transfer is over", std::move(extra));
}

}  // namespace ctc::session
