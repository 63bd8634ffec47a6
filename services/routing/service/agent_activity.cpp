#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/routing/domain/presence.h"
#include "services/routing/service/agent_day.h"
#include "services/routing/service/routing_service.h"
#include "services/routing/store/activity_store.h"
#include "services/routing/store/presence_store.h"

namespace ctc::routing {
namespace {

constexpr size_t kMaxAgentId = 128;
constexpr size_t kMaxSessionId = 40;
constexpr size_t kMaxReason = 255;
constexpr int kMaxDuration = 7 * 24 * 3600;

// An agent's own token sees and writes the agent's own day only; others' look absent.
bool MaySee(const rpc::Context& context, const std::string& agent_id) {
  return context.principal.role != rpc::Role::kAgent || context.principal.agent_id == agent_id;
}

absl::Status NoSuchAgent() { return base::MakeError(base::kNotFound, "there is no such agent"); }

bool IsPlain(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

absl::Status Check(const v1::LogAgentActivityRequest& request) {
  if (request.agent_id().empty() || request.agent_id().size() > kMaxAgentId) {
    return base::InvalidField("agent_id", "must have 1 to 128 bytes");
  }
  if (request.activity_type() == v1::AgentActivity::TYPE_UNSPECIFIED ||
      !v1::AgentActivity::Type_IsValid(request.activity_type())) {
    return base::InvalidField("activity_type",
                              "must be LOGIN, LOGOUT, ON_CALL, ON_BREAK, IDLE or WRAP_UP");
  }
  if (request.session_id().size() > kMaxSessionId || !IsPlain(request.session_id())) {
    return base::InvalidField("session_id", "must be the id of a session");
  }
  if (request.duration_seconds() < 0 || request.duration_seconds() > kMaxDuration) {
    return base::InvalidField("duration_seconds", "must be 0 to 604800");
  }
  if (request.reason().size() > kMaxReason) {
    return base::InvalidField("reason", "must have at most 255 bytes");
  }
  return absl::OkStatus();
}

v1::AgentActivity LineFrom(const v1::LogAgentActivityRequest& request) {
  v1::AgentActivity line;
  line.set_agent_id(request.agent_id());
  line.set_activity_type(request.activity_type());
  if (!request.session_id().empty()) line.set_session_id(request.session_id());
  line.set_is_available(request.has_is_available() ? request.is_available()
                                                   : AvailableByType(request.activity_type()));
  line.set_duration_seconds(request.duration_seconds());
  line.set_reason(request.reason());
  return line;
}

}  // namespace

Task<absl::StatusOr<v1::LogAgentActivityResponse>> RoutingService::LogAgentActivity(
    rpc::Context context, const v1::LogAgentActivityRequest& request) {
  CTC_CO_RETURN_IF_ERROR(Check(request));
  if (!MaySee(context, request.agent_id())) co_return NoSuchAgent();
  v1::LogAgentActivityResponse response;
  response.set_success(true);
  v1::AgentActivity& line = *response.mutable_activity();
  line = LineFrom(request);
  *line.mutable_created_at() = base::ToProto(clock_.Now());
  const AgentDay day(context.tenant, ids_);
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        return day.Say(c, line, request.has_duration_seconds());
      });
  directory_.ForgetPresence(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Task<absl::StatusOr<v1::ListAgentActivityResponse>> RoutingService::ListAgentActivity(
    rpc::Context context, const v1::ListAgentActivityRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kActivityOrders, context.tenant, request));
  std::string agent_id = request.agent_id();
  if (context.principal.role == rpc::Role::kAgent) {
    if (agent_id.empty()) agent_id = context.principal.agent_id;
    if (agent_id.empty() || !MaySee(context, agent_id)) co_return NoSuchAgent();
  }
  const ActivityStore store(context.tenant);
  ActivityPage found;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(found, store.List(c, agent_id, page));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  v1::ListAgentActivityResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (v1::AgentActivity& line : found.lines) *response.add_activities() = std::move(line);
  co_return response;
}

Task<absl::StatusOr<v1::GetPresenceResponse>> RoutingService::GetPresence(
    rpc::Context context, const v1::GetPresenceRequest& request) {
  if (!MaySee(context, request.id())) co_return NoSuchAgent();
  absl::StatusOr<std::optional<v1::Agent>> agent =
      co_await directory_.Agent(context.tenant, request.id(), context.deadline);
  CTC_CO_RETURN_IF_ERROR(agent.status());
  const PresenceStore store(context.tenant);
  std::optional<Standing> standing;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(standing, store.Get(c, request.id()));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  // The CRM may own the agents: one with a history is known, registered or not.
  if (!agent->has_value() && !standing) co_return NoSuchAgent();
  v1::GetPresenceResponse response;
  *response.mutable_presence() =
      PresenceOf(request.id(), At(standing.value_or(Standing()), clock_.Now()));
  if (agent->has_value() && !(*agent)->is_active()) {
    response.mutable_presence()->set_is_available(false);
  }
  co_return response;
}

}  // namespace ctc::routing
