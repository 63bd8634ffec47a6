#include "tests/contract/compatibility.h"

#include <map>

#include <google/api/annotations.pb.h>

#include "ctc/common/v1/options.pb.h"

namespace ctc::contract {
namespace {

namespace pb = google::protobuf;

// Element's full name -> everything about it that others rely on.
using Promises = std::map<std::string, std::string>;

void AddEnum(const std::string& scope, const pb::EnumDescriptorProto& type, Promises& promises) {
  const std::string name = scope + "." + type.name();
  promises["enum " + name] = "exists";
  for (const auto& value : type.value()) {
    promises["enum value " + name + "." + value.name()] = std::to_string(value.number());
  }
}

std::string OneofOf(const pb::DescriptorProto& message, const pb::FieldDescriptorProto& field) {
  if (!field.has_oneof_index()) return "";
  if (field.proto3_optional()) return " optional";
  return " in oneof " + message.oneof_decl(field.oneof_index()).name();
}

void AddMessage(const std::string& scope, const pb::DescriptorProto& message, Promises& promises) {
  const std::string name = scope + "." + message.name();
  promises["message " + name] = "exists";
  for (const auto& field : message.field()) {
    promises["field " + name + "." + field.name()] =
        std::to_string(field.number()) + " " + pb::FieldDescriptorProto::Label_Name(field.label()) +
        " " + pb::FieldDescriptorProto::Type_Name(field.type()) + field.type_name() + " json " +
        field.json_name() + OneofOf(message, field);
  }
  for (const auto& nested : message.nested_type()) AddMessage(name, nested, promises);
  for (const auto& type : message.enum_type()) AddEnum(name, type, promises);
}

std::string HttpText(const google::api::HttpRule& rule) {
  std::string text = rule.ShortDebugString();
  return text.empty() ? "" : " http {" + text + "}";
}

void AddService(const std::string& package, const pb::ServiceDescriptorProto& service,
                Promises& promises) {
  for (const auto& rpc : service.method()) {
    const auto& options = rpc.options().GetExtension(common::v1::rpc);
    promises["rpc " + package + "." + service.name() + "." + rpc.name()] =
        rpc.input_type() + (rpc.client_streaming() ? " stream" : "") + " -> " + rpc.output_type() +
        (rpc.server_streaming() ? " stream" : "") +
        HttpText(rpc.options().GetExtension(google::api::http)) + " scope " + options.scope() +
        " status " + std::to_string(options.success_status()) + " access " +
        common::v1::RpcOptions::Access_Name(options.access());
  }
}

Promises PromisesOf(const pb::FileDescriptorSet& set) {
  Promises promises;
  for (const auto& file : set.file()) {
    for (const auto& message : file.message_type()) AddMessage(file.package(), message, promises);
    for (const auto& type : file.enum_type()) AddEnum(file.package(), type, promises);
    for (const auto& service : file.service()) AddService(file.package(), service, promises);
  }
  return promises;
}

}  // namespace

std::vector<std::string> Breaches(const pb::FileDescriptorSet& released,
                                  const pb::FileDescriptorSet& current) {
  const Promises now = PromisesOf(current);
  std::vector<std::string> breaches;
  for (const auto& [element, promise] : PromisesOf(released)) {
    const auto found = now.find(element);
    if (found == now.end()) {
      breaches.push_back(element + ": removed");
    } else if (found->second != promise) {
      breaches.push_back(element + ": was \"" + promise + "\", is \"" + found->second + "\"");
    }
  }
  return breaches;
}

}  // namespace ctc::contract
