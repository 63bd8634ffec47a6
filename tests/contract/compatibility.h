// Compares two states of the contract: what a client or an older replica relies on must stay.
#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

namespace ctc::contract {

// What `current` removed or changed against `released`, a line each: fields (number, type, label,
// JSON name, oneof), messages, enum values, rpcs (types, streaming, path, scope, success status).
// Additions are no breach.
std::vector<std::string> Breaches(const google::protobuf::FileDescriptorSet& released,
                                  const google::protobuf::FileDescriptorSet& current);

}  // namespace ctc::contract
