#include "libs/base/error_catalogue.h"
#include "services/routing/service/agent_day.h"
#include "services/routing/service/floor_reader.h"
#include "services/routing/service/ivr_service.h"
#include "services/routing/store/queue_entry_store.h"
#include "services/routing/store/queue_store.h"

namespace ctc::routing {
namespace {

// One step asks for at most a few queues; another caller may take an agent a few times meanwhile.
constexpr int kMaxTries = 20;
constexpr char kOfferKey[] = "uq_queue_offer";

// One caller's step, decided and written down in one transaction.
class Deciding {
 public:
  Deciding(Directory& directory, const base::TenantId& tenant, base::IdGenerator& ids,
           const Book& book, const std::vector<v1::Agent>& agents, const FlowCall& call,
           const v1::NextFlowStepRequest& request)
      : directory_(directory),
        tenant_(tenant),
        ids_(ids),
        book_(book),
        agents_(agents),
        call_(call),
        request_(request) {}

  absl::Status Run(db::Connection& c) {
    floor_ = Floor();
    bool read = false;
    for (int i = 0; i < kMaxTries; ++i) {
      outcome_ =
          Advance(book_, read ? &floor_ : nullptr, call_, request_.state(), request_.input());
      if (outcome_.need) {
        CTC_RETURN_IF_ERROR(Read(c, outcome_.need->queue_id));
        read = true;
        continue;
      }
      const absl::Status written = Write(c);
      if (!absl::IsAlreadyExists(written)) return written;
      if (db::DuplicateKeyOf(written) != kOfferKey) break;
      // Another caller was faster: as if the agent had been reserved before we looked.
      floor_.agents[outcome_.state.current().dial().agent_id()].reserved = true;
    }
    return base::MakeError(base::kConflict, "the agents were taken by others; ask again");
  }

  FlowOutcome& outcome() { return outcome_; }

 private:
  // The queue is locked before its callers are read, so that they choose one after another.
  absl::Status Read(db::Connection& c, const std::string& queue_id) {
    if (!queue_id.empty()) {
      CTC_ASSIGN_OR_RETURN(floor_.last_offered[queue_id],
                           QueueStore(tenant_).LastOffered(c, queue_id, true));
    }
    return ReadFloor(c, directory_, tenant_, agents_, call_.session_id, call_.now, floor_);
  }

  absl::Status Write(db::Connection& c) {
    if (!outcome_.missed_by.empty()) {
      CTC_RETURN_IF_ERROR(AgentDay(tenant_, ids_).Miss(c, outcome_.missed_by, call_.now));
    }
    const QueueEntryStore store(tenant_);
    const std::optional<QueueEntry> entry = EntryOf(outcome_.state);
    if (!entry) return store.Remove(c, call_.session_id);
    StoredEntry row;
    row.session_id = call_.session_id;
    row.queue_id = entry->queue_id;
    row.entered_at =
        entry->entered_at_ms > 0 ? absl::FromUnixMillis(entry->entered_at_ms) : call_.now;
    row.offered_agent_id = entry->offered_agent_id;
    row.offer_expires_at = call_.now + absl::Seconds(entry->offer_seconds);
    CTC_RETURN_IF_ERROR(store.Put(c, row, call_.now));
    if (entry->queue_id != request_.state().queue_id()) {
      CTC_RETURN_IF_ERROR(store.Sweep(c, call_.now));
    }
    if (entry->queue_id.empty() || entry->offered_agent_id.empty()) return absl::OkStatus();
    return QueueStore(tenant_).SetLastOffered(c, entry->queue_id, entry->offered_agent_id);
  }

  Directory& directory_;
  const base::TenantId& tenant_;
  base::IdGenerator& ids_;
  const Book& book_;
  const std::vector<v1::Agent>& agents_;
  const FlowCall& call_;
  const v1::NextFlowStepRequest& request_;
  Floor floor_;
  FlowOutcome outcome_;
};

absl::Status Check(const v1::NextFlowStepRequest& request) {
  if (!base::IsUuid(request.session())) {
    return base::InvalidField("session", "must be the UUID of a session");
  }
  if (request.input().kind() == v1::FlowInput::KIND_UNSPECIFIED) {
    return base::InvalidField("input.kind", "is required");
  }
  return absl::OkStatus();
}

v1::NextFlowStepResponse ResponseOf(FlowOutcome outcome) {
  v1::NextFlowStepResponse response;
  *response.mutable_state() = std::move(outcome.state);
  response.set_explanation(std::move(outcome.explanation));
  return response;
}

}  // namespace

Task<absl::StatusOr<v1::NextFlowStepResponse>> IvrService::NextFlowStep(
    rpc::Context context, const v1::NextFlowStepRequest& request) {
  CTC_CO_RETURN_IF_ERROR(Check(request));
  absl::StatusOr<Catalogue::BookPtr> book =
      co_await catalogue_.BookOf(context.tenant, context.deadline);
  CTC_CO_RETURN_IF_ERROR(book.status());
  FlowCall call;
  call.session_id = request.session();
  call.to_phone = request.to_phone();
  call.now = clock_.Now();
  FlowOutcome outcome = Advance(**book, nullptr, call, request.state(), request.input());
  // Menus alone touch no table.
  const bool apart = !outcome.need && !EntryOf(outcome.state) && !EntryOf(request.state());
  if (outcome.repeated || apart) co_return ResponseOf(std::move(outcome));
  absl::StatusOr<Directory::AgentsPtr> agents =
      co_await directory_.Agents(context.tenant, context.deadline);
  CTC_CO_RETURN_IF_ERROR(agents.status());
  Deciding deciding(directory_, context.tenant, ids_, **book, **agents, call, request);
  const absl::Status status = co_await database_.Run(
      context.deadline, [&](db::Connection& c) -> absl::Status { return deciding.Run(c); });
  if (!deciding.outcome().missed_by.empty()) directory_.ForgetPresence(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return ResponseOf(std::move(deciding.outcome()));
}

}  // namespace ctc::routing
