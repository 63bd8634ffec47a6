// Comments of the contract, from a descriptor set that the build embeds.
#pragma once

#include <google/protobuf/descriptor.h>

#include <memory>
#include <string>

namespace ctc::gateway {

class ProtoComments {
 public:
  ProtoComments();
  ~ProtoComments();

  // The comment above a message, field, enum value or rpc, on one line; "" when there is none.
  std::string Of(const google::protobuf::Descriptor* message) const;
  std::string Of(const google::protobuf::FieldDescriptor* field) const;
  std::string Of(const google::protobuf::EnumDescriptor* type) const;
  std::string Of(const google::protobuf::MethodDescriptor* rpc) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ctc::gateway
