// The ProviderService rpcs: the tenant's accounts. Credentials go in and never come out.
// Thread-safe.
#pragma once

#include "ctc/dispatch/v1/provider_service.pb.h"
#include "libs/base/ids.h"
#include "libs/http/address_guard.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/context.h"
#include "services/dispatch/service/credentials.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/gate.h"
#include "services/dispatch/service/health_board.h"
#include "services/dispatch/service/registry.h"
#include "services/dispatch/store/provider_store.h"

namespace ctc::dispatch {

// What the rpcs stand on; all outlive the service.
struct ProviderServiceParts {
  ProviderStore& store;
  const Keyring& keyring;
  const Registry& registry;
  Directory& directory;
  HealthBoard& board;
  Gate& gate;
  rpc::Channel& session;  // asked whether an account is in use
  base::IdGenerator& ids;
  const base::Clock& clock;
  const http::AddressGuard& guard;
};

class ProviderService {
 public:
  explicit ProviderService(const ProviderServiceParts& parts) : parts_(parts) {}

  Task<absl::StatusOr<v1::CreateProviderResponse>> CreateProvider(
      rpc::Context context, const v1::CreateProviderRequest& request);
  Task<absl::StatusOr<v1::ListProvidersResponse>> ListProviders(
      rpc::Context context, const v1::ListProvidersRequest& request);
  Task<absl::StatusOr<v1::ListProviderTypesResponse>> ListProviderTypes(
      rpc::Context context, const v1::ListProviderTypesRequest& request);
  Task<absl::StatusOr<v1::GetProviderResponse>> GetProvider(rpc::Context context,
                                                            const v1::GetProviderRequest& request);
  Task<absl::StatusOr<v1::UpdateProviderResponse>> UpdateProvider(
      rpc::Context context, const v1::UpdateProviderRequest& request);
  Task<absl::StatusOr<v1::DeleteProviderResponse>> DeleteProvider(
      rpc::Context context, const v1::DeleteProviderRequest& request);
  Task<absl::StatusOr<v1::TestProviderResponse>> TestProvider(
      rpc::Context context, const v1::TestProviderRequest& request);
  Task<absl::StatusOr<v1::GetProviderHealthResponse>> GetProviderHealth(
      rpc::Context context, const v1::GetProviderHealthRequest& request);

 private:
  // Seals `secrets` into `row` and checks the whole account.
  absl::Status Finish(StoredProvider& row, const v1::ProviderSecrets& secrets) const;
  v1::Provider Shown(const StoredProvider& row) const;

  ProviderServiceParts parts_;
};

}  // namespace ctc::dispatch
