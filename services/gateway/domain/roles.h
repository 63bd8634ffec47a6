// What each role may do, and whether a list of scopes covers one. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctc::gateway {

// The roles a token can have at the edge.
enum class TokenRole { kAgent, kSupervisor, kAdmin };

// "AGENT", "SUPERVISOR", "ADMIN".
std::optional<TokenRole> ParseRole(std::string_view name);
std::string_view RoleName(TokenRole role);

// Scopes of a token that says nothing of its own. "*" is every scope.
std::span<const std::string_view> ScopesOf(TokenRole role);

// True when `needed` ("calls:write") is among `granted`, by itself, as "calls:*" or as "*".
bool Covers(std::span<const std::string> granted, std::string_view needed);

// True for "area:read", "area:write", "area:*" and "*": what a key may be given.
bool IsScope(std::string_view text);

// The scopes of an API key as they are listed: an empty list says nothing of them.
std::optional<std::vector<std::string>> ListedScopes(const std::vector<std::string>& scopes);

// The scopes of a token: its own, or its role's when it says nothing of them, and never more than
// the role has.
std::vector<std::string> EffectiveScopes(TokenRole role,
                                         const std::optional<std::vector<std::string>>& own);

}  // namespace ctc::gateway
