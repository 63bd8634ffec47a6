#include "services/routing/domain/ways.h"

#include <utility>
#include <vector>

namespace ctc::routing {
namespace {

// Every menu once, after those that it leads to unless they lead back. A tenant's menus may be one
// long chain: no recursion.
std::vector<std::string> InOrderOfLeaving(const Ways& ways) {
  struct Visit {
    std::string menu;
    Ways::mapped_type::const_iterator next;
    Ways::mapped_type::const_iterator end;
  };
  const Ways::mapped_type none;
  std::vector<std::string> left;
  std::set<std::string> seen;
  std::vector<Visit> open;
  const auto enter = [&](const std::string& menu) {
    if (!seen.insert(menu).second) return;
    const auto found = ways.find(menu);
    const Ways::mapped_type& ahead = found == ways.end() ? none : found->second;
    open.push_back({menu, ahead.begin(), ahead.end()});
  };
  for (const auto& [start, ahead] : ways) {
    enter(start);
    while (!open.empty()) {
      Visit& at = open.back();
      if (at.next == at.end) {
        left.push_back(std::move(at.menu));
        open.pop_back();
      } else {
        enter((at.next++)->first);
      }
    }
  }
  return left;
}

// Menus that lead to each other have the same number (Kosaraju's search).
std::map<std::string, size_t> Circles(const Ways& ways) {
  const Ways back = Reversed(ways);
  const std::vector<std::string> left = InOrderOfLeaving(ways);
  std::map<std::string, size_t> numbers;
  for (size_t i = left.size(); i-- > 0;) {
    if (!numbers.emplace(left[i], i).second) continue;
    std::vector<std::string> open = {left[i]};
    while (!open.empty()) {
      const auto found = back.find(open.back());
      open.pop_back();
      if (found == back.end()) continue;
      for (const auto& [menu, key] : found->second) {
        if (numbers.emplace(menu, i).second) open.push_back(menu);
      }
    }
  }
  return numbers;
}

}  // namespace

Ways Reversed(const Ways& ways) {
  Ways back;
  for (const auto& [from, ahead] : ways) {
    for (const auto& [to, key] : ahead) back[to].emplace(from, key);
  }
  return back;
}

std::set<std::string> Reached(const Ways& ways, const std::set<std::string>& from) {
  std::set<std::string> seen = from;
  std::vector<std::string> open(from.begin(), from.end());
  while (!open.empty()) {
    const auto found = ways.find(open.back());
    open.pop_back();
    if (found == ways.end()) continue;
    for (const auto& [next, key] : found->second) {
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return seen;
}

std::map<std::string, std::string> KeysIntoCircles(const Ways& ways) {
  const std::map<std::string, size_t> circles = Circles(ways);
  std::map<std::string, std::string> keys;
  for (const auto& [from, ahead] : ways) {
    const size_t circle = circles.at(from);
    for (const auto& [to, key] : ahead) {
      if (circles.at(to) == circle) keys.emplace(from, key);
    }
  }
  return keys;
}

}  // namespace ctc::routing
