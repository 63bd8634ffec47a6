#include "services/gateway/domain/path_trie.h"

#include <absl/strings/str_cat.h>

namespace ctc::gateway {

struct PathTrie::Node {
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> variable;
  std::vector<std::pair<std::string, int>> methods;

  const Node* Literal(std::string_view segment) const {
    for (const auto& [text, node] : literals) {
      if (text == segment) return node.get();
    }
    return nullptr;
  }
};

PathTrie::PathTrie() : root_(std::make_unique<Node>()) {}
PathTrie::~PathTrie() = default;
PathTrie::PathTrie(PathTrie&&) noexcept = default;
PathTrie& PathTrie::operator=(PathTrie&&) noexcept = default;

namespace {

// Cuts the first segment off "/a/b"; false when the text does not begin with "/".
bool NextSegment(std::string_view& rest, std::string_view& segment) {
  if (rest.empty() || rest[0] != '/') return false;
  rest.remove_prefix(1);
  const size_t end = std::min(rest.find('/'), rest.size());
  segment = rest.substr(0, end);
  rest.remove_prefix(end);
  return true;
}

}  // namespace

absl::Status PathTrie::Add(std::string_view method, std::string_view path_template, int route) {
  Node* node = root_.get();
  std::string_view rest = path_template;
  std::string_view segment;
  size_t variables = 0;
  const auto shown = absl::string_view(path_template.data(), path_template.size());
  while (!rest.empty()) {
    if (!NextSegment(rest, segment) || segment.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("bad path template ", shown));
    }
    const bool variable = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
    const std::string_view name = variable ? segment.substr(1, segment.size() - 2) : segment;
    if (name.find_first_of("{}*:=") != std::string_view::npos ||
        (variable && ++variables > kMaxPathVariables)) {
      return absl::InvalidArgumentError(absl::StrCat("path template not supported: ", shown));
    }
    if (variable) {
      if (node->variable == nullptr) node->variable = std::make_unique<Node>();
      node = node->variable.get();
      continue;
    }
    if (node->Literal(segment) == nullptr) {
      node->literals.emplace_back(std::string(segment), std::make_unique<Node>());
    }
    for (auto& [text, child] : node->literals) {
      if (text == segment) {
        node = child.get();
        break;
      }
    }
  }
  for (const auto& [known, other] : node->methods) {
    if (known == method) {
      return absl::AlreadyExistsError(absl::StrCat("two routes for ", shown));
    }
  }
  node->methods.emplace_back(std::string(method), route);
  return absl::OkStatus();
}

bool PathTrie::Walk(const Node& node, std::string_view method, std::string_view rest,
                    PathMatch& match) {
  if (rest.empty()) {
    for (const auto& [known, route] : node.methods) {
      if (known == method) {
        match.route = route;
        return true;
      }
    }
    for (const auto& [known, route] : node.methods) {
      absl::StrAppend(&match.allow, match.allow.empty() ? "" : ", ", known);
    }
    return false;
  }
  std::string_view segment;
  if (!NextSegment(rest, segment) || segment.empty()) return false;
  if (const Node* literal = node.Literal(segment);
      literal != nullptr && Walk(*literal, method, rest, match)) {
    return true;
  }
  if (node.variable == nullptr || match.variable_count == kMaxPathVariables) return false;
  match.variables[match.variable_count++] = segment;
  if (Walk(*node.variable, method, rest, match)) return true;
  --match.variable_count;
  return false;
}

PathMatch PathTrie::Find(std::string_view method, std::string_view path) const {
  PathMatch match;
  Walk(*root_, method, path, match);
  return match;
}

}  // namespace ctc::gateway
