// Finds the route of a path: "/api/v1/voip-providers/{id}/test" and its like, whole segments only.
// Filled once, read-only afterwards (then thread-safe). Pure.
#pragma once

#include <absl/status/status.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctc::gateway {

inline constexpr size_t kMaxPathVariables = 4;

struct PathMatch {
  int route = -1;  // -1: none
  // What stands at the variables, in order, not decoded; views into the path asked for.
  std::array<std::string_view, kMaxPathVariables> variables;
  size_t variable_count = 0;
  // Methods of the path where the method alone did not fit, as "GET, PATCH"; empty: no such path.
  std::string allow;
};

class PathTrie {
 public:
  PathTrie();
  ~PathTrie();
  PathTrie(PathTrie&&) noexcept;
  PathTrie& operator=(PathTrie&&) noexcept;

  // ALREADY_EXISTS when another route has the same method and path; INVALID_ARGUMENT for a template
  // that is not "/" and segments, of which variables are a whole "{name}".
  absl::Status Add(std::string_view method, std::string_view path_template, int route);

  // A literal segment wins over a variable, unless only the variable's path knows the method.
  PathMatch Find(std::string_view method, std::string_view path) const;

 private:
  struct Node;
  static bool Walk(const Node& node, std::string_view method, std::string_view rest,
                   PathMatch& match);

  std::unique_ptr<Node> root_;
};

}  // namespace ctc::gateway
