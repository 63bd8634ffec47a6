// Each rule bites: a small contract that breaks it, and what is said of it.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/contract/proto_source.h"
#include "tests/contract/rules.h"

namespace ctc::contract {
namespace {

using Catch::Matchers::Equals;

constexpr char kPath[] = "ctc/bad/v1/bad.proto";

std::string File(const std::string& body) {
  return "syntax = \"proto3\"; package ctc.bad.v1;"
         "import \"ctc/common/v1/options.proto\"; import \"google/api/annotations.proto\";"
         "import \"google/protobuf/struct.proto\";\n" +
         body;
}

std::vector<std::string> ComplaintsOf(const std::string& text) {
  ProtoSource source({{kPath, text}});
  const auto* file = source.Import(kPath);
  INFO(source.Errors());
  REQUIRE(file != nullptr);
  return Complaints(*file);
}

// A service with one rpc X and the given options, fields of the request and of the response.
std::string Rpc(const std::string& options, const std::string& request = "",
                const std::string& response = "", const std::string& name = "X") {
  return File("// A service.\nservice BadService {\n// An rpc.\nrpc " + name + "(" + name +
              "Request) returns (" + name + "Response) {" + options + "}}\nmessage " + name +
              "Request {" + request + "}\nmessage " + name + "Response {" + response + "}");
}

std::string Options(const std::string& rpc, const std::string& http = "") {
  const std::string path = http.empty() ? "" : "option (google.api.http) = {" + http + "};";
  return path + "option (ctc.common.v1.rpc) = {" + rpc + "};";
}

const std::string kGet = "get: \"/api/v1/x\"";
const std::string kRead = "scope: \"calls:read\" idempotent: true";

struct Case {
  std::string text;
  std::vector<std::string> complaints;
};

TEST_CASE("an rpc without access, a fitting path or fitting names is found", "[contract]") {
  const std::string x = "ctc.bad.v1.BadService.X: ";
  const Case c = GENERATE_COPY(values<Case>({
      {Rpc(Options(kRead, kGet)), {}},
      {Rpc(Options("access: INTERNAL")), {}},
      {Rpc(""), {x + "has no (ctc.common.v1.rpc) option"}},
      {Rpc(Options("idempotent: true", kGet)),
       {x + "needs a scope, as \"calls:read\"", x + "a GET is idempotent and needs a :read scope"}},
      {Rpc(Options("scope: \"calls\" idempotent: true", kGet)),
       {x + "needs a scope, as \"calls:read\"", x + "a GET is idempotent and needs a :read scope"}},
      {Rpc(Options("access: INTERNAL scope: \"calls:read\"")),
       {x + "a scope means nothing without a tenant's token"}},
      {Rpc(Options(kRead)), {x + "either INTERNAL or a path, not both, not neither"}},
      {Rpc(Options("access: INTERNAL", kGet)),
       {x + "either INTERNAL or a path, not both, not neither"}},
      {Rpc(Options(kRead, "get: \"/x\"")), {x + "needs one method and a path below /api/v1/"}},
      {Rpc(Options(kRead, "get: \"/api/v1/x/{id}\"")), {x + "the request has no field {id}"}},
      {Rpc(Options(kRead, kGet + " response_body: \"y\"")), {x + "the response has no y"}},
      {Rpc(Options("scope: \"calls:write\"", "post: \"/api/v1/x\"")),
       {x + "POST, PUT and PATCH have body \"*\", others none"}},
      {Rpc(Options("scope: \"calls:write\"", kGet)),
       {x + "a GET is idempotent and needs a :read scope"}},
      {Rpc(Options("scope: \"calls:write\"", "delete: \"/api/v1/x\"")),
       {x + "a DELETE answers 204"}},
  }));
  CAPTURE(c.text);
  CHECK_THAT(ComplaintsOf(c.text), Equals(c.complaints));
}

TEST_CASE("an rpc that shares its request or streams in REST is found", "[contract]") {
  CHECK_THAT(
      ComplaintsOf(File("// A service.\nservice BadService {\n// An rpc.\n"
                        "rpc X(Y) returns (stream Y) {" +
                        Options(kRead, kGet) + "}}\nmessage Y {}")),
      Equals(std::vector<std::string>{"ctc.bad.v1.BadService.X: takes XRequest",
                                      "ctc.bad.v1.BadService.X: returns XResponse",
                                      "ctc.bad.v1.BadService.X: a stream has no place in REST"}));
}

TEST_CASE("a list without a page is found", "[contract]") {
  const std::string x = "ctc.bad.v1.BadService.ListXs: ";
  CHECK_THAT(
      ComplaintsOf(Rpc(Options(kRead, kGet), "", "", "ListXs")),
      Equals(std::vector<std::string>{
          x + "ListXsResponse needs int32 total", x + "ListXsRequest needs int32 limit",
          x + "ListXsResponse needs int32 limit", x + "ListXsRequest needs int32 offset",
          x + "ListXsResponse needs int32 offset", x + "ListXsRequest needs string cursor",
          x + "ListXsRequest needs string sort", x + "ListXsResponse needs string next_cursor"}));
}

TEST_CASE("a secret that an answer reaches is found, however deep", "[contract]") {
  const std::string response =
      "\n// A part.\nA a = 1;\n// A.\nmessage A {\n// Again.\nA a = 1;\n// Secret.\n"
      "string auth_token = 2 [(ctc.common.v1.sensitivity) = SENSITIVITY_SECRET];}";
  CHECK_THAT(ComplaintsOf(Rpc(Options(kRead, kGet), "", response)),
             Equals(std::vector<std::string>{"ctc.bad.v1.BadService.X: answers with the secret "
                                             "ctc.bad.v1.XResponse.A.auth_token"}));
  CHECK(ComplaintsOf(Rpc(Options("access: INTERNAL"), "", response)).empty());
}

TEST_CASE("a personal or secret field that is not marked is found", "[contract]") {
  const auto [field, verdict] = GENERATE(table<std::string, std::string>({
      {"string to_phone = 1;", "to_phone: must be SENSITIVITY_PII"},
      {"repeated string phone_number = 1;", "phone_number: must be SENSITIVITY_PII"},
      {"string contact_email = 1;", "contact_email: must be SENSITIVITY_PII"},
      {"bytes body = 1;", "body: must be SENSITIVITY_PII"},
      {"google.protobuf.Struct metadata = 1;", "metadata: must be SENSITIVITY_PII"},
      {"string webhook_secret = 1;", "webhook_secret: must be SENSITIVITY_SECRET"},
      {"string token = 1 [(ctc.common.v1.sensitivity) = SENSITIVITY_PII];",
       "token: must be SENSITIVITY_SECRET"},
      {"string digits = 1;", "digits: must be SENSITIVITY_SECRET"},
      {"string camelCase = 1;", "camelCase: a field's name is lower_snake_case"},
  }));
  CAPTURE(field);
  CHECK_THAT(ComplaintsOf(File("// A message.\nmessage M {\n// A field.\n" + field + "}")),
             Equals(std::vector<std::string>{"ctc.bad.v1.M." + verdict}));
}

TEST_CASE("a flag about a secret is no secret", "[contract]") {
  CHECK(ComplaintsOf(File("// A message.\nmessage M {\n// A field.\nbool secret = 1;}")).empty());
}

TEST_CASE("what has no comment is found", "[contract]") {
  CHECK_THAT(ComplaintsOf(File("message M { string a = 1; message N {}\n"
                               "enum E { E_UNSPECIFIED = 0; } }")),
             Equals(std::vector<std::string>{
                 "ctc.bad.v1.M: has no comment", "ctc.bad.v1.M.a: has no comment",
                 "ctc.bad.v1.M.E_UNSPECIFIED: has no comment", "ctc.bad.v1.M.N: has no comment"}));
}

TEST_CASE("an enum whose zero value means something is found", "[contract]") {
  CHECK_THAT(
      ComplaintsOf(File("enum E {\n// A.\nRED = 0;\n// B.\nGreen = 1; }")),
      Equals(std::vector<std::string>{"ctc.bad.v1.E: its zero value must end in _UNSPECIFIED",
                                      "ctc.bad.v1.Green: an enum value is UPPER_SNAKE_CASE"}));
}

TEST_CASE("two rpcs on one path are found, whatever they call its variable", "[contract]") {
  ProtoSource source({{kPath, File("service BadService {"
                                   "rpc X(XRequest) returns (XResponse) {" +
                                   Options(kRead, "get: \"/api/v1/x/{id}\"") +
                                   "} rpc Y(XRequest) returns (XResponse) {" +
                                   Options(kRead, "get: \"/api/v1/x/{key}\"") +
                                   "}} message XRequest {} message XResponse {}")}});
  const auto* file = source.Import(kPath);
  INFO(source.Errors());
  REQUIRE(file != nullptr);
  CHECK_THAT(PathComplaints({file}),
             Equals(std::vector<std::string>{"ctc.bad.v1.BadService.Y: GET /api/v1/x/{} is "
                                             "ctc.bad.v1.BadService.X's"}));
}

TEST_CASE("a package that is not its folder is found", "[contract]") {
  CHECK_THAT(
      ComplaintsOf("syntax = \"proto3\"; package ctc.other.v1;"),
      Equals(std::vector<std::string>{"ctc/bad/v1/bad.proto: its package must be ctc.bad.v1"}));
}

}  // namespace
}  // namespace ctc::contract
