#include "services/dispatch/service/provider_service.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/dispatch/domain/provider_check.h"

namespace ctc::dispatch {
namespace {

constexpr int kDefaultRetryCount = 3;
constexpr int kDefaultTimeoutSeconds = 30;
constexpr size_t kMaxSecretBytes = 8 << 10;

// Request is a CreateProviderRequest or an UpdateProviderRequest: the fields both may leave out.
template <class Request>
void CopyOptional(const Request& request, v1::Provider& p) {
  if (request.has_caller_id()) p.set_caller_id(request.caller_id());
  if (request.has_dial_plan_prefix()) p.set_dial_plan_prefix(request.dial_plan_prefix());
  if (request.has_callback_url()) p.set_callback_url(request.callback_url());
  if (request.has_account_sid()) p.set_account_sid(request.account_sid());
  if (request.has_application_id()) p.set_application_id(request.application_id());
  if (request.has_region()) p.set_region(request.region());
  if (request.has_settings()) *p.mutable_settings() = request.settings();
  if (request.has_is_active()) p.set_is_active(request.is_active());
  if (request.has_retry_count()) p.set_retry_count(request.retry_count());
  if (request.has_timeout_seconds()) p.set_timeout_seconds(request.timeout_seconds());
  if (request.has_priority()) p.set_priority(request.priority());
}

// An empty text removes a credential; an absent field keeps it.
template <class Request>
void CopySecrets(const Request& request, v1::ProviderSecrets& secrets) {
  if (request.has_api_key()) secrets.set_api_key(request.api_key());
  if (request.has_api_secret()) secrets.set_api_secret(request.api_secret());
  if (request.has_auth_token()) secrets.set_auth_token(request.auth_token());
  if (request.has_webhook_secret()) secrets.set_webhook_secret(request.webhook_secret());
  if (request.has_private_key()) secrets.set_private_key(request.private_key());
}

void CheckSecrets(const v1::ProviderSecrets& secrets, std::vector<base::FieldError>& faults) {
  const std::pair<const char*, const std::string*> fields[] = {
      {"api_key", &secrets.api_key()},         {"api_secret", &secrets.api_secret()},
      {"auth_token", &secrets.auth_token()},   {"webhook_secret", &secrets.webhook_secret()},
      {"private_key", &secrets.private_key()},
  };
  for (const auto& [name, value] : fields) {
    if (value->size() > kMaxSecretBytes) faults.push_back({name, "must be at most 8 kB"});
    // A line break would end the Authorization header; only a PEM has any.
    if (value != &secrets.private_key() && value->find_first_of("\r\n") != std::string::npos) {
      faults.push_back({name, "must not hold line breaks"});
    }
  }
}

// A tenant may not send us to our own machine and network (SSRF). Names are judged when resolved.
void CheckHosts(const v1::Provider& provider, const http::AddressGuard& guard,
                std::vector<base::FieldError>& faults) {
  const std::pair<const char*, const std::string*> fields[] = {
      {"api_url", &provider.api_url()}, {"callback_url", &provider.callback_url()}};
  for (const auto& [name, url] : fields) {
    if (!IsHttpUrl(*url) || guard.AllowsHostOf(*url)) continue;
    faults.push_back({name,
                      "must be a public address, or of a network of the operator's setting "
                      "dispatch.allowed_networks"});
  }
}

absl::Status UnusableType(const Registry& registry) {
  return base::InvalidField("provider_type",
                            absl::StrCat("this release can use ", registry.Names()));
}

}  // namespace

v1::Provider ProviderService::Shown(const StoredProvider& row) const {
  v1::Provider shown = row.provider;
  shown.set_webhook_url(parts_.directory.WebhookUrl(row.tenant, row.provider));
  if (const auto* adapter = parts_.registry.Find(row.provider.provider_type())) {
    for (std::string& name : adapter->CapabilitiesOf(row.provider)) {
      shown.add_capabilities(std::move(name));
    }
  }
  return shown;
}

absl::Status ProviderService::Finish(StoredProvider& row,
                                     const v1::ProviderSecrets& secrets) const {
  const providers::Adapter* adapter = parts_.registry.Find(row.provider.provider_type());
  if (adapter == nullptr) return UnusableType(parts_.registry);
  std::vector<base::FieldError> faults =
      CheckProvider(row.provider, adapter->ChecksApiUrl(row.provider));
  CheckHosts(row.provider, parts_.guard, faults);
  CheckSecrets(secrets, faults);
  CTC_ASSIGN_OR_RETURN(row.sealed, parts_.keyring.Seal(secrets, row.tenant, row.provider.id()));
  row.provider.clear_credentials_set();
  for (std::string& name : NamesOf(secrets)) row.provider.add_credentials_set(std::move(name));
  CTC_ASSIGN_OR_RETURN(const AccountPtr account, parts_.directory.Open(row));
  if (const absl::Status own = adapter->CheckAccount(*account); !own.ok()) {
    for (base::FieldError& fault : base::DetailOf(own).fields) faults.push_back(std::move(fault));
  }
  return ToStatus(std::move(faults));
}

Task<absl::StatusOr<v1::CreateProviderResponse>> ProviderService::CreateProvider(
    rpc::Context context, const v1::CreateProviderRequest& request) {
  StoredProvider row;
  row.tenant = context.tenant;
  v1::Provider& p = row.provider;
  p.set_id(parts_.ids.Uuid());
  p.set_provider_name(request.provider_name());
  p.set_provider_type(request.provider_type());
  p.set_api_url(request.api_url());
  p.set_phone_number(request.phone_number());
  p.set_is_active(true);
  p.set_retry_count(kDefaultRetryCount);
  p.set_timeout_seconds(kDefaultTimeoutSeconds);
  p.set_priority(1);
  CopyOptional(request, p);
  *p.mutable_created_at() = base::ToProto(parts_.clock.Now());
  *p.mutable_updated_at() = p.created_at();
  v1::ProviderSecrets secrets;
  CopySecrets(request, secrets);
  CTC_CO_RETURN_IF_ERROR(Finish(row, secrets));
  CTC_CO_RETURN_IF_ERROR(co_await parts_.store.Insert(row, context.deadline));
  parts_.directory.Forget(row.tenant);
  v1::CreateProviderResponse response;
  *response.mutable_provider() = Shown(row);
  co_return response;
}

Task<absl::StatusOr<v1::ListProvidersResponse>> ProviderService::ListProviders(
    rpc::Context context, const v1::ListProvidersRequest& request) {
  ProviderFilter filter;
  if (request.has_provider_type()) {
    const ProviderTypes::Value type = TypeOf(request.provider_type());
    if (type == ProviderTypes::PROVIDER_TYPE_UNSPECIFIED) {
      co_return base::InvalidField("provider_type", "is not known");
    }
    filter.type = ProviderTypes::Value_Name(type);
  }
  if (request.has_is_active()) filter.is_active = request.is_active() ? 1 : 0;
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kProviderOrders, context.tenant, request));
  CTC_CO_ASSIGN_OR_RETURN(
      const ProviderPage found,
      co_await parts_.store.List(context.tenant, filter, page, context.deadline));
  v1::ListProvidersResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (const StoredProvider& row : found.providers) *response.add_providers() = Shown(row);
  co_return response;
}

Task<absl::StatusOr<v1::ListProviderTypesResponse>> ProviderService::ListProviderTypes(
    rpc::Context, const v1::ListProviderTypesRequest&) {
  v1::ListProviderTypesResponse response;
  for (const auto& [type, adapter] : parts_.registry.all()) {
    *response.add_types() = adapter->Describe();
  }
  response.set_total(response.types_size());
  co_return response;
}

Task<absl::StatusOr<v1::GetProviderResponse>> ProviderService::GetProvider(
    rpc::Context context, const v1::GetProviderRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(
      const StoredProvider row,
      co_await parts_.store.Get(context.tenant, request.id(), context.deadline));
  v1::GetProviderResponse response;
  *response.mutable_provider() = Shown(row);
  co_return response;
}

Task<absl::StatusOr<v1::UpdateProviderResponse>> ProviderService::UpdateProvider(
    rpc::Context context, const v1::UpdateProviderRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(StoredProvider row, co_await parts_.store.Get(
                                                  context.tenant, request.id(), context.deadline));
  CTC_CO_ASSIGN_OR_RETURN(v1::ProviderSecrets secrets,
                          parts_.keyring.Unseal(row.sealed, row.tenant, row.provider.id()));
  v1::Provider& p = row.provider;
  if (request.has_provider_name()) p.set_provider_name(request.provider_name());
  if (request.has_api_url()) p.set_api_url(request.api_url());
  if (request.has_phone_number()) p.set_phone_number(request.phone_number());
  CopyOptional(request, p);
  CopySecrets(request, secrets);
  *p.mutable_updated_at() = base::ToProto(parts_.clock.Now());
  CTC_CO_RETURN_IF_ERROR(Finish(row, secrets));
  CTC_CO_RETURN_IF_ERROR(co_await parts_.store.Update(row, context.deadline));
  parts_.directory.Forget(row.tenant);
  v1::UpdateProviderResponse response;
  *response.mutable_provider() = Shown(row);
  co_return response;
}

Task<absl::StatusOr<v1::DeleteProviderResponse>> ProviderService::DeleteProvider(
    rpc::Context context, const v1::DeleteProviderRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(
      const StoredProvider row,
      co_await parts_.store.Get(context.tenant, request.id(), context.deadline));
  session::v1::ListLiveSessionsRequest live_request;
  live_request.set_provider_id(row.provider.id());
  CTC_CO_ASSIGN_OR_RETURN(
      const session::v1::ListLiveSessionsResponse live,
      co_await rpc::Call(parts_.session, session::v1::SessionServiceRpc::kListLiveSessions,
                         rpc::Context::ForService(context.tenant, context.deadline), live_request));
  if (live.sessions_size() > 0) {
    co_return base::MakeError(
        base::kInUse, absl::StrCat("the provider carries ", live.sessions_size(), " live call(s)"));
  }
  CTC_CO_RETURN_IF_ERROR(
      co_await parts_.store.Delete(context.tenant, request.id(), context.deadline));
  parts_.directory.Forget(context.tenant);
  parts_.board.Forget(request.id());
  co_return v1::DeleteProviderResponse();
}

Task<absl::StatusOr<v1::TestProviderResponse>> ProviderService::TestProvider(
    rpc::Context context, const v1::TestProviderRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(
      const AccountPtr account,
      co_await parts_.directory.Find(context.tenant, request.id(), context.deadline));
  const absl::Duration began = parts_.clock.Monotonic();
  const absl::StatusOr<std::string> answer = co_await parts_.gate.Check(account);
  v1::TestProviderResponse response;
  response.set_latency_ms(
      static_cast<int32_t>(absl::ToInt64Milliseconds(parts_.clock.Monotonic() - began)));
  response.set_success(answer.ok());
  if (answer.ok()) {
    response.set_message(*answer);
  } else {
    const base::ErrorDetail detail = base::DetailOf(answer.status());
    response.set_error_code(detail.code);
    response.set_message(absl::StrCat(answer.status().message(), ". ", detail.action));
  }
  co_return response;
}

Task<absl::StatusOr<v1::GetProviderHealthResponse>> ProviderService::GetProviderHealth(
    rpc::Context context, const v1::GetProviderHealthRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(
      const AccountPtr account,
      co_await parts_.directory.Find(context.tenant, request.id(), context.deadline));
  v1::GetProviderHealthResponse response;
  *response.mutable_health() = parts_.board.Describe(account->config.id());
  co_return response;
}

}  // namespace ctc::dispatch
