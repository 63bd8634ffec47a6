// Ids that travel with a request, and the path that finds its rpc. A line each.
#include "services/gateway/domain/request_identity.h"

#include <algorithm>

#include "services/gateway/domain/path_trie.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

class Zeros final : public base::Random {
 public:
  void Fill(std::span<unsigned char> bytes) override {
    std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(7));
  }
};

const gateway::PathTrie& Routes() {
  static const gateway::PathTrie trie = [] {
    gateway::PathTrie made;
    int route = 0;
    for (const char* path : {"/api/v1/me", "/api/v1/voip-providers", "/api/v1/voip-providers/types",
                             "/api/v1/voip-providers/{id}", "/api/v1/voip-providers/{id}/test"}) {
      Require(made.Add("GET", path, route++).ok(), "a route can be added");
    }
    return made;
  }();
  return trie;
}

void CheckPath(std::string_view path) {
  const gateway::PathMatch match = Routes().Find("GET", path);
  if (match.route < 0) return;
  for (size_t i = 0; i < match.variable_count; ++i) {
    Require(match.variables[i].find('/') == std::string_view::npos, "a variable is one segment");
    Require(!match.variables[i].empty(), "a variable is not empty");
  }
}

}  // namespace

void RequestIdentity(std::string_view bytes) {
  Zeros random;
  while (!bytes.empty()) {
    const std::string_view line = TakeLine(bytes);
    const std::string next = gateway::NextTraceparent(line, random);
    Require(gateway::IsTraceparent(next), "the next trace is well-formed");
    if (gateway::IsTraceparent(line)) {
      Require(next.substr(3, 32) == line.substr(3, 32), "a trace goes on");
    }
    if (gateway::IsRequestId(line)) Require(line.size() <= 128, "a request id is short");
    if (gateway::IsIdempotencyKey(line)) Require(line.size() <= 255, "a key is short");
    if (gateway::IsTenantId(line)) Require(line.size() <= 64, "a tenant is short");
    CheckPath(line);
  }
}

}  // namespace ctc::fuzz
