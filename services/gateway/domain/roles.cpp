#include "services/gateway/domain/roles.h"

#include <algorithm>

namespace ctc::gateway {
namespace {

// An agent's token lives in a browser: it reads and controls the agent's own calls, nothing else.
constexpr std::string_view kAgentScopes[] = {"calls:read",  "calls:write",    "recordings:write",
                                             "agents:read", "activity:write", "stats:read",
                                             "me:read"};
constexpr std::string_view kSupervisorScopes[] = {
    "calls:read",       "calls:write",   "monitoring:write", "recordings:read",
    "recordings:write", "agents:read",   "agents:write",     "activity:write",
    "providers:read",   "routing:read",  "routing:write",    "compliance:read",
    "compliance:write", "webhooks:read", "stats:read",       "me:read"};
constexpr std::string_view kAdminScopes[] = {"*"};

bool Covered(std::string_view scope, std::string_view needed) {
  if (scope == "*" || scope == needed) return true;
  return scope.size() > 2 && scope.ends_with(":*") &&
         needed.starts_with(scope.substr(0, scope.size() - 1));
}

}  // namespace

std::optional<TokenRole> ParseRole(std::string_view name) {
  if (name == "AGENT") return TokenRole::kAgent;
  if (name == "SUPERVISOR") return TokenRole::kSupervisor;
  if (name == "ADMIN") return TokenRole::kAdmin;
  return std::nullopt;
}

std::string_view RoleName(TokenRole role) {
  switch (role) {
    case TokenRole::kAgent:
      return "AGENT";
    case TokenRole::kSupervisor:
      return "SUPERVISOR";
    case TokenRole::kAdmin:
      return "ADMIN";
  }
  return "";
}

std::span<const std::string_view> ScopesOf(TokenRole role) {
  switch (role) {
    case TokenRole::kAgent:
      return kAgentScopes;
    case TokenRole::kSupervisor:
      return kSupervisorScopes;
    case TokenRole::kAdmin:
      return kAdminScopes;
  }
  return {};
}

bool Covers(std::span<const std::string> granted, std::string_view needed) {
  return std::any_of(granted.begin(), granted.end(),
                     [&](const std::string& scope) { return Covered(scope, needed); });
}

bool IsScope(std::string_view text) {
  if (text == "*") return true;
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || text.size() > 40) return false;
  const std::string_view area = text.substr(0, colon);
  const std::string_view verb = text.substr(colon + 1);
  return std::all_of(area.begin(), area.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }) &&
         (verb == "read" || verb == "write" || verb == "*");
}

std::optional<std::vector<std::string>> ListedScopes(const std::vector<std::string>& scopes) {
  if (scopes.empty()) return std::nullopt;
  return scopes;
}

std::vector<std::string> EffectiveScopes(TokenRole role,
                                         const std::optional<std::vector<std::string>>& own) {
  const auto allowed = ScopesOf(role);
  std::vector<std::string> scopes;
  if (!own) {
    scopes.assign(allowed.begin(), allowed.end());
    return scopes;
  }
  const auto add = [&](std::string_view scope) {
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.emplace_back(scope);
  };
  for (const std::string& wanted : *own) {
    for (std::string_view scope : allowed) {
      if (Covered(scope, wanted))
        add(wanted);
      else if (Covered(wanted, scope))
        add(scope);  // "calls:*" of an agent: what the role has of it
    }
  }
  return scopes;
}

}  // namespace ctc::gateway
