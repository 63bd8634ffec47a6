#include "tests/contract/element_rules.h"

#include <regex>
#include <set>

#include "ctc/common/v1/options.pb.h"

namespace ctc::contract {
namespace {

namespace pb = google::protobuf;
using common::v1::Sensitivity;

// Names under which a person's data or a network address is kept, wherever they stand.
const std::regex& PersonalName() {
  static const std::regex pattern(
      "(.*_)?(phone|phone_number|email|address|contact_name|agent_name|notes|csv|payload|body|"
      "query)");
  return pattern;
}

// Fields whose name alone does not tell that a person is behind them.
const std::set<std::string>& PersonalFields() {
  static const std::set<std::string> names = {
      "ctc.routing.v1.Agent.name",
      "ctc.routing.v1.CreateAgentRequest.name",
      "ctc.routing.v1.UpdateAgentRequest.name",
      "ctc.session.v1.ListSessionsRequest.q",  // matches numbers and names
      "ctc.common.v1.HttpRequest.url",         // query included
  };
  return names;
}

// Credentials, and digits: a card number is typed with them.
const std::regex& SecretName() {
  static const std::regex pattern(
      "(.*_)?(secret|password|passphrase|token|private_key|api_key|digits|authorization|pin)");
  return pattern;
}

const std::set<std::string>& SecretFields() {
  static const std::set<std::string> names = {
      "ctc.common.v1.HttpRequest.Header.value",  // Authorization and signatures are among them
  };
  return names;
}

bool HoldsText(const pb::FieldDescriptor& field) {
  return field.type() == pb::FieldDescriptor::TYPE_STRING ||
         field.type() == pb::FieldDescriptor::TYPE_BYTES;
}

bool IsFreeData(const pb::FieldDescriptor& field) {
  return field.name() == "metadata" && field.message_type() != nullptr &&
         field.message_type()->full_name() == "google.protobuf.Struct";
}

Sensitivity Expected(const pb::FieldDescriptor& field) {
  if (IsFreeData(field)) return common::v1::SENSITIVITY_PII;
  if (!HoldsText(field)) return common::v1::SENSITIVITY_UNSPECIFIED;
  if (SecretFields().count(field.full_name()) != 0 ||
      std::regex_match(field.name(), SecretName())) {
    return common::v1::SENSITIVITY_SECRET;
  }
  if (PersonalFields().count(field.full_name()) != 0 ||
      std::regex_match(field.name(), PersonalName())) {
    return common::v1::SENSITIVITY_PII;
  }
  return common::v1::SENSITIVITY_UNSPECIFIED;
}

void CheckField(const pb::FieldDescriptor& field, std::vector<std::string>& complaints) {
  static const std::regex kSnakeCase("[a-z][a-z0-9]*(_[a-z0-9]+)*");
  if (!HasComment(field)) complaints.push_back(field.full_name() + ": has no comment");
  if (!std::regex_match(field.name(), kSnakeCase)) {
    complaints.push_back(field.full_name() + ": a field's name is lower_snake_case");
  }
  const Sensitivity expected = Expected(field);
  const Sensitivity actual = field.options().GetExtension(common::v1::sensitivity);
  if (actual < expected) {
    complaints.push_back(field.full_name() + ": must be " + Sensitivity_Name(expected));
  }
}

void CollectSecrets(const pb::Descriptor& message, std::set<const pb::Descriptor*>& seen,
                    std::vector<std::string>& found) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    if (field.options().GetExtension(common::v1::sensitivity) == common::v1::SENSITIVITY_SECRET) {
      found.push_back(field.full_name());
    }
    if (field.message_type() != nullptr) CollectSecrets(*field.message_type(), seen, found);
  }
}

}  // namespace

void CheckMessage(const pb::Descriptor& message, bool commented_elsewhere,
                  std::vector<std::string>& complaints) {
  if (message.options().map_entry()) return;
  if (!commented_elsewhere && !HasComment(message)) {
    complaints.push_back(message.full_name() + ": has no comment");
  }
  for (int i = 0; i < message.field_count(); ++i) CheckField(*message.field(i), complaints);
  for (int i = 0; i < message.enum_type_count(); ++i) {
    CheckEnum(*message.enum_type(i), complaints);
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    CheckMessage(*message.nested_type(i), false, complaints);
  }
}

void CheckEnum(const pb::EnumDescriptor& type, std::vector<std::string>& complaints) {
  static const std::regex kScreamingSnake("[A-Z][A-Z0-9]*(_[A-Z0-9]+)*");
  // Access is an option's value: its absence has to mean the strictest, a tenant's token.
  const bool zero_is_strictest = type.full_name() == "ctc.common.v1.RpcOptions.Access";
  const pb::EnumValueDescriptor* zero = type.FindValueByNumber(0);
  static const std::regex kUnspecified(".*_UNSPECIFIED");
  if (!zero_is_strictest && (zero == nullptr || !std::regex_match(zero->name(), kUnspecified))) {
    complaints.push_back(type.full_name() + ": its zero value must end in _UNSPECIFIED");
  }
  for (int i = 0; i < type.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *type.value(i);
    if (!HasComment(value)) complaints.push_back(value.full_name() + ": has no comment");
    if (!std::regex_match(value.name(), kScreamingSnake)) {
      complaints.push_back(value.full_name() + ": an enum value is UPPER_SNAKE_CASE");
    }
  }
}

std::vector<std::string> SecretsIn(const pb::Descriptor& message) {
  std::set<const pb::Descriptor*> seen;
  std::vector<std::string> found;
  CollectSecrets(message, seen, found);
  return found;
}

}  // namespace ctc::contract
