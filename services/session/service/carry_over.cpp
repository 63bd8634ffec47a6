// Follows the handovers of a conversation, fact by fact.
#include "services/session/service/carry_over.h"

#include "libs/base/proto_time.h"
#include "services/session/domain/handover.h"

namespace ctc::session {

Task<absl::StatusOr<store::RecordPtr>> CarryOver(Core& core, store::RecordPtr record,
                                                 domain::Fact& fact) {
  fact = domain::NamedByLabel(std::move(fact), record->agent_label);
  while (const v1::StoredTransfer* over = store::HandedOver(*record)) {
    const domain::Handover handover{base::FromProto(over->transfer().completed_at()),
                                    over->leg_id()};
    std::optional<domain::Fact> carried = domain::CarriedOver(record->facts, handover, fact);
    if (!carried) co_return record;
    fact = *std::move(carried);
    CTC_CO_ASSIGN_OR_RETURN(
        record, co_await core.reader.Get(record->tenant, over->transfer().new_session_id(),
                                         core.WriteDeadline()));
  }
  co_return record;
}

Task<absl::StatusOr<std::vector<store::RecordPtr>>> AlsoConcerned(Core& core,
                                                                  store::RecordPtr record,
                                                                  domain::Fact fact) {
  std::vector<store::RecordPtr> concerned;
  while (const v1::StoredTransfer* over = store::HandedOver(*record)) {
    const domain::Handover handover{base::FromProto(over->transfer().completed_at()),
                                    over->leg_id()};
    if (!domain::CarriedOver(record->facts, handover, fact)) break;
    if (domain::EndsRecordingOf(record->state, record->facts, fact)) concerned.push_back(record);
    CTC_CO_ASSIGN_OR_RETURN(
        record, co_await core.reader.Get(record->tenant, over->transfer().new_session_id(),
                                         core.WriteDeadline()));
  }
  co_return concerned;
}

Task<absl::StatusOr<store::RecordPtr>> FirstOf(Core& core, store::RecordPtr record) {
  const v1::Session& session = record->session;
  if (session.conversation_id().empty() || session.conversation_id() == session.id()) {
    co_return record;
  }
  co_return co_await core.reader.Get(record->tenant, session.conversation_id(),
                                     core.WriteDeadline());
}

}  // namespace ctc::session
