#include <map>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/telephony/phone_number.h"
#include "services/routing/domain/findings.h"
#include "services/routing/domain/simulation.h"
#include "services/routing/service/floor_reader.h"
#include "services/routing/service/ivr_service.h"
#include "services/routing/store/queue_store.h"

namespace ctc::routing {
namespace {

constexpr int kMaxInputs = 200;

absl::Status NoSuchMenu() { return base::MakeError(base::kNotFound, "there is no such menu"); }

absl::Status Check(const v1::SimulateIvrMenuRequest& request) {
  if (request.inputs_size() > kMaxInputs) return base::InvalidField("inputs", "at most 200");
  if (!request.from_phone().empty() && !telephony::E164::Parse(request.from_phone()).ok()) {
    return base::InvalidField("from_phone", "must be a number, as +1234567890");
  }
  return absl::OkStatus();
}

}  // namespace

Task<absl::StatusOr<Floor>> IvrService::LookAround(base::TenantId tenant, absl::Time deadline,
                                                   absl::Time at) {
  absl::StatusOr<Directory::AgentsPtr> agents = co_await directory_.Agents(tenant, deadline);
  CTC_CO_RETURN_IF_ERROR(agents.status());
  Floor floor;
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        floor.last_offered = {{QueueOfEveryAgent().id(), ""}};
        CTC_ASSIGN_OR_RETURN(const auto last, QueueStore(tenant).AllLastOffered(c));
        for (const auto& [queue_id, agent_id] : last) floor.last_offered[queue_id] = agent_id;
        return ReadFloor(c, directory_, tenant, **agents, "", at, floor);
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return floor;
}

Task<absl::StatusOr<v1::SimulateIvrMenuResponse>> IvrService::SimulateIvrMenu(
    rpc::Context context, const v1::SimulateIvrMenuRequest& request) {
  CTC_CO_RETURN_IF_ERROR(Check(request));
  absl::StatusOr<Catalogue::BookPtr> book =
      co_await catalogue_.BookOf(context.tenant, context.deadline);
  CTC_CO_RETURN_IF_ERROR(book.status());
  if ((*book)->MenuOf(request.id()) == nullptr) co_return NoSuchMenu();
  const absl::Time now = clock_.Now();
  absl::StatusOr<Floor> floor = co_await LookAround(context.tenant, context.deadline, now);
  CTC_CO_RETURN_IF_ERROR(floor.status());
  const std::vector<std::string> inputs(request.inputs().begin(), request.inputs().end());
  CTC_CO_ASSIGN_OR_RETURN(const Simulation simulation,
                          Simulate(**book, *floor, request.id(),
                                   request.has_at() ? base::FromProto(request.at()) : now, inputs));
  v1::SimulateIvrMenuResponse response;
  for (const Simulation::Step& step : simulation.steps) {
    auto& told = *response.add_steps();
    told.set_input(step.input);
    *told.mutable_step() = step.step;
    told.set_explanation(step.explanation);
  }
  response.set_ended(simulation.ended);
  co_return response;
}

Task<absl::StatusOr<v1::ValidateIvrMenuResponse>> IvrService::ValidateIvrMenu(
    rpc::Context context, const v1::ValidateIvrMenuRequest& request) {
  absl::StatusOr<Catalogue::BookPtr> book =
      co_await catalogue_.BookOf(context.tenant, context.deadline);
  CTC_CO_RETURN_IF_ERROR(book.status());
  if ((*book)->MenuOf(request.id()) == nullptr) co_return NoSuchMenu();
  absl::StatusOr<Directory::AgentsPtr> agents =
      co_await directory_.Agents(context.tenant, context.deadline);
  CTC_CO_RETURN_IF_ERROR(agents.status());
  std::map<std::string, v1::Agent> by_id;
  for (const v1::Agent& agent : **agents) by_id.emplace(agent.id(), agent);
  v1::ValidateIvrMenuResponse response;
  response.set_valid(true);
  for (Problem& problem : FindProblems(**book, by_id, request.id())) {
    if (problem.severity() == "error") response.set_valid(false);
    *response.add_problems() = std::move(problem);
  }
  co_return response;
}

}  // namespace ctc::routing
