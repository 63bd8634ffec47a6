// Reads .proto text, comments included, into descriptors. The contract is checked as it is written,
// so that no package can be forgotten by not being linked.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

namespace ctc::contract {

class ProtoSource {
 public:
  // `overlay` holds texts by path, which stand before the files on disk.
  explicit ProtoSource(std::map<std::string, std::string> overlay = {});
  ~ProtoSource();
  ProtoSource(const ProtoSource&) = delete;
  ProtoSource& operator=(const ProtoSource&) = delete;

  // One file by its path below proto/; nullptr when it cannot be read, and Errors() says why.
  const google::protobuf::FileDescriptor* Import(const std::string& path);

  // Every file below proto/, by path. Empty when one of them cannot be read.
  std::vector<const google::protobuf::FileDescriptor*> ImportAll();

  // What the parser said, a line each.
  const std::string& Errors() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Without comments, as protoc --descriptor_set_out writes it.
google::protobuf::FileDescriptorSet ToSet(
    const std::vector<const google::protobuf::FileDescriptor*>& files);

}  // namespace ctc::contract
