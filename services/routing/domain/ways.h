// Which menus lead to which, and in what circles. Pure; time and space go with the number of ways.
#pragma once

#include <map>
#include <set>
#include <string>

namespace ctc::routing {

// By menu, the menus that it leads to, with the key that does.
using Ways = std::map<std::string, std::map<std::string, std::string>>;

// The same ways, gone backwards.
Ways Reversed(const Ways& ways);

// Menus that can be come to from any of `from`, and those themselves.
std::set<std::string> Reached(const Ways& ways, const std::set<std::string>& from);

// By menu, the key by which a circle through it begins. Only menus that a way leads back to.
std::map<std::string, std::string> KeysIntoCircles(const Ways& ways);

}  // namespace ctc::routing
