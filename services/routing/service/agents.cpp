#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/routing/domain/free_data.h"
#include "services/routing/service/emptied.h"
#include "services/routing/service/routing_service.h"
#include "services/routing/store/agent_store.h"

namespace ctc::routing {
namespace {

constexpr int kMaxCapacity = 20;
constexpr int kMaxListed = 100;
constexpr size_t kMaxId = 128;
constexpr size_t kMaxName = 255;
constexpr size_t kMaxWord = 64;

absl::Status NoSuchAgent() { return base::MakeError(base::kNotFound, "there is no such agent"); }

absl::Status NormalisePhone(v1::Agent& agent) {
  if (agent.phone().empty()) return base::InvalidField("phone", "is required");
  auto phone = NormalPhone(agent.phone());
  if (!phone.ok()) {
    return base::InvalidField("phone", "must be a number, an extension or a SIP endpoint");
  }
  agent.set_phone(*std::move(phone));
  return absl::OkStatus();
}

absl::Status CheckSkillsAndTeams(const v1::Agent& agent) {
  if (agent.skills_size() > kMaxListed) return base::InvalidField("skills", "at most 100");
  for (const auto& [skill, level] : agent.skills()) {
    if (skill.empty() || skill.size() > kMaxWord || HasControl(skill)) {
      return base::InvalidField("skills", "a skill has 1 to 64 bytes");
    }
    if (level < 1 || level > 10) return base::InvalidField("skills." + skill, "must be 1 to 10");
  }
  if (agent.teams_size() > kMaxListed) return base::InvalidField("teams", "at most 100");
  for (const std::string& team : agent.teams()) {
    if (team.empty() || team.size() > kMaxWord || HasControl(team)) {
      return base::InvalidField("teams", "a team has 1 to 64 bytes");
    }
  }
  return absl::OkStatus();
}

absl::Status Check(v1::Agent& agent) {
  if (agent.id().empty() || agent.id().size() > kMaxId || HasControl(agent.id())) {
    return base::InvalidField("id", "must have 1 to 128 bytes");
  }
  if (agent.name().empty() || agent.name().size() > kMaxName || HasControl(agent.name())) {
    return base::InvalidField("name", "must have 1 to 255 bytes");
  }
  if (agent.capacity() < 1 || agent.capacity() > kMaxCapacity) {
    return base::InvalidField("capacity", "must be 1 to 20");
  }
  CTC_RETURN_IF_ERROR(NormalisePhone(agent));
  return CheckSkillsAndTeams(agent);
}

void Merge(const v1::UpdateAgentRequest& request, v1::Agent& agent) {
  if (request.has_name()) agent.set_name(request.name());
  if (request.has_phone()) agent.set_phone(request.phone());
  if (request.skills_size() > 0 || Empties(request, "skills")) {
    *agent.mutable_skills() = request.skills();
  }
  if (request.has_capacity()) agent.set_capacity(request.capacity());
  if (request.teams_size() > 0 || Empties(request, "teams")) {
    *agent.mutable_teams() = request.teams();
  }
  if (request.has_is_active()) agent.set_is_active(request.is_active());
}

}  // namespace

Task<absl::StatusOr<v1::CreateAgentResponse>> RoutingService::CreateAgent(
    rpc::Context context, const v1::CreateAgentRequest& request) {
  v1::CreateAgentResponse response;
  v1::Agent& agent = *response.mutable_agent();
  agent.set_id(request.has_id() ? request.id() : ids_.Uuid());
  agent.set_name(request.name());
  agent.set_phone(request.phone());
  *agent.mutable_skills() = request.skills();
  *agent.mutable_teams() = request.teams();
  agent.set_capacity(request.has_capacity() ? request.capacity() : 1);
  agent.set_is_active(true);
  *agent.mutable_created_at() = *agent.mutable_updated_at() = base::ToProto(clock_.Now());
  CTC_CO_RETURN_IF_ERROR(Check(agent));
  const AgentStore store(context.tenant);
  const absl::Status status = co_await database_.Run(
      context.deadline, [&](db::Connection& c) -> absl::Status { return store.Insert(c, agent); });
  directory_.ForgetAgent(context.tenant, agent.id());
  if (absl::IsAlreadyExists(status)) {
    co_return base::MakeError(base::kAlreadyExists, "there is an agent with this id");
  }
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Task<absl::StatusOr<v1::ListAgentsResponse>> RoutingService::ListAgents(
    rpc::Context context, const v1::ListAgentsRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kAgentOrders, context.tenant, request));
  const AgentStore store(context.tenant);
  AgentPage found;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(found, store.List(c, request.team(), request.skill(), page));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  v1::ListAgentsResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (v1::Agent& agent : found.agents) *response.add_agents() = std::move(agent);
  co_return response;
}

Task<absl::StatusOr<v1::GetAgentResponse>> RoutingService::GetAgent(
    rpc::Context context, const v1::GetAgentRequest& request) {
  absl::StatusOr<std::optional<v1::Agent>> agent =
      co_await directory_.Agent(context.tenant, request.id(), context.deadline);
  CTC_CO_RETURN_IF_ERROR(agent.status());
  if (!agent->has_value()) co_return NoSuchAgent();
  v1::GetAgentResponse response;
  *response.mutable_agent() = **std::move(agent);
  co_return response;
}

Task<absl::StatusOr<v1::UpdateAgentResponse>> RoutingService::UpdateAgent(
    rpc::Context context, const v1::UpdateAgentRequest& request) {
  const AgentStore store(context.tenant);
  v1::UpdateAgentResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(auto agent, store.Get(c, request.id(), true));
        if (!agent) return NoSuchAgent();
        Merge(request, *agent);
        CTC_RETURN_IF_ERROR(Check(*agent));
        *agent->mutable_updated_at() = base::ToProto(clock_.Now());
        *response.mutable_agent() = *std::move(agent);
        return store.Update(c, response.agent());
      });
  directory_.ForgetAgent(context.tenant, request.id());
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Task<absl::StatusOr<v1::DeleteAgentResponse>> RoutingService::DeleteAgent(
    rpc::Context context, const v1::DeleteAgentRequest& request) {
  const AgentStore store(context.tenant);
  bool found = false;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(found, store.Delete(c, request.id()));
        return absl::OkStatus();
      });
  directory_.ForgetAgent(context.tenant, request.id());
  CTC_CO_RETURN_IF_ERROR(status);
  if (!found) co_return NoSuchAgent();
  co_return v1::DeleteAgentResponse();
}

}  // namespace ctc::routing
