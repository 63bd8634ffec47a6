#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "libs/base/error.h"
#include "libs/telephony/phone_number.h"
#include "services/routing/service/routing_service.h"

namespace ctc::routing {
namespace {

v1::Candidate ToProto(const Choice& choice) {
  v1::Candidate candidate;
  candidate.set_provider_id(choice.account.id);
  candidate.set_provider_type(choice.account.type);
  candidate.set_phone_number(choice.account.phone_number);
  candidate.set_reason(choice.reason);
  candidate.set_timeout_seconds(choice.account.timeout_seconds);
  return candidate;
}

Account FromProto(const dispatch::v1::ListRoutesResponse::Route& route) {
  Account account;
  account.id = route.provider_id();
  account.type = route.provider_type();
  account.phone_number = route.phone_number();
  account.priority = route.priority();
  account.retry_count = route.retry_count();
  account.timeout_seconds = route.timeout_seconds();
  account.available = route.available();
  account.unavailable_reason = route.unavailable_reason();
  return account;
}

template <class Response>
void FillChoices(const Decision& decision, Response& response) {
  for (const Choice& choice : decision.candidates) {
    *response.add_candidates() = ToProto(choice);
  }
  for (const Choice& choice : decision.skipped) *response.add_skipped() = ToProto(choice);
}

}  // namespace

Task<absl::StatusOr<Accounts>> RoutingService::AccountsOf(rpc::Context context) {
  const dispatch::v1::ListRoutesRequest request;
  absl::StatusOr<dispatch::v1::ListRoutesResponse> response = co_await rpc::Call(
      dispatch_, dispatch::v1::DispatchServiceRpc::kListRoutes, std::move(context), request);
  CTC_CO_RETURN_IF_ERROR(response.status());
  Accounts accounts;
  for (const auto& route : response->routes()) accounts.active.push_back(FromProto(route));
  accounts.inactive_ids.assign(response->inactive_provider_ids().begin(),
                               response->inactive_provider_ids().end());
  co_return accounts;
}

Task<absl::StatusOr<Decision>> RoutingService::DecideFor(rpc::Context context, Question question) {
  absl::StatusOr<Directory::RulesPtr> rules =
      co_await directory_.Rules(context.tenant, context.deadline);
  CTC_CO_RETURN_IF_ERROR(rules.status());
  absl::StatusOr<Accounts> accounts = co_await AccountsOf(std::move(context));
  CTC_CO_RETURN_IF_ERROR(accounts.status());
  co_return Decide(question, **rules, *std::move(accounts));
}

Task<absl::StatusOr<v1::ChooseRouteResponse>> RoutingService::ChooseRoute(
    rpc::Context context, const v1::ChooseRouteRequest& request) {
  absl::StatusOr<std::optional<v1::Agent>> agent =
      co_await directory_.Agent(context.tenant, request.agent_id(), context.deadline);
  CTC_CO_RETURN_IF_ERROR(agent.status());
  Question question;
  question.to_phone = request.to_phone();
  question.agent_id = request.agent_id();
  question.campaign_id = request.campaign_id();
  question.provider_id = request.provider_id();
  question.at = clock_.Now();
  absl::StatusOr<Decision> decision = co_await DecideFor(std::move(context), std::move(question));
  CTC_CO_RETURN_IF_ERROR(decision.status());
  v1::ChooseRouteResponse response;
  FillChoices(*decision, response);
  response.set_provider_unknown(decision->provider_unknown);
  if (agent->has_value()) {
    response.set_agent_registered(true);
    response.set_agent_phone((*agent)->phone());
    response.set_agent_capacity((*agent)->capacity());
    response.set_agent_active((*agent)->is_active());
  }
  co_return response;
}

Task<absl::StatusOr<v1::SimulateRoutingResponse>> RoutingService::SimulateRouting(
    rpc::Context context, const v1::SimulateRoutingRequest& request) {
  const auto to_phone = telephony::E164::Parse(request.to_phone());
  if (!to_phone.ok()) co_return base::InvalidField("to_phone", "must be a number, as +1234567890");
  Question question;
  question.to_phone = to_phone->value();
  question.agent_id = request.agent_id();
  question.campaign_id = request.campaign_id();
  question.provider_id = request.provider_id();
  question.at = clock_.Now();
  absl::StatusOr<Decision> decision = co_await DecideFor(std::move(context), std::move(question));
  CTC_CO_RETURN_IF_ERROR(decision.status());
  if (decision->provider_unknown) {
    co_return base::InvalidField("provider_id", "there is no such provider");
  }
  v1::SimulateRoutingResponse response;
  FillChoices(*decision, response);
  for (const RuleTried& tried : decision->tried) {
    auto* rule = response.add_rules();
    rule->set_rule_id(tried.rule_id);
    rule->set_rule_name(tried.rule_name);
    rule->set_matched(tried.decided);
    rule->set_explanation(tried.explanation);
  }
  co_return response;
}

}  // namespace ctc::routing
