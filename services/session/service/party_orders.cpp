// The orders of a party keeper: each is asked of the provider, then the session tells it; our word
// comes before dialling, and before the agent is let go.
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/observability/log.h"
#include "services/session/domain/parties.h"
#include "services/session/domain/transfer.h"
#include "services/session/service/party_keeper.h"
#include "services/session/service/provider_calls.h"
#include "services/session/service/successor.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;
using Kind = v1::CallFact;

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

bool IsStillRung(const store::Record& record, const v1::StoredTransfer& transfer) {
  return domain::IsOpen(transfer.transfer().status()) &&
         domain::ViewOf(record.state, record.facts, transfer.leg_id()).target != v1::Leg::ENDED;
}

// The request may have arrived.
bool IsUncertain(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) || base::IsError(status, base::kSubmissionUnknown);
}

}  // namespace

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
  const v1::StoredTransfer* open = store::OpenTransfer(*record);
  target.set_by_refer(open != nullptr && open->leg_id() == leg_id && open->by_refer());
  target.set_ring_seconds(static_cast<int32_t>(absl::ToInt64Seconds(RingTimeOf(*record, leg_id))));
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
  if (!told.ok()) {
    co_return AfterOrder(told.status(),
                         "The provider refused to dial, but that could not be written down");
  }
  co_return refused;
}

Task<absl::StatusOr<store::RecordPtr>> PartyKeeper::Drop(rpc::Context context,
                                                         store::RecordPtr record,
                                                         std::string leg_id,
                                                         v1::CallFact::Kind kind) {
  ControlCallRequest request =
      ControlRequest(*record, ControlCallRequest::DROP_PARTY, TargetOf(*record, leg_id));
  absl::StatusOr<dispatch::v1::ControlCallResponse> answer = dispatch::v1::ControlCallResponse();
  // A leg that stands for a queue is known to nobody but us.
  const bool rung =
      request.target().party() != v1::Leg::CONSULT || !request.target().phone().empty();
  if (rung) answer = co_await Control(core_, context, std::move(request));
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

// Our word first: the end of the agent's leg must never be taken for the end of the call. An agent
// whose target has hung up meanwhile stays: nobody else would be left with the customer.
Task<PartyKeeper::Result> PartyKeeper::LetAgentGo(rpc::Context context, store::RecordPtr record,
                                                  std::string id) {
  const std::string leg = domain::AgentLegOf(record->state);
  ControlCallRequest request =
      ControlRequest(*record, ControlCallRequest::DROP_PARTY, TargetOf(*record, leg));
  const domain::Fact leaves = LegFact(core_, Kind::CALL_TRANSFERRED, leg, domain::LeavesKey(leg));
  const auto stays = std::make_shared<bool>();
  CTC_CO_ASSIGN_OR_RETURN(
      record,
      co_await ApplyStep(core_, record,
                         [=](const store::Record& newest) -> absl::StatusOr<store::PartyStep> {
                           const v1::StoredTransfer* current = store::FindTransfer(newest, id);
                           *stays = current == nullptr || !IsStillRung(newest, *current);
                           store::PartyStep out;
                           if (!*stays && domain::IsJoined(newest.state.status)) {
                             out.facts.push_back(leaves);
                           }
                           return out;
                         }));
  if (*stays) co_return record;
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
        *transfer.mutable_completed_at() = base::ToProto(now);
        out.events = {EventOf("transfer.completed", ids.session_id),
                      EventOf("session.transferred", ids.session_id)};
        return out;
      });
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
