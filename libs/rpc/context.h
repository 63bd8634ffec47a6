// Who asks, for whom and until when: the first parameter of every rpc. A value; copied, never
// shared.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <vector>

#include "libs/base/ids.h"

namespace ctc::rpc {

enum class Role { kNone, kAgent, kSupervisor, kAdmin, kService };

// The caller, as the gateway authenticated it.
struct Principal {
  std::string subject;  // key id or JWT subject
  Role role = Role::kNone;
  std::string agent_id;             // set for kAgent: sees only this agent's calls
  std::vector<std::string> scopes;  // "calls:write"; "*" is every scope
};

struct Context {
  base::TenantId tenant;
  Principal principal;
  std::string request_id;
  std::string traceparent;  // W3C, empty when there is none
  absl::Time deadline = absl::InfiniteFuture();
  // From the edge; only what the rpc itself must know of.
  std::string idempotency_key;
  bool prefer_async = false;
  // For one of our own background tasks: full rights in the given tenant.
  static Context ForService(base::TenantId tenant, absl::Time deadline);
};

}  // namespace ctc::rpc
