// Who a token stands for.
#pragma once

#include <absl/time/time.h>

#include <memory>

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/rpc/context.h"
#include "services/gateway/domain/roles.h"

namespace ctc::gateway {

struct Caller {
  base::TenantId tenant;
  rpc::Principal principal;  // its scopes are the effective ones
  absl::Time expires_at = absl::InfiniteFuture();
};

// Shared by the cache and the requests under way.
using CallerPtr = std::shared_ptr<const Caller>;

// The principal of a token with this role and these scopes; nullopt: those of the role.
rpc::Principal MakePrincipal(std::string subject, TokenRole role, std::string agent_id,
                             const std::optional<std::vector<std::string>>& own_scopes);

}  // namespace ctc::gateway
