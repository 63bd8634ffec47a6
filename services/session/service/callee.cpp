// Questions to routing, recording and dispatch before somebody is rung.
#include "services/session/service/callee.h"

#include <algorithm>

#include "ctc/dispatch/v1/provider_service.rpc.h"
#include "ctc/recording/v1/recording_service.rpc.h"
#include "ctc/routing/v1/queue_service.rpc.h"
#include "ctc/routing/v1/routing_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/telephony/phone_number.h"
#include "services/session/domain/parties.h"
#include "services/session/domain/transfer.h"

namespace ctc::session {
namespace {

constexpr int kAgentsAPage = 200;

// An extension of the switch has no more digits.
constexpr size_t kMostExtensionDigits = 6;

// A number in another guise than E.164, as "0012025550199": a trunk would call it, and no rule on
// numbers was asked.
bool MayBeNumber(std::string_view phone) {
  const std::string_view user = phone.substr(0, phone.find('@'));
  size_t digits = 0;
  for (const char c : user) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return false;
    digits += c >= '0' && c <= '9' ? 1 : 0;
  }
  return digits > kMostExtensionDigits;
}

absl::Status NoSuchQueue() {
  return base::InvalidField("to_queue_id", "is no queue of this tenant");
}

}  // namespace

Task<absl::Status> RequireCapability(Core& core, rpc::Context context, store::RecordPtr record,
                                     std::string capability) {
  dispatch::v1::GetProviderRequest request;
  request.set_id(record->session.provider_id());
  context = ServiceContext(context, context.deadline);
  const absl::StatusOr<dispatch::v1::GetProviderResponse> found = co_await rpc::Call(
      core.dispatch, dispatch::v1::ProviderServiceRpc::kGetProvider, std::move(context), request);
  if (!found.ok() && !absl::IsNotFound(found.status())) co_return found.status();
  if (found.ok()) {
    const auto& has = found->provider().capabilities();
    if (std::find(has.begin(), has.end(), capability) != has.end()) co_return absl::OkStatus();
  }
  base::ErrorDetail extra;
  extra.metadata["capability"] = capability;
  co_return base::MakeError(base::kCapabilityMissing,
                            "The provider of this call cannot do this: " + capability,
                            std::move(extra));
}

Task<absl::StatusOr<Callee>> FindAgent(Core& core, rpc::Context context, std::string agent_id,
                                       std::string field) {
  routing::v1::GetAgentRequest request;
  request.set_id(agent_id);
  context = ServiceContext(context, context.deadline);
  const absl::StatusOr<routing::v1::GetAgentResponse> found = co_await rpc::Call(
      core.routing, routing::v1::RoutingServiceRpc::kGetAgent, std::move(context), request);
  if (absl::IsNotFound(found.status())) {
    co_return base::InvalidField(field, "is no registered agent");
  }
  if (!found.ok()) co_return found.status();
  if (!found->agent().is_active()) {
    co_return base::MakeError(base::kAgentInactive, "The agent is switched off");
  }
  Callee callee;
  callee.phone = found->agent().phone();
  callee.agent_id = std::move(agent_id);
  co_return callee;
}

Task<absl::StatusOr<routing::v1::Queue>> FindQueue(Core& core, rpc::Context context,
                                                   std::string queue_id) {
  routing::v1::GetQueueRequest request;
  request.set_id(std::move(queue_id));
  context = ServiceContext(context, context.deadline);
  const absl::StatusOr<routing::v1::GetQueueResponse> found = co_await rpc::Call(
      core.routing, routing::v1::QueueServiceRpc::kGetQueue, std::move(context), request);
  if (absl::IsNotFound(found.status())) co_return NoSuchQueue();
  if (!found.ok()) co_return found.status();
  if (!found->queue().is_active()) {
    co_return base::MakeError(base::kNoAgentAvailable, "The queue is switched off");
  }
  co_return found->queue();
}

Task<absl::StatusOr<Callee>> FindAgentOfQueue(Core& core, rpc::Context context,
                                              QueueSearch search) {
  routing::v1::GetQueueLiveRequest request;
  request.set_id(search.queue_id);
  rpc::Context service = ServiceContext(context, context.deadline);
  const absl::StatusOr<routing::v1::GetQueueLiveResponse> live = co_await rpc::Call(
      core.routing, routing::v1::QueueServiceRpc::kGetQueueLive, std::move(service), request);
  if (absl::IsNotFound(live.status())) co_return NoSuchQueue();
  if (!live.ok()) co_return live.status();
  std::vector<std::string> order;
  std::vector<std::string> again;
  for (const std::string& agent : live->available_agents()) {
    const bool missed = search.all_missed || std::find(search.missed.begin(), search.missed.end(),
                                                       agent) != search.missed.end();
    if (agent != search.but) (missed ? again : order).push_back(agent);
  }
  if (order.empty() && search.ask_again) order = std::move(again);
  for (const std::string& agent : order) {
    const absl::StatusOr<Callee> callee = co_await FindAgent(core, context, agent, "to_queue_id");
    if (callee.ok()) co_return *callee;
  }
  co_return base::MakeError(base::kNoAgentAvailable, "No agent of the queue is available now");
}

Task<absl::StatusOr<Callee>> FindNumber(Core& core, rpc::Context context, store::RecordPtr record,
                                        std::string phone, std::string field) {
  if (phone.size() > 64) co_return base::InvalidField(field, "is not a phone number in E.164");
  const absl::StatusOr<telephony::E164> number = telephony::E164::Parse(phone);
  if (!number.ok()) {
    co_return base::InvalidField(field, "is not a phone number in E.164, as +14155550100");
  }
  recording::v1::CheckCallRequest request;
  request.set_session_id(record->id());
  request.set_to_phone(number->value());
  request.set_agent_id(record->session.agent_id());
  CTC_CO_ASSIGN_OR_RETURN(
      const recording::v1::CheckCallResponse verdict,
      co_await rpc::Call(core.recording, recording::v1::RecordingServiceRpc::kCheckCall, context,
                         request));
  if (verdict.verdict() != "ALLOW") {
    base::ErrorDetail extra;
    for (const auto& reason : verdict.reasons()) {
      extra.fields.push_back({reason.code(), reason.detail()});
    }
    co_return base::MakeError(base::kBlockedByPolicy, "A rule forbids to call this number",
                              std::move(extra));
  }
  Callee callee;
  callee.phone = number->value();
  co_return callee;
}

Task<absl::StatusOr<Callee>> FindPhone(Core& core, rpc::Context context, store::RecordPtr record,
                                       std::string phone) {
  routing::v1::ListAgentsRequest request;
  request.set_limit(kAgentsAPage);
  for (int offset = 0;; offset += kAgentsAPage) {
    request.set_offset(offset);
    rpc::Context service = ServiceContext(context, context.deadline);
    CTC_CO_ASSIGN_OR_RETURN(
        const routing::v1::ListAgentsResponse page,
        co_await rpc::Call(core.routing, routing::v1::RoutingServiceRpc::kListAgents,
                           std::move(service), request));
    for (const routing::v1::Agent& agent : page.agents()) {
      if (agent.phone() != phone || !agent.is_active()) continue;
      Callee callee;
      callee.phone = std::move(phone);
      callee.agent_id = agent.id();
      co_return callee;
    }
    if (page.agents_size() == 0 || offset + page.agents_size() >= page.total()) break;
  }
  if (phone.starts_with('+')) co_return co_await FindNumber(core, context, record, phone, "phone");
  if (MayBeNumber(phone)) {
    co_return base::InvalidField("phone", "is a number that is not written in E.164");
  }
  CTC_CO_RETURN_IF_ERROR(telephony::CheckEndpoint(phone));
  Callee callee;
  callee.phone = std::move(phone);
  co_return callee;
}

Task<absl::StatusOr<store::RecordPtr>> ApplyStep(
    Core& core, store::RecordPtr record,
    std::function<absl::StatusOr<store::PartyStep>(const store::Record&)> step) {
  store::Change change;
  change.tenant = record->tenant;
  change.id = record->id();
  change.step = std::move(step);
  co_return co_await core.writer.Apply(std::move(change), core.WriteDeadline());
}

domain::Fact LegFact(const Core& core, v1::CallFact::Kind kind, const std::string& leg_id,
                     std::string event_key) {
  domain::Fact fact = OwnFact(core, kind, v1::SUBMISSION, std::move(event_key));
  fact.set_leg_id(leg_id);
  fact.set_party(domain::PartyOfLeg(leg_id));
  return fact;
}

domain::Fact DialFact(const Core& core, const std::string& leg_id, const Callee& callee) {
  domain::Fact fact = LegFact(core, v1::CallFact::CALL_INITIATED, leg_id, domain::DialKey(leg_id));
  fact.set_phone(callee.phone);
  fact.set_agent_id(callee.agent_id);
  return fact;
}

}  // namespace ctc::session
