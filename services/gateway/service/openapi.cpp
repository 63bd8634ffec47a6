#include "services/gateway/service/openapi.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "services/gateway/service/proto_comments.h"

namespace ctc::gateway {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::ordered_json;
using transcoding::MessageKind;

constexpr const char* kJson = "application/json";
constexpr const char* kProblem = "application/problem+json";

// "Session.Status" of ctc.session.v1.Session.Status: package and version say nothing to a client.
std::string NameOf(const pb::Descriptor* message) {
  return message->full_name().substr(message->file()->package().size() + 1);
}

class Writer {
 public:
  Writer(const RouteTable& routes, const std::string& public_url)
      : routes_(routes), public_url_(public_url) {}

  std::string Write() {
    Json paths = Json::object();
    for (const Route& route : routes_.routes()) {
      std::string method = route.http_method;
      std::transform(method.begin(), method.end(), method.begin(),
                     [](char c) { return static_cast<char>(c + ('a' - 'A')); });
      paths[route.path_template][method] = Operation(route);
    }
    AddLive(paths);
    Json document = {{"openapi", "3.1.0"}, {"info", Info()}};
    if (!public_url_.empty()) document["servers"] = Json::array({Json{{"url", public_url_}}});
    document["paths"] = std::move(paths);
    document["components"] = Components();
    return document.dump();
  }

 private:
  static Json Info() {
    return {
        {"title", "Click-to-call"},
        {"version", "1"},
        {"description",
         "Place, control and follow phone calls from a CRM. Unknown fields are errors; times are "
         "RFC 3339 in UTC; errors are RFC 9457 problems with a stable `code`."}};
  }

  Json Operation(const Route& route) {
    Json operation;
    operation["operationId"] = OperationId(route);
    std::string service = route.rpc->service()->name();
    operation["tags"] = {service.substr(0, service.rfind("Service"))};
    operation["summary"] = comments_.Of(route.rpc);
    Json parameters = Parameters(route);
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    if (route.takes_body) {
      operation["requestBody"] = {{"required", route.body_required},
                                  {"content", {{kJson, {{"schema", BodySchema(route)}}}}}};
    }
    operation["responses"] = Responses(route);
    operation["security"] = Json::array();
    if (route.access == common::v1::RpcOptions::TENANT) {
      operation["security"].push_back(Json{{"bearer", Json::array({route.scope})}});
    }
    return operation;
  }

  // Additional bindings of an rpc need a name of their own.
  std::string OperationId(const Route& route) {
    std::string id = route.rpc->name();
    while (!operation_ids_.insert(id).second) absl::StrAppend(&id, "_", route.http_method);
    return id;
  }

  Json Parameters(const Route& route) {
    Json parameters = Json::array();
    for (const auto* field : route.path_fields) {
      parameters.push_back({{"name", field->field->name()},
                            {"in", "path"},
                            {"required", true},
                            {"description", comments_.Of(field->field)},
                            {"schema", FieldSchema(*field)}});
    }
    if (route.access == common::v1::RpcOptions::TENANT) {
      parameters.push_back({{"$ref", "#/components/parameters/TenantId"}});
    }
    if (route.takes_key) parameters.push_back({{"$ref", "#/components/parameters/IdempotencyKey"}});
    if (route.media != nullptr) parameters.push_back({{"$ref", "#/components/parameters/Range"}});
    if (route.raw_request != nullptr) {
      parameters.push_back({{"name", "tenant"},
                            {"in", "query"},
                            {"description", "Tenant the provider account belongs to."},
                            {"schema", {{"type", "string"}}}});
      return parameters;
    }
    if (route.takes_body && route.body_field == nullptr) return parameters;
    for (const auto& field : route.request_table->fields) {
      const auto& bound = route.path_fields;
      if (std::find(bound.begin(), bound.end(), &field) != bound.end()) continue;
      if (field.field == route.body_field || field.field == route.media_range) continue;
      parameters.push_back({{"name", field.field->name()},
                            {"in", "query"},
                            {"description", comments_.Of(field.field)},
                            {"schema", FieldSchema(field)}});
    }
    return parameters;
  }

  // The whole request without what the path gives, as a schema of its own.
  Json BodySchema(const Route& route) {
    if (route.body_field != nullptr || route.path_fields.empty())
      return Reference(*route.body_table);
    const std::string name = NameOf(route.body_table->descriptor);
    Json schema = ObjectSchema(*route.body_table);
    for (const auto* field : route.path_fields) schema["properties"].erase(field->field->name());
    schemas_[name] = std::move(schema);
    return {{"$ref", "#/components/schemas/" + name}};
  }

  Json Responses(const Route& route) {
    Json success = {{"description", "Done."}};
    if (route.media != nullptr) {
      const Json bytes = {{"audio/*", {{"schema", {{"type", "string"}, {"format", "binary"}}}}}};
      success = {{"description", "The whole file."}, {"content", bytes}};
      Json responses = {{"200", success},
                        {"206", {{"description", "The range asked for."}, {"content", bytes}}},
                        {"304", {{"description", "Not changed since the ETag given."}}}};
      responses["default"] = {{"$ref", "#/components/responses/Problem"}};
      return responses;
    }
    if (route.raw_response == nullptr && route.success_status != 204) {
      success["content"] = {{kJson, {{"schema", Reference(*route.response_table)}}}};
    }
    Json responses;
    responses[std::to_string(route.success_status)] = std::move(success);
    if (route.etag_version != nullptr || route.etag_time != nullptr) {
      responses["304"] = {{"description", "Not changed since the ETag in If-None-Match."}};
    }
    responses["default"] = {{"$ref", "#/components/responses/Problem"}};
    return responses;
  }

  Json Reference(const transcoding::MessageTable& table) {
    if (table.kind == MessageKind::kTimestamp) {
      return {{"type", "string"}, {"format", "date-time"}};
    }
    if (table.kind == MessageKind::kStruct) {
      return {{"type", "object"}, {"additionalProperties", true}};
    }
    if (table.kind != MessageKind::kPlain) return Json::object();
    const std::string name = NameOf(table.descriptor);
    if (!schemas_.contains(name)) {
      schemas_[name] = Json::object();  // a message may contain itself
      schemas_[name] = ObjectSchema(table);
    }
    return {{"$ref", "#/components/schemas/" + name}};
  }

  Json ObjectSchema(const transcoding::MessageTable& table) {
    Json properties = Json::object();
    for (const auto& field : table.fields) {
      Json schema = FieldSchema(field);
      if (const std::string comment = comments_.Of(field.field); !comment.empty()) {
        schema["description"] = comment;
      }
      properties[field.field->name()] = std::move(schema);
    }
    Json schema = {{"type", "object"}};
    if (const std::string comment = comments_.Of(table.descriptor); !comment.empty()) {
      schema["description"] = comment;
    }
    schema["properties"] = std::move(properties);
    return schema;
  }

  Json FieldSchema(const transcoding::FieldEntry& field) {
    if (field.map) {
      return {{"type", "object"}, {"additionalProperties", SingleSchema(field.message->fields[1])}};
    }
    if (field.repeated) return {{"type", "array"}, {"items", SingleSchema(field)}};
    return SingleSchema(field);
  }

  Json SingleSchema(const transcoding::FieldEntry& field) {
    switch (field.type) {
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return {{"type", "boolean"}};
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return {{"type", "number"}};
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return {{"type", "integer"}, {"format", "int32"}};
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return {{"type", "integer"}, {"format", "int64"}};
      case pb::FieldDescriptor::CPPTYPE_UINT32:
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return {{"type", "integer"}, {"minimum", 0}};
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return EnumSchema(field.field->enum_type());
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return field.is_bytes ? Json{{"type", "string"}, {"contentEncoding", "base64"}}
                              : Json{{"type", "string"}};
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        return Reference(*field.message);
    }
    return Json::object();
  }

  static Json EnumSchema(const pb::EnumDescriptor* type) {
    Json names = Json::array();
    for (int i = 0; i < type->value_count(); ++i) {
      if (type->value(i)->number() != 0) names.push_back(type->value(i)->name());
    }
    return {{"type", "string"}, {"enum", std::move(names)}};
  }

  static void AddLive(Json& paths) {
    const Json security = Json::array({Json{{"bearer", Json::array({"calls:read"})}}});
    const auto query = [](const char* name, const char* description) {
      return Json{{"name", name},
                  {"in", "query"},
                  {"description", description},
                  {"schema", {{"type", "string"}}}};
    };
    const Json parameters =
        Json::array({Json{{"$ref", "#/components/parameters/TenantId"}},
                     query("after", "Events after this position; Last-Event-ID says the same."),
                     query("agent_id", "Only events of this agent's calls.")});
    paths["/api/v1/events"]["get"] = {
        {"operationId", "StreamEvents"},
        {"tags", {"Live"}},
        {"summary", "Server-sent events: each change of a call as it happens, resumable."},
        {"parameters", parameters},
        {"responses",
         {{"200",
           {{"description", "A stream of CallEvent; it ends once the token is refused."},
            {"content", {{"text/event-stream", {{"schema", {{"type", "string"}}}}}}}}},
          {"default", {{"$ref", "#/components/responses/Problem"}}}}},
        {"security", security}};
    paths["/api/v1/ws"]["get"] = {
        {"operationId", "OpenWebSocket"},
        {"tags", {"Live"}},
        {"summary", "The same over a WebSocket; {\"resume_after\": seq} may be the first message."},
        {"parameters", parameters},
        {"responses",
         {{"101",
           {{"description",
             "A WebSocket of CallEvent messages; it closes with 1008 once the token is refused."}}},
          {"default", {{"$ref", "#/components/responses/Problem"}}}}},
        {"security", security}};
  }

  Json Components() {
    const Json text = {{"type", "string"}};
    schemas_["Problem"] = {
        {"type", "object"},
        {"description", "RFC 9457 problem details."},
        {"properties",
         {{"success", {{"type", "boolean"}, {"const", false}}},
          {"type", text},
          {"title", text},
          {"status", {{"type", "integer"}}},
          {"detail", text},
          {"instance", text},
          {"code", {{"type", "string"}, {"description", "Stable; see docs/errors.md."}}},
          {"errors",
           {{"type", "array"},
            {"items", {{"type", "object"}, {"properties", {{"field", text}, {"detail", text}}}}}}},
          {"metadata", {{"type", "object"}, {"additionalProperties", text}}},
          {"action", {{"type", "string"}, {"description", "What to do next."}}},
          {"request_id", text}}}};
    Json components;
    components["securitySchemes"]["bearer"] = {
        {"type", "http"},
        {"scheme", "bearer"},
        {"description", "An API key, or a JWT with tenant_id, role, scope and agent_id."}};
    components["parameters"]["TenantId"] = {{"name", "X-Tenant-ID"},
                                            {"in", "header"},
                                            {"required", true},
                                            {"description", "Tenant of the token."},
                                            {"schema", text}};
    components["parameters"]["IdempotencyKey"] = {
        {"name", "Idempotency-Key"},
        {"in", "header"},
        {"description", "The same key gives the same answer for a day; nothing is done twice."},
        {"schema", {{"type", "string"}, {"maxLength", 255}}}};
    components["parameters"]["Range"] = {{"name", "Range"},
                                         {"in", "header"},
                                         {"description", "One range, as bytes=0-65535."},
                                         {"schema", text}};
    components["responses"]["Problem"] = {
        {"description", "An error."},
        {"content", {{kProblem, {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}};
    components["schemas"] = std::move(schemas_);
    return components;
  }

  const RouteTable& routes_;
  const std::string& public_url_;
  const ProtoComments comments_;
  Json schemas_ = Json::object();
  std::set<std::string> operation_ids_;
};

}  // namespace

std::string MakeOpenApi(const RouteTable& routes, const std::string& public_url) {
  return Writer(routes, public_url).Write();
}

}  // namespace ctc::gateway
