// What the contract becomes: the list of routes and the OpenAPI document; and JWTs with public
// keys.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "services/gateway/service/openapi.h"

namespace ctc::gateway {
namespace {

using nlohmann::json;

json Document() {
  const RouteTable routes = *RouteTable::Build(PublicServices());
  return json::parse(MakeOpenApi(routes, "https://calls.example.com"));
}

void CollectReferences(const json& value, std::vector<std::string>& references) {
  if (value.is_object() && value.contains("$ref")) {
    references.push_back(value["$ref"].get<std::string>());
  }
  if (!value.is_structured()) return;
  for (const json& child : value) CollectReferences(child, references);
}

TEST_CASE("every endpoint of the seed has a route", "[contract][seed]") {
  const RouteTable routes = *RouteTable::Build(PublicServices());
  const auto rpc = [&](const char* method, const char* path) -> std::string {
    const PathMatch match = routes.Find(method, path);
    return match.route < 0 ? "none" : routes.at(match.route).rpc->name();
  };
  CHECK(rpc("POST", "/api/v1/click-to-call/initiate") == "InitiateCall");
  CHECK(rpc("GET", "/api/v1/click-to-call/sessions/x") == "GetSession");
  CHECK(rpc("GET", "/api/v1/click-to-call/sessions") == "ListSessions");
  CHECK(rpc("PATCH", "/api/v1/click-to-call/sessions/x/status") == "UpdateSessionStatus");
  CHECK(rpc("POST", "/api/v1/click-to-call/sessions/x/end") == "EndCall");
  CHECK(rpc("POST", "/api/v1/voip-providers") == "CreateProvider");
  CHECK(rpc("GET", "/api/v1/voip-providers") == "ListProviders");
  CHECK(rpc("GET", "/api/v1/voip-providers/x") == "GetProvider");
  CHECK(rpc("POST", "/api/v1/agent-activity") == "LogAgentActivity");
  CHECK(rpc("POST", "/api/v1/webhooks/voip/asterisk") == "ReceiveWebhook");
  CHECK(rpc("GET", "/api/v1/click-to-call/stats") == "GetCallStats");
}

TEST_CASE("the document describes each route with its words", "[contract][openapi]") {
  const json document = Document();
  CHECK(document["openapi"] == "3.1.0");
  const RouteTable routes = *RouteTable::Build(PublicServices());
  for (const Route& route : routes.routes()) {
    INFO(route.name);
    std::string method = route.http_method;
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    REQUIRE(document["paths"].contains(route.path_template));
    const json& operation = document["paths"][route.path_template][method];
    CHECK_FALSE(operation["summary"].get<std::string>().empty());
    CHECK(operation["responses"].contains(std::to_string(route.success_status)));
    CHECK(operation["security"].empty() == (route.access != common::v1::RpcOptions::TENANT));
  }
}

TEST_CASE("no reference of the document leads nowhere", "[contract][openapi]") {
  const json document = Document();
  std::vector<std::string> references;
  CollectReferences(document, references);
  CHECK(references.size() > 100);
  for (const std::string& reference : references) {
    INFO(reference);
    CHECK(document.contains(json::json_pointer(reference.substr(1))));
  }
}

TEST_CASE("the document of initiate is as it was agreed", "[contract][openapi]") {
  const json document = Document();
  const json& operation = document["paths"]["/api/v1/click-to-call/initiate"]["post"];
  CHECK(operation == json::parse(R"({
    "operationId": "InitiateCall",
    "tags": ["Session"],
    "summary": "Places a call: agent first, then the customer.",
    "parameters": [{"$ref": "#/components/parameters/TenantId"},
                   {"$ref": "#/components/parameters/IdempotencyKey"}],
    "requestBody": {"required": true, "content": {"application/json": {
      "schema": {"$ref": "#/components/schemas/InitiateCallRequest"}}}},
    "responses": {
      "201": {"description": "Done.", "content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/InitiateCallResponse"}}}},
      "default": {"$ref": "#/components/responses/Problem"}},
    "security": [{"bearer": ["calls:write"]}]})"));
  const json& schemas = document["components"]["schemas"];
  CHECK(schemas["InitiateCallRequest"]["properties"]["to_phone"] ==
        json::parse(R"({"type": "string", "description": "Customer's number. Required."})"));
  CHECK(schemas["Session"]["properties"]["status"]["enum"][0] == "INITIATED");
  CHECK_FALSE(schemas["EndCallRequest"]["properties"].contains("id"));
  CHECK_FALSE(document.dump().find("SESSION_STATUS") != std::string::npos);
}

TEST_CASE("the document fits the contract as it was released", "[contract][openapi]") {
  const json document = Document();
  std::string operations;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      operations += method + " " + path + " " + operation["operationId"].get<std::string>() + "\n";
    }
  }
  const std::string file = std::string(CTC_GATEWAY_SOURCE_DIR) + "/service/operations.golden";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(file) << operations;
  std::ostringstream golden;
  golden << std::ifstream(file).rdbuf();
  CHECK(operations == golden.str());
}

}  // namespace
}  // namespace ctc::gateway
