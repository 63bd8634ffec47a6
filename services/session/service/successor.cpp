// What goes with a call to its next agent.
#include "services/session/service/successor.h"

#include "libs/base/proto_time.h"
#include "services/session/domain/handover.h"
#include "services/session/store/session_list.h"

namespace ctc::session {
namespace {

void SetParties(const v1::StoredTransfer& stored, v1::Session& s) {
  s.clear_agent_id();
  if (stored.transfer().has_to_agent_id()) s.set_agent_id(stored.transfer().to_agent_id());
  s.set_agent_phone(stored.phone());
}

}  // namespace

store::Record MakeSuccessor(const store::Record& old, const v1::StoredTransfer& transfer,
                            const SuccessorIds& ids, absl::Time at, absl::Time watchdog_at) {
  store::Record record;
  record.tenant = old.tenant;
  v1::Session& s = record.session;
  s = old.session;
  s.set_id(ids.id);
  s.set_session_id(ids.session_id);
  s.set_parent_session_id(old.id());
  s.set_submission(v1::Session::ACCEPTED);
  s.clear_legs();
  s.clear_wrap_up();
  *s.mutable_created_at() = base::ToProto(store::TimeOfId(ids.id));
  SetParties(transfer, s);
  record.start = store::StartOf(s);
  record.facts = domain::FirstFacts(old.state, old.facts, {at, transfer.leg_id()});
  record.route = old.route;
  record.agent_label = transfer.leg_id();
  record.record_requested = old.record_requested;
  record.watchdog_at = watchdog_at;
  return record;
}

}  // namespace ctc::session
