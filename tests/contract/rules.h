// The rules of the contract that protoc does not know: access, names, sensitivity, comments, lists.
#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

namespace ctc::contract {

// What is wrong in one file, a line each, beginning with the full name of the element. The file
// must have been read with its comments.
std::vector<std::string> Complaints(const google::protobuf::FileDescriptor& file);

// What is wrong between files: two rpcs on one method and path.
std::vector<std::string> PathComplaints(
    const std::vector<const google::protobuf::FileDescriptor*>& files);

}  // namespace ctc::contract
