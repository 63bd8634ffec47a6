// See context.h.
#include "libs/rpc/context.h"

namespace ctc::rpc {

Context Context::ForService(base::TenantId tenant, absl::Time deadline) {
  Context context;
  context.tenant = std::move(tenant);
  context.principal.subject = "service";
  context.principal.role = Role::kService;
  context.principal.scopes = {"*"};
  context.deadline = deadline;
  return context;
}

}  // namespace ctc::rpc
