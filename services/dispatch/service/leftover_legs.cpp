#include "services/dispatch/service/leftover_legs.h"

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "services/dispatch/service/session_order.h"

namespace ctc::dispatch {
namespace {

using session::v1::CallEvent;
using session::v1::Leg;
using session::v1::Session;

constexpr char kConsumer[] = "dispatch.leftover_legs";
constexpr absl::Duration kDatabaseTimeout = absl::Seconds(5);
constexpr absl::Duration kPeerTimeout = absl::Seconds(5);
// Some four minutes in all.
constexpr int kTries = 8;
constexpr absl::Duration kFirstPause = absl::Seconds(1);

// All legs but the one whose end was told; what the session calls ended may live on at the
// provider.
v1::ControlCallRequest RequestOf(const Session& session, const std::string& ended_leg) {
  v1::ControlCallRequest request;
  request.set_provider_id(session.provider_id());
  request.set_action(v1::ControlCallRequest::HANG_UP);
  request.set_not_joined_yet(true);  // a leg may be too young to be hung up at once
  *request.mutable_order() = OrderOf(session);
  for (const Leg& leg : session.legs()) {
    if (leg.provider_leg_id().empty() || leg.provider_leg_id() == ended_leg) continue;
    *request.add_legs() = leg;
    request.mutable_legs(request.legs_size() - 1)->set_state(Leg::ANSWERED);
  }
  if (session.provider_call_id() != ended_leg) {
    request.set_provider_call_id(session.provider_call_id());
  }
  return request;
}

}  // namespace

LeftoverLegs::LeftoverLegs(const LeftoverLegsParts& parts)
    : parts_(parts),
      feed_(
          kConsumer, parts.session, parts.submissions, parts.clock,
          [this](const SubmissionFeed::Batch& batch) { return Choose(batch); },
          [](const Submission& /*submission*/) {}) {}

bool LeftoverLegs::LeavesLegs(const CallEvent& event) {
  if (event.new_status() < Session::COMPLETED || event.new_status() == Session::TRANSFERRED) {
    return false;
  }
  const session::v1::CallFact::Kind kind = event.fact_kind();
  const bool leg_lives =
      kind == session::v1::CallFact::CALL_RINGING || kind == session::v1::CallFact::CALL_ANSWERED;
  return event.type() == "session.ended" || (leg_lives && !event.provider_leg_id().empty());
}

// Harmless when repeated, so no row is needed.
Task<absl::StatusOr<std::vector<Submission>>> LeftoverLegs::Choose(
    const SubmissionFeed::Batch& batch) {
  for (const CallEvent& event : batch) {
    const providers::Adapter* adapter = parts_.registry.Find(event.provider_type());
    if (adapter == nullptr || !adapter->LegsOutliveOthers() || !LeavesLegs(event)) continue;
    parts_.background.Spawn("leftover legs", [this, event] { return HangUp(event); });
  }
  co_return std::vector<Submission>();
}

Task<void> LeftoverLegs::HangUp(CallEvent event) {
  absl::Status status;
  absl::Duration pause = kFirstPause;
  for (int i = 0; i < kTries; ++i, pause *= 2) {
    status = co_await HangUpOnce(event);
    if (status.ok() || absl::IsNotFound(status)) co_return;
    if (base::IsError(status, base::kCapabilityMissing)) break;
    if (!co_await parts_.background.Sleep(pause)) break;
  }
  observability::Warn("what is left of a call may stay up",
                      {{"session", event.id()}, {"error", status}});
}

Task<absl::Status> LeftoverLegs::HangUpOnce(const CallEvent& event) {
  const base::TenantId tenant(event.tenant_id());
  session::v1::GetSessionRequest request;
  request.set_id(event.id());
  rpc::Context context = rpc::Context::ForService(tenant, parts_.clock.Now() + kPeerTimeout);
  CTC_CO_ASSIGN_OR_RETURN(
      const session::v1::GetSessionResponse found,
      co_await rpc::Call(parts_.session, session::v1::SessionServiceRpc::kGetSession,
                         std::move(context), request));
  CTC_CO_ASSIGN_OR_RETURN(const AccountPtr account,
                          co_await parts_.directory.Find(tenant, event.provider_id(),
                                                         parts_.clock.Now() + kDatabaseTimeout));
  const bool ended = event.type() == "session.ended";
  const v1::ControlCallRequest hang_up =
      RequestOf(found.session(), ended ? event.provider_leg_id() : "");
  if (hang_up.legs_size() == 0 && hang_up.provider_call_id().empty()) co_return absl::OkStatus();
  providers::Adapter* adapter = parts_.registry.Find(account->config.provider_type());
  const auto done = co_await adapter->Control(*account, hang_up);
  co_return done.status();
}

}  // namespace ctc::dispatch
