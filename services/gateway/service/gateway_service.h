// The gateway's own rpcs: keys of a tenant, and who the caller is.
#pragma once

#include "ctc/gateway/v1/gateway_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/rpc/handler_map.h"
#include "services/gateway/service/authenticator.h"
#include "services/gateway/store/api_key_store.h"

namespace ctc::gateway {

class GatewayService {
 public:
  GatewayService(ApiKeyStore& store, Authenticator& authenticator, const base::Clock& clock,
                 base::Random& random)
      : store_(store), authenticator_(authenticator), clock_(clock), ids_(clock, random) {}

  void Bind(rpc::HandlerMap& handlers);

  Task<absl::StatusOr<v1::CreateApiKeyResponse>> CreateApiKey(
      rpc::Context context, const v1::CreateApiKeyRequest& request);
  Task<absl::StatusOr<v1::ListApiKeysResponse>> ListApiKeys(rpc::Context context,
                                                            const v1::ListApiKeysRequest& request);
  Task<absl::StatusOr<v1::DeleteApiKeyResponse>> DeleteApiKey(
      rpc::Context context, const v1::DeleteApiKeyRequest& request);
  Task<absl::StatusOr<v1::GetMeResponse>> GetMe(rpc::Context context,
                                                const v1::GetMeRequest& request);

 private:
  ApiKeyStore& store_;
  Authenticator& authenticator_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
};

}  // namespace ctc::gateway
