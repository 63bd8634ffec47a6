// Rules of messages, fields and enums; rules.h puts them together with those of rpcs.
#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

namespace ctc::contract {

// True when a comment stands before the element.
template <typename Descriptor>
bool HasComment(const Descriptor& element) {
  google::protobuf::SourceLocation location;
  return element.GetSourceLocation(&location) &&
         location.leading_comments.find_first_not_of(" \n") != std::string::npos;
}

// `commented_elsewhere`: a request or response, which its rpc's comment explains.
void CheckMessage(const google::protobuf::Descriptor& message, bool commented_elsewhere,
                  std::vector<std::string>& complaints);

void CheckEnum(const google::protobuf::EnumDescriptor& type, std::vector<std::string>& complaints);

// Full names of the SECRET fields that can be reached from a message.
std::vector<std::string> SecretsIn(const google::protobuf::Descriptor& message);

}  // namespace ctc::contract
