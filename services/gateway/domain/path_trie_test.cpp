#include "services/gateway/domain/path_trie.h"

#include <catch2/catch.hpp>

namespace ctc::gateway {
namespace {

PathTrie Sample() {
  PathTrie trie;
  REQUIRE(trie.Add("GET", "/providers", 0).ok());
  REQUIRE(trie.Add("POST", "/providers", 1).ok());
  REQUIRE(trie.Add("GET", "/providers/{id}", 2).ok());
  REQUIRE(trie.Add("POST", "/providers/simulate", 3).ok());
  REQUIRE(trie.Add("GET", "/providers/types", 4).ok());
  REQUIRE(trie.Add("POST", "/providers/{id}/legs/{leg}", 5).ok());
  return trie;
}

TEST_CASE("a path is found by whole segments", "[trie]") {
  const PathTrie trie = Sample();
  CHECK(trie.Find("GET", "/providers").route == 0);
  CHECK(trie.Find("POST", "/providers").route == 1);
  CHECK(trie.Find("GET", "/providers/types").route == 4);
  const PathMatch match = trie.Find("POST", "/providers/p%2F1/legs/customer");
  CHECK(match.route == 5);
  CHECK(match.variable_count == 2);
  CHECK(match.variables[0] == "p%2F1");
  CHECK(match.variables[1] == "customer");
}

TEST_CASE("a literal wins unless only the variable knows the method", "[trie]") {
  const PathTrie trie = Sample();
  CHECK(trie.Find("POST", "/providers/simulate").route == 3);
  const PathMatch match = trie.Find("GET", "/providers/simulate");
  CHECK(match.route == 2);
  CHECK(match.variables[0] == "simulate");
}

TEST_CASE("what is not there has no methods, a wrong method has the others", "[trie]") {
  const PathTrie trie = Sample();
  const char* path = GENERATE("", "/", "providers", "/provider", "/providers/", "//providers",
                              "/providers//legs/x", "/providers/1/legs", "/providers/1/legs/2/3");
  INFO(path);
  CHECK(trie.Find("GET", path).route == -1);
  CHECK(trie.Find("GET", path).allow.empty());
  CHECK(trie.Find("DELETE", "/providers").allow == "GET, POST");
}

TEST_CASE("two routes of one path and odd templates are refused", "[trie]") {
  PathTrie trie = Sample();
  CHECK(absl::IsAlreadyExists(trie.Add("GET", "/providers/{name}", 9)));
  CHECK_FALSE(trie.Add("GET", "no/slash", 9).ok());
  CHECK_FALSE(trie.Add("GET", "/a/{b=**}", 9).ok());
  CHECK_FALSE(trie.Add("GET", "/a/b:verb", 9).ok());
  CHECK_FALSE(trie.Add("GET", "/{a}/{b}/{c}/{d}/{e}", 9).ok());
}

}  // namespace
}  // namespace ctc::gateway
