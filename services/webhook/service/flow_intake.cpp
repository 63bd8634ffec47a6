// The way of a question: read, advanced, logged, rendered.
#include "services/webhook/service/flow_intake.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "services/webhook/domain/claim.h"
#include "services/webhook/domain/payload.h"

namespace ctc::webhook {
namespace {

namespace dv1 = dispatch::v1;
namespace sv1 = session::v1;
using routing::v1::FlowInput;

dv1::CallOrder OrderOf(const sv1::Session& session, bool record) {
  dv1::CallOrder order;
  order.set_id(session.id());
  order.set_session_id(session.session_id());
  order.set_correlation_id(session.correlation_id());
  order.set_to_phone(session.to_phone());
  order.set_from_phone(session.from_phone());
  order.set_agent_phone(session.agent_phone());
  order.set_agent_id(session.agent_id());
  order.set_record(record);
  order.set_contact_name(session.contact_name());
  order.set_room(session.conversation_id());
  order.set_direction(session.direction());
  return order;
}

sv1::AdvanceFlowRequest QuestionOf(const Arrival& arrival, dv1::ReadFlowResponse& read) {
  sv1::AdvanceFlowRequest question;
  question.set_provider_id(read.provider_id());
  question.set_provider_type(arrival.type);
  question.set_session(read.call().session());
  question.set_provider_call_id(read.call().provider_call_id());
  question.set_from_phone(read.call().from_phone());
  question.set_to_phone(read.call().to_phone());
  question.mutable_input()->Swap(read.mutable_input());
  question.set_source(sv1::WEBHOOK);
  return question;
}

// What the log shows of a question that came over one of our sockets: never the keys.
std::string PayloadOf(const FlowInput& input) {
  return absl::StrCat(R"({"kind":")", FlowInput::Kind_Name(input.kind()), R"(","step_number":)",
                      input.step_number(), "}");
}

// Another tenant's session is as unknown as one that never was.
absl::Status AsProviderSees(const absl::Status& status) {
  if (!absl::IsNotFound(status)) return status;
  return base::MakeError(base::kUnknownSession, "no session of this tenant");
}

}  // namespace

Task<absl::StatusOr<dv1::ReadFlowResponse>> FlowIntake::Read(const rpc::Context& context,
                                                             const v1::ReceiveFlowRequest& request,
                                                             const Arrival& arrival) {
  dv1::ReadFlowRequest read;
  read.set_provider(request.provider());
  read.set_tenant_id(arrival.tenant.value());
  *read.mutable_request() = request.raw();
  rpc::Context ours = ContextFor(context, arrival.tenant, arrival.deadline);
  co_return co_await rpc::Call(dispatch_, dv1::DispatchServiceRpc::kReadFlow, std::move(ours),
                               read);
}

Task<absl::Status> FlowIntake::Log(Arrival arrival) {
  LogEntry& entry = arrival.line.entry;
  entry.state = kApplied;
  entry.processed_at = entry.received_at;
  const bool socket = entry.source == kFromEventSocket;
  const absl::Time deadline = arrival.deadline;
  const absl::Status logged = co_await log_.Add(std::move(arrival.line), deadline);
  const Verdict taken = socket ? Verdict::kEventSocket : Verdict::kGenuine;
  reception_.metrics().Count(arrival.type, logged.ok() ? taken : Verdict::kNotTaken);
  co_return logged;
}

Task<absl::StatusOr<sv1::AdvanceFlowResponse>> FlowIntake::Advance(
    const rpc::Context& context, Arrival arrival, sv1::AdvanceFlowRequest question) {
  arrival.line.entry.event_type = std::string(kFlowEvent);
  arrival.line.entry.session_id = CleanText(question.session(), kMaxId);
  rpc::Context ours = ContextFor(context, arrival.tenant, arrival.deadline);
  absl::StatusOr<sv1::AdvanceFlowResponse> step =
      co_await rpc::Call(session_, sv1::SessionServiceRpc::kAdvanceFlow, std::move(ours), question);
  if (!step.ok()) {
    const bool unknown = absl::IsNotFound(step.status());
    const absl::Status why = AsProviderSees(step.status());
    co_return co_await reception_.Refuse(std::move(arrival),
                                         unknown ? Verdict::kUnknownSession : Verdict::kNotTaken,
                                         why, std::string(step.status().message()));
  }
  arrival.line.entry.session_id = step->session().session_id();
  arrival.line.entry.correlation_id = step->session().correlation_id();
  CTC_CO_RETURN_IF_ERROR(co_await Log(std::move(arrival)));
  co_return step;
}

Task<absl::StatusOr<dv1::RenderFlowResponse>> FlowIntake::Render(
    const rpc::Context& context, const base::TenantId& tenant, absl::Time deadline,
    const sv1::AdvanceFlowResponse& step, const common::v1::HttpRequest& question) {
  dv1::RenderFlowRequest render;
  render.set_provider_id(step.session().provider_id());
  *render.mutable_order() = OrderOf(step.session(), step.step().dial().record());
  render.set_provider_call_id(step.session().provider_call_id());
  *render.mutable_step() = step.step();
  *render.mutable_request() = question;
  rpc::Context ours = ContextFor(context, tenant, deadline);
  co_return co_await rpc::Call(dispatch_, dv1::DispatchServiceRpc::kRenderFlow, std::move(ours),
                               render);
}

Task<absl::StatusOr<v1::ReceiveFlowResponse>> FlowIntake::ReceiveFlow(
    rpc::Context context, const v1::ReceiveFlowRequest& request) {
  Arrival arrival = reception_.Begin(context, request.provider());
  LogEntry& entry = arrival.line.entry;
  entry.event_type = std::string(kFlowEvent);
  const absl::Status envelope = CheckEnvelope(request.raw(), arrival);
  if (!envelope.ok()) {
    entry.payload = PayloadOf(request.raw(), kMaxRefusedPayload);
    co_return co_await reception_.Refuse(std::move(arrival), Verdict::kBadEnvelope, envelope,
                                         std::string(envelope.message()));
  }
  absl::StatusOr<dv1::ReadFlowResponse> read = co_await Read(context, request, arrival);
  if (!read.ok()) {
    reception_.metrics().Count(arrival.type, Verdict::kNotTaken);
    co_return read.status();
  }
  const bool genuine = read->verdict() == dv1::ReadWebhookResponse::GENUINE;
  entry.payload = PayloadOf(request.raw(), genuine ? kMaxPayload : kMaxRefusedPayload);
  entry.session_id = CleanText(read->call().session(), kMaxId);
  if (base::IsUuid(read->provider_id())) entry.provider_id = read->provider_id();
  entry.signature_valid = IsSignedRightly(read->verdict());
  if (!genuine) {
    Refusal refusal = RefusalFor(read->verdict(), read->reason());
    co_return co_await reception_.Refuse(std::move(arrival), refusal.verdict,
                                         std::move(refusal.status), read->reason());
  }
  const base::TenantId tenant = arrival.tenant;
  const absl::Time deadline = arrival.deadline;
  sv1::AdvanceFlowRequest question = QuestionOf(arrival, *read);
  CTC_CO_ASSIGN_OR_RETURN(const sv1::AdvanceFlowResponse step,
                          co_await Advance(context, std::move(arrival), std::move(question)));
  CTC_CO_ASSIGN_OR_RETURN(dv1::RenderFlowResponse rendered,
                          co_await Render(context, tenant, deadline, step, request.raw()));
  v1::ReceiveFlowResponse response;
  response.mutable_raw()->Swap(rendered.mutable_answer());
  co_return response;
}

Task<absl::StatusOr<v1::IngestFlowResponse>> FlowIntake::IngestFlow(
    rpc::Context context, const v1::IngestFlowRequest& request) {
  if (!IsTenantId(context.tenant.value())) {
    co_return base::MakeError(base::kTenantRequired, "a caller's tenant must be named");
  }
  Arrival arrival = reception_.BeginEvent(context, context.tenant, request.provider_type(),
                                          request.provider_id());
  arrival.line.entry.payload = PayloadOf(request.input());
  sv1::AdvanceFlowRequest question;
  question.set_provider_id(request.provider_id());
  question.set_provider_type(request.provider_type());
  question.set_session(request.session());
  question.set_provider_call_id(request.provider_call_id());
  question.set_from_phone(request.from_phone());
  question.set_to_phone(request.to_phone());
  *question.mutable_input() = request.input();
  question.set_source(sv1::EVENT_SOCKET);
  CTC_CO_ASSIGN_OR_RETURN(sv1::AdvanceFlowResponse step,
                          co_await Advance(context, std::move(arrival), std::move(question)));
  v1::IngestFlowResponse response;
  response.set_session(step.session().id());
  response.set_session_id(step.session().session_id());
  response.mutable_step()->Swap(step.mutable_step());
  co_return response;
}

}  // namespace ctc::webhook
