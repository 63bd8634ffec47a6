#include "services/gateway/service/gateway_service.h"

#include "ctc/gateway/v1/gateway_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/gateway/domain/roles.h"

namespace ctc::gateway {
namespace {

void ToProto(const ApiKeyRecord& record, v1::ApiKey& key) {
  key.set_id(record.id);
  key.set_name(record.name);
  key.set_prefix(record.prefix);
  key.set_role(record.role);
  for (const std::string& scope : record.scopes) key.add_scopes(scope);
  key.set_agent_id(record.agent_id);
  if (record.expires_at != absl::InfiniteFuture()) {
    *key.mutable_expires_at() = base::ToProto(record.expires_at);
  }
  *key.mutable_created_at() = base::ToProto(record.created_at);
}

NewApiKey ToNewKey(const rpc::Context& context, const v1::CreateApiKeyRequest& request) {
  NewApiKey key;
  key.tenant = context.tenant;
  key.name = request.name();
  if (request.has_role()) key.role = request.role();
  key.scopes.assign(request.scopes().begin(), request.scopes().end());
  key.agent_id = request.agent_id();
  if (request.has_expires_at()) {
    key.expires_at = base::FromProto(request.expires_at());
  }
  return key;
}

std::string_view NameOf(rpc::Role role) {
  switch (role) {
    case rpc::Role::kAgent:
      return RoleName(TokenRole::kAgent);
    case rpc::Role::kSupervisor:
      return RoleName(TokenRole::kSupervisor);
    case rpc::Role::kAdmin:
      return RoleName(TokenRole::kAdmin);
    case rpc::Role::kService:
      return "SERVICE";
    case rpc::Role::kNone:
      return "";
  }
  return "";
}

// Nobody makes a key that may do more than he may himself.
absl::Status CheckNoMore(const rpc::Context& context, const NewApiKey& wanted) {
  const std::optional<TokenRole> role = ParseRole(wanted.role);
  if (!role) return absl::OkStatus();  // minting names the fault
  for (const std::string& scope : EffectiveScopes(*role, ListedScopes(wanted.scopes))) {
    if (Covers(context.principal.scopes, scope)) continue;
    base::ErrorDetail extra;
    extra.metadata["scope"] = scope;
    return base::MakeError(base::kScopeMissing, "The key would have a scope that your token lacks.",
                           std::move(extra));
  }
  return absl::OkStatus();
}

}  // namespace

void GatewayService::Bind(rpc::HandlerMap& handlers) {
  namespace GatewayServiceRpc = v1::GatewayServiceRpc;
  CTC_BIND(handlers, GatewayServiceRpc, *this, CreateApiKey);
  CTC_BIND(handlers, GatewayServiceRpc, *this, ListApiKeys);
  CTC_BIND(handlers, GatewayServiceRpc, *this, DeleteApiKey);
  CTC_BIND(handlers, GatewayServiceRpc, *this, GetMe);
}

Task<absl::StatusOr<v1::CreateApiKeyResponse>> GatewayService::CreateApiKey(
    rpc::Context context, const v1::CreateApiKeyRequest& request) {
  const NewApiKey wanted = ToNewKey(context, request);
  CTC_CO_RETURN_IF_ERROR(CheckNoMore(context, wanted));
  CTC_CO_ASSIGN_OR_RETURN(const MintedKey key, MintApiKey(ids_, clock_, wanted));
  CTC_CO_RETURN_IF_ERROR(co_await store_.Insert(context.deadline, key.record));
  v1::CreateApiKeyResponse response;
  response.set_token(key.token);
  ToProto(key.record, *response.mutable_api_key());
  co_return response;
}

Task<absl::StatusOr<v1::ListApiKeysResponse>> GatewayService::ListApiKeys(
    rpc::Context context, const v1::ListApiKeysRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kApiKeyOrders, context.tenant, request));
  CTC_CO_ASSIGN_OR_RETURN(const ApiKeyPage found,
                          co_await store_.List(context.deadline, context.tenant, page));
  v1::ListApiKeysResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (const ApiKeyRecord& record : found.keys) ToProto(record, *response.add_api_keys());
  co_return response;
}

Task<absl::StatusOr<v1::DeleteApiKeyResponse>> GatewayService::DeleteApiKey(
    rpc::Context context, const v1::DeleteApiKeyRequest& request) {
  if (!base::IsUuid(request.id())) {
    co_return base::MakeError(base::kNotFound, "There is no such key.");
  }
  CTC_CO_ASSIGN_OR_RETURN(
      const std::string hash,
      co_await store_.Revoke(context.deadline, context.tenant, request.id(), clock_.Now()));
  authenticator_.Forget(hash);
  co_return v1::DeleteApiKeyResponse();
}

Task<absl::StatusOr<v1::GetMeResponse>> GatewayService::GetMe(rpc::Context context,
                                                              const v1::GetMeRequest&) {
  v1::GetMeResponse response;
  response.set_tenant_id(context.tenant.value());
  response.set_subject(context.principal.subject);
  response.set_role(std::string(NameOf(context.principal.role)));
  for (const std::string& scope : context.principal.scopes) response.add_scopes(scope);
  response.set_agent_id(context.principal.agent_id);
  co_return response;
}

}  // namespace ctc::gateway
