#include "services/dispatch/service/dispatch_service.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "libs/providers/outcome.h"
#include "services/dispatch/service/own_call.h"

namespace ctc::dispatch {
namespace {

Verdict VerdictOf(const v1::PlaceCallResponse& response) {
  if (response.outcome() == v1::PlaceCallResponse::ACCEPTED) return Verdict::kGood;
  return providers::CountsAgainstProvider(response) ? Verdict::kBad : Verdict::kNeutral;
}

// Which of two accounts' verdicts tells more, when none is genuine.
int Weight(v1::ReadWebhookResponse::Verdict verdict) {
  switch (verdict) {
    case v1::ReadWebhookResponse::GENUINE:
      return 4;
    case v1::ReadWebhookResponse::UNREADABLE:
    case v1::ReadWebhookResponse::OUTSIDE_WINDOW:
      return 3;
    case v1::ReadWebhookResponse::FORGED:
      return 2;
    case v1::ReadWebhookResponse::UNSIGNED:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

Task<absl::StatusOr<v1::ListRoutesResponse>> DispatchService::ListRoutes(
    rpc::Context context, const v1::ListRoutesRequest&) {
  CTC_CO_ASSIGN_OR_RETURN(const std::shared_ptr<const Accounts> accounts,
                          co_await directory_.Of(context.tenant, context.deadline));
  v1::ListRoutesResponse response;
  for (const AccountPtr& account : *accounts) {
    const v1::Provider& config = account->config;
    if (!config.is_active()) {
      response.add_inactive_provider_ids(config.id());
      continue;
    }
    v1::ListRoutesResponse::Route& route = *response.add_routes();
    route.set_provider_id(config.id());
    route.set_provider_type(config.provider_type());
    route.set_phone_number(config.phone_number());
    route.set_priority(config.priority());
    route.set_retry_count(config.retry_count());
    route.set_timeout_seconds(config.timeout_seconds());
    route.set_available(board_.WouldAllow(config.id()));
    if (!route.available()) {
      const int64_t wait = absl::ToInt64Seconds(board_.RetryAfter(config.id())) + 1;
      route.set_unavailable_reason(
          absl::StrCat("its circuit is open; asked again in ", wait, " s"));
    }
  }
  co_return response;
}

Task<absl::StatusOr<DispatchService::Target>> DispatchService::FindTarget(
    const rpc::Context& context, const std::string& provider_id, const v1::CallOrder& order) {
  // The id goes into URLs and channel ids at the provider.
  if (!base::IsUuid(order.id())) co_return base::InvalidField("order.id", "must be a UUID");
  co_return co_await FindAccount(context, provider_id);
}

Task<absl::StatusOr<DispatchService::Target>> DispatchService::FindAccount(
    const rpc::Context& context, const std::string& provider_id) {
  CTC_CO_ASSIGN_OR_RETURN(AccountPtr account,
                          co_await directory_.Find(context.tenant, provider_id, context.deadline));
  providers::Adapter* adapter = registry_.Find(account->config.provider_type());
  if (adapter == nullptr) {
    co_return base::MakeError(base::kCapabilityMissing, "this provider type is not available");
  }
  Target target{std::move(account), adapter};
  co_return target;
}

Task<absl::StatusOr<v1::PlaceCallResponse>> DispatchService::PlaceCall(
    rpc::Context context, const v1::PlaceCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const Target target,
                          co_await FindTarget(context, request.provider_id(), request.order()));
  const std::string& id = target.account->config.id();
  if (!target.account->config.is_active()) {
    co_return providers::NotSent(base::kNoActiveProvider, "the provider is not active");
  }
  if (!board_.Allow(id)) {
    v1::PlaceCallResponse closed = providers::NotSent(
        base::kProvidersUnavailable, "the provider's circuit is open after repeated failures");
    closed.set_retry_after_seconds(
        static_cast<int32_t>(absl::ToInt64Seconds(board_.RetryAfter(id)) + 1));
    co_return closed;
  }
  const absl::Duration began = clock_.Monotonic();
  v1::PlaceCallResponse response = co_await target.adapter->Place(*target.account, request.order());
  gate_.Report(*target.account, "place", VerdictOf(response),
               v1::PlaceCallResponse::Outcome_Name(response.outcome()), clock_.Monotonic() - began,
               response.error_message());
  co_return response;
}

Task<absl::StatusOr<v1::ControlCallResponse>> DispatchService::ControlCall(
    rpc::Context context, const v1::ControlCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const Target target,
                          co_await FindTarget(context, request.provider_id(), request.order()));
  const absl::Duration began = clock_.Monotonic();
  absl::StatusOr<v1::ControlCallResponse> response =
      co_await target.adapter->Control(*target.account, request);
  const absl::Status status = response.status();
  gate_.Report(*target.account, "control", Gate::VerdictOf(status),
               status.ok() ? "ok" : base::DetailOf(status).code, clock_.Monotonic() - began,
               std::string(status.message()));
  co_return response;
}

Task<absl::StatusOr<v1::LookUpCallResponse>> DispatchService::LookUpCall(
    rpc::Context context, const v1::LookUpCallRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const Target target,
                          co_await FindTarget(context, request.provider_id(), request.order()));
  const Owners owners{session_, clock_, context.tenant};
  const AskProvider ask = [this, &target](const v1::LookUpCallRequest& question) {
    return LookUpAt(target, question);
  };
  co_return co_await LookUpOwnCall(owners, request, ask);
}

Task<absl::StatusOr<v1::LookUpCallResponse>> DispatchService::LookUpAt(
    const Target& target, v1::LookUpCallRequest request) {
  const absl::Duration began = clock_.Monotonic();
  absl::StatusOr<v1::LookUpCallResponse> response =
      co_await target.adapter->LookUp(*target.account, request);
  // A type without a look-up answers by itself: that says nothing of the provider.
  if (response.ok() && response->found() == v1::LookUpCallResponse::CANNOT_ASK) co_return response;
  const bool asked =
      response.ok() && response->found() != v1::LookUpCallResponse::FOUND_UNSPECIFIED;
  gate_.Report(
      *target.account, "look_up",
      response.ok() ? (asked ? Verdict::kGood : Verdict::kBad) : Gate::VerdictOf(response.status()),
      asked ? "ok" : "failed", clock_.Monotonic() - began,
      response.ok() ? "the provider cannot be asked" : std::string(response.status().message()));
  co_return response;
}

Task<absl::StatusOr<v1::FetchRecordingResponse>> DispatchService::FetchRecording(
    rpc::Context context, const v1::FetchRecordingRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const Target target,
                          co_await FindAccount(context, request.provider_id()));
  const std::string& url = request.recording_url();
  if (url.empty()) co_return base::InvalidField("recording_url", "is required");
  RecordingShelf::Fetch fetch = [this, target, url] { return Fetch(target, url); };
  CTC_CO_ASSIGN_OR_RETURN(
      const RecordingShelf::Kept recording,
      co_await shelf_.Get(target.account->config.id() + "\n" + url, std::move(fetch)));
  v1::FetchRecordingResponse response;
  *response.mutable_media() = PieceOf(*recording, url, request.range());
  co_return response;
}

// The account may be gone, and its type with it: every type is asked, and those that keep nothing
// do nothing.
Task<absl::StatusOr<v1::DeleteRecordingResponse>> DispatchService::DeleteRecording(
    rpc::Context /*context*/, const v1::DeleteRecordingRequest& request) {
  if (!base::IsUuid(request.provider_id())) {
    co_return base::InvalidField("provider_id", "must be a UUID");
  }
  for (const auto& [type, adapter] : registry_.all()) {
    CTC_CO_RETURN_IF_ERROR(
        co_await adapter->DeleteRecording(request.provider_id(), request.recording_url()));
  }
  co_return v1::DeleteRecordingResponse{};
}

Task<absl::StatusOr<providers::Recording>> DispatchService::Fetch(Target target, std::string url) {
  const absl::Duration began = clock_.Monotonic();
  absl::StatusOr<providers::Recording> fetched =
      co_await target.adapter->FetchRecording(*target.account, url);
  const absl::Status status = fetched.status();
  // A dead media host is no reason to place no calls, nor a live one to place them again.
  gate_.Count(*target.account, "fetch_recording", status.ok() ? "ok" : base::DetailOf(status).code,
              clock_.Monotonic() - began);
  if (Gate::VerdictOf(status) == Verdict::kBad) {
    observability::Warn("a recording cannot be fetched",
                        {{"provider", target.account->config.id()}, {"error", status}});
  }
  if (base::IsError(status, base::kNotFound)) {
    co_return base::MakeError(base::kRecordingMissing, std::string(status.message()));
  }
  co_return fetched;
}

template <class Response, class Read>
Task<absl::StatusOr<Response>> DispatchService::ReadWith(rpc::Context context, std::string provider,
                                                         std::string tenant_id, Read read) {
  const ProviderTypes::Value type = TypeOf(provider);
  if (type == ProviderTypes::PROVIDER_TYPE_UNSPECIFIED) {
    co_return base::MakeError(base::kUnknownProviderType, "no such provider type");
  }
  Response best;
  best.set_verdict(v1::ReadWebhookResponse::NO_ACCOUNT);
  best.set_reason("the tenant has no account of this type");
  const providers::Adapter* adapter = registry_.Find(type);
  if (adapter == nullptr) co_return best;
  base::TenantId tenant(std::move(tenant_id));
  CTC_CO_ASSIGN_OR_RETURN(const std::shared_ptr<const Accounts> accounts,
                          co_await directory_.Of(std::move(tenant), context.deadline));
  // Inactive accounts too: their calls may still be under way.
  for (const AccountPtr& account : *accounts) {
    if (account->config.provider_type() != type) continue;
    Response response = read(*adapter, *account);
    if (Weight(response.verdict()) > Weight(best.verdict())) best = std::move(response);
    if (Weight(best.verdict()) >= Weight(v1::ReadWebhookResponse::UNREADABLE)) break;
  }
  co_return best;
}

Task<absl::StatusOr<v1::ReadWebhookResponse>> DispatchService::ReadWebhook(
    rpc::Context context, const v1::ReadWebhookRequest& request) {
  auto read = [&](const providers::Adapter& adapter, const providers::Account& account) {
    return adapter.ReadWebhook(account, request.request(), clock_.Now());
  };
  co_return co_await ReadWith<v1::ReadWebhookResponse>(std::move(context), request.provider(),
                                                       request.tenant_id(), std::move(read));
}

Task<absl::StatusOr<v1::ReadFlowResponse>> DispatchService::ReadFlow(
    rpc::Context context, const v1::ReadFlowRequest& request) {
  auto read = [&](const providers::Adapter& adapter, const providers::Account& account) {
    return adapter.ReadFlow(account, request.request(), clock_.Now());
  };
  co_return co_await ReadWith<v1::ReadFlowResponse>(std::move(context), request.provider(),
                                                    request.tenant_id(), std::move(read));
}

Task<absl::StatusOr<v1::RenderFlowResponse>> DispatchService::RenderFlow(
    rpc::Context context, const v1::RenderFlowRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const Target target,
                          co_await FindTarget(context, request.provider_id(), request.order()));
  v1::RenderFlowResponse response;
  CTC_CO_ASSIGN_OR_RETURN(*response.mutable_answer(),
                          target.adapter->RenderFlow(*target.account, request));
  co_return response;
}

}  // namespace ctc::dispatch
