#include "tests/contract/compatibility.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/contract/proto_source.h"

namespace ctc::contract {
namespace {

using Catch::Matchers::Equals;

google::protobuf::FileDescriptorSet SetOf(const std::string& body) {
  const std::string path = "ctc/old/v1/old.proto";
  ProtoSource source({{path,
                       "syntax = \"proto3\"; package ctc.old.v1;"
                       "import \"ctc/common/v1/options.proto\";"
                       "import \"google/api/annotations.proto\";" +
                           body}});
  const auto* file = source.Import(path);
  INFO(source.Errors());
  REQUIRE(file != nullptr);
  return ToSet({file});
}

std::string Service(const std::string& path, const std::string& scope) {
  return "service S { rpc X(M) returns (M) { option (google.api.http) = {get: \"" + path +
         "\"}; option (ctc.common.v1.rpc) = {scope: \"" + scope + "\"}; } } message M {}";
}

TEST_CASE("additions to a released contract are no breach", "[contract]") {
  CHECK(Breaches(SetOf("message M { string a = 1; } enum E { E_UNSPECIFIED = 0; }"),
                 SetOf("message M { string a = 1; string b = 2; message N {} }"
                       "enum E { E_UNSPECIFIED = 0; NEW = 1; } message O {}"))
            .empty());
}

TEST_CASE("what a client relies on cannot be taken away or changed", "[contract]") {
  struct Case {
    std::string before, after;
    std::vector<std::string> breaches;
  };
  const std::string field =
      "field ctc.old.v1.M.a: was \"1 LABEL_OPTIONAL TYPE_STRING json a\", is ";
  const Case c = GENERATE_COPY(values<Case>({
      {"message M { string a = 1; }",
       "message M { reserved 1; }",
       {"field ctc.old.v1.M.a: removed"}},
      {"message M { string a = 1; }",
       "message M { string a = 2; }",
       {field + "\"2 LABEL_OPTIONAL TYPE_STRING json a\""}},
      {"message M { string a = 1; }",
       "message M { bytes a = 1; }",
       {field + "\"1 LABEL_OPTIONAL TYPE_BYTES json a\""}},
      {"message M { string a = 1; }",
       "message M { repeated string a = 1; }",
       {field + "\"1 LABEL_REPEATED TYPE_STRING json a\""}},
      {"message M { string a = 1; }",
       "message M { optional string a = 1; }",
       {field + "\"1 LABEL_OPTIONAL TYPE_STRING json a optional\""}},
      {"message M { string a = 1; }",
       "message M { string a = 1 [json_name = \"b\"]; }",
       {field + "\"1 LABEL_OPTIONAL TYPE_STRING json b\""}},
      {"message M { message N {} }", "message M {}", {"message ctc.old.v1.M.N: removed"}},
      {"enum E { E_UNSPECIFIED = 0; A = 1; }",
       "enum E { E_UNSPECIFIED = 0; A = 2; }",
       {"enum value ctc.old.v1.E.A: was \"1\", is \"2\""}},
      {Service("/a", "c:read"), "message M {}", {"rpc ctc.old.v1.S.X: removed"}},
  }));
  CAPTURE(c.after);
  CHECK_THAT(Breaches(SetOf(c.before), SetOf(c.after)), Equals(c.breaches));
}

TEST_CASE("a path or scope that changes is a breach", "[contract]") {
  CHECK(Breaches(SetOf(Service("/a", "c:read")), SetOf(Service("/b", "c:read"))).size() == 1);
  CHECK(Breaches(SetOf(Service("/a", "c:read")), SetOf(Service("/a", "c:write"))).size() == 1);
  CHECK(Breaches(SetOf(Service("/a", "c:read")), SetOf(Service("/a", "c:read"))).empty());
}

}  // namespace
}  // namespace ctc::contract
