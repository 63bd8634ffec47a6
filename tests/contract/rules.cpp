#include "tests/contract/rules.h"

#include <map>
#include <regex>
#include <set>
#include <utility>

#include <google/api/annotations.pb.h>

#include "ctc/common/v1/options.pb.h"
#include "tests/contract/element_rules.h"

namespace ctc::contract {
namespace {

namespace pb = google::protobuf;
using common::v1::RpcOptions;
using google::api::HttpRule;
using List = std::vector<std::string>;

// The text of a key can be read in this answer and never again, for only its hash is kept: without
// it the rpc would have no use. It stays SECRET, so that logs mask it.
const std::set<std::string>& SecretsThatMayLeave() {
  static const std::set<std::string> names = {"ctc.gateway.v1.CreateApiKeyResponse.token"};
  return names;
}

// Lists that end by themselves, and so need no page: the types are a closed list, a timeline is
// shown as a whole.
const std::set<std::string>& WholeLists() {
  static const std::set<std::string> names = {
      "ctc.dispatch.v1.ProviderService.ListProviderTypes",
      "ctc.session.v1.SessionService.ListSessionEvents",
  };
  return names;
}

const std::string& PathOf(const HttpRule& rule) {
  switch (rule.pattern_case()) {
    case HttpRule::kGet:
      return rule.get();
    case HttpRule::kPut:
      return rule.put();
    case HttpRule::kPost:
      return rule.post();
    case HttpRule::kDelete:
      return rule.delete_();
    case HttpRule::kPatch:
      return rule.patch();
    case HttpRule::kCustom:
      return rule.custom().path();
    case HttpRule::PATTERN_NOT_SET:
      break;
  }
  static const std::string none;
  return none;
}

std::string MethodOf(const HttpRule& rule) {
  switch (rule.pattern_case()) {
    case HttpRule::kGet:
      return "GET";
    case HttpRule::kPut:
      return "PUT";
    case HttpRule::kPost:
      return "POST";
    case HttpRule::kDelete:
      return "DELETE";
    case HttpRule::kPatch:
      return "PATCH";
    case HttpRule::kCustom:
      return rule.custom().kind();
    case HttpRule::PATTERN_NOT_SET:
      break;
  }
  return "";
}

bool IsPublic(const pb::MethodDescriptor& rpc) {
  return rpc.options().HasExtension(google::api::http);
}

void CheckAccess(const pb::MethodDescriptor& rpc, List& complaints) {
  static const std::regex kScope("[a-z]+:(read|write)");
  if (!rpc.options().HasExtension(common::v1::rpc)) {
    complaints.push_back(rpc.full_name() + ": has no (ctc.common.v1.rpc) option");
    return;
  }
  const RpcOptions& options = rpc.options().GetExtension(common::v1::rpc);
  const bool for_tenants = options.access() == RpcOptions::TENANT;
  if (for_tenants && !std::regex_match(options.scope(), kScope)) {
    complaints.push_back(rpc.full_name() + ": needs a scope, as \"calls:read\"");
  }
  if (!for_tenants && !options.scope().empty()) {
    complaints.push_back(rpc.full_name() + ": a scope means nothing without a tenant's token");
  }
  if ((options.access() == RpcOptions::INTERNAL) == IsPublic(rpc)) {
    complaints.push_back(rpc.full_name() + ": either INTERNAL or a path, not both, not neither");
  }
}

void CheckNames(const pb::MethodDescriptor& rpc, List& complaints) {
  if (rpc.input_type()->name() != rpc.name() + "Request") {
    complaints.push_back(rpc.full_name() + ": takes " + rpc.name() + "Request");
  }
  if (rpc.output_type()->name() != rpc.name() + "Response") {
    complaints.push_back(rpc.full_name() + ": returns " + rpc.name() + "Response");
  }
}

void CheckBinding(const pb::MethodDescriptor& rpc, const HttpRule& rule, List& complaints) {
  const std::string& path = PathOf(rule);
  if (path.rfind("/api/v1/", 0) != 0) {
    complaints.push_back(rpc.full_name() + ": needs one method and a path below /api/v1/");
  }
  static const std::regex kVariable("\\{([a-z_]+)\\}");
  for (std::sregex_iterator it(path.begin(), path.end(), kVariable), end; it != end; ++it) {
    const std::string name = (*it)[1];
    if (rpc.input_type()->FindFieldByName(name) == nullptr) {
      complaints.push_back(rpc.full_name() + ": the request has no field {" + name + "}");
    }
  }
}

void CheckHttp(const pb::MethodDescriptor& rpc, List& complaints) {
  if (!IsPublic(rpc)) return;
  const HttpRule& rule = rpc.options().GetExtension(google::api::http);
  const RpcOptions& options = rpc.options().GetExtension(common::v1::rpc);
  CheckBinding(rpc, rule, complaints);
  for (const HttpRule& more : rule.additional_bindings()) CheckBinding(rpc, more, complaints);
  if (!rule.response_body().empty() &&
      rpc.output_type()->FindFieldByName(rule.response_body()) == nullptr) {
    complaints.push_back(rpc.full_name() + ": the response has no " + rule.response_body());
  }
  if (rpc.client_streaming() || rpc.server_streaming()) {
    complaints.push_back(rpc.full_name() + ": a stream has no place in REST");
  }
  if (options.access() != RpcOptions::TENANT) return;  // those take the request as it came
  const std::string method = MethodOf(rule);
  const bool has_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (has_body != (rule.body() == "*")) {
    complaints.push_back(rpc.full_name() + ": POST, PUT and PATCH have body \"*\", others none");
  }
  if (method == "GET" &&
      !(options.idempotent() && options.scope().find(":read") != std::string::npos)) {
    complaints.push_back(rpc.full_name() + ": a GET is idempotent and needs a :read scope");
  }
  if (method == "DELETE" && options.success_status() != 204) {
    complaints.push_back(rpc.full_name() + ": a DELETE answers 204");
  }
}

void CheckList(const pb::MethodDescriptor& rpc, List& complaints) {
  if (!IsPublic(rpc) || rpc.name().rfind("List", 0) != 0) return;
  const auto need = [&](const pb::Descriptor* message, const std::string& type, const char* name) {
    const pb::FieldDescriptor* field = message->FindFieldByName(name);
    if (field == nullptr || field->type_name() != type) {
      complaints.push_back(rpc.full_name() + ": " + message->name() + " needs " + type + " " +
                           name);
    }
  };
  need(rpc.output_type(), "int32", "total");
  if (WholeLists().count(rpc.full_name()) != 0) return;
  for (const char* name : {"limit", "offset"}) {
    need(rpc.input_type(), "int32", name);
    need(rpc.output_type(), "int32", name);
  }
  need(rpc.input_type(), "string", "cursor");
  need(rpc.input_type(), "string", "sort");
  need(rpc.output_type(), "string", "next_cursor");
}

// Answers to our own services are left out: facts carry digits from dispatch to session.
void CheckSecrets(const pb::MethodDescriptor& rpc, List& complaints) {
  if (!IsPublic(rpc)) return;
  for (const std::string& secret : SecretsIn(*rpc.output_type())) {
    if (SecretsThatMayLeave().count(secret) == 0) {
      complaints.push_back(rpc.full_name() + ": answers with the secret " + secret);
    }
  }
}

void CheckService(const pb::ServiceDescriptor& service, List& complaints) {
  static const std::regex kService("[A-Z][A-Za-z]+Service");
  if (!std::regex_match(service.name(), kService)) {
    complaints.push_back(service.full_name() + ": a service's name ends in Service");
  }
  if (!HasComment(service)) complaints.push_back(service.full_name() + ": has no comment");
  for (int i = 0; i < service.method_count(); ++i) {
    const pb::MethodDescriptor& rpc = *service.method(i);
    if (!HasComment(rpc)) complaints.push_back(rpc.full_name() + ": has no comment");
    CheckAccess(rpc, complaints);
    CheckNames(rpc, complaints);
    CheckHttp(rpc, complaints);
    CheckList(rpc, complaints);
    CheckSecrets(rpc, complaints);
  }
}

std::set<const pb::Descriptor*> RequestsAndResponses(const pb::FileDescriptor& file) {
  std::set<const pb::Descriptor*> found;
  for (int i = 0; i < file.service_count(); ++i) {
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      found.insert(file.service(i)->method(j)->input_type());
      found.insert(file.service(i)->method(j)->output_type());
    }
  }
  return found;
}

}  // namespace

List Complaints(const pb::FileDescriptor& file) {
  List complaints;
  std::string expected = file.name().substr(0, file.name().rfind('/'));
  for (char& c : expected) c = c == '/' ? '.' : c;
  if (file.package() != expected) {
    complaints.push_back(file.name() + ": its package must be " + expected);
  }
  for (int i = 0; i < file.service_count(); ++i) CheckService(*file.service(i), complaints);
  const std::set<const pb::Descriptor*> by_rpc = RequestsAndResponses(file);
  for (int i = 0; i < file.message_type_count(); ++i) {
    const pb::Descriptor* message = file.message_type(i);
    CheckMessage(*message, by_rpc.count(message) != 0, complaints);
  }
  for (int i = 0; i < file.enum_type_count(); ++i) CheckEnum(*file.enum_type(i), complaints);
  return complaints;
}

List PathComplaints(const std::vector<const pb::FileDescriptor*>& files) {
  static const std::regex kVariable("\\{[a-z_]+\\}");
  std::map<std::string, std::string> owners;
  List complaints;
  const auto claim = [&](const pb::MethodDescriptor& rpc, const HttpRule& rule) {
    const std::string key =
        MethodOf(rule) + " " + std::regex_replace(PathOf(rule), kVariable, "{}");
    const auto [it, is_new] = owners.emplace(key, rpc.full_name());
    if (!is_new) complaints.push_back(rpc.full_name() + ": " + key + " is " + it->second + "'s");
  };
  for (const pb::FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const pb::MethodDescriptor& rpc = *file->service(i)->method(j);
        if (!IsPublic(rpc)) continue;
        const HttpRule& rule = rpc.options().GetExtension(google::api::http);
        claim(rpc, rule);
        for (const HttpRule& more : rule.additional_bindings()) claim(rpc, more);
      }
    }
  }
  return complaints;
}

}  // namespace ctc::contract
