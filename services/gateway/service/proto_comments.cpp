#include "services/gateway/service/proto_comments.h"

#include <absl/strings/str_replace.h>
#include <absl/strings/strip.h>
#include <google/protobuf/descriptor.pb.h>

#include "services/gateway/service/embedded_descriptors.h"

namespace ctc::gateway {
namespace {

namespace pb = google::protobuf;

template <class Descriptor>
std::string CommentOf(const Descriptor* descriptor) {
  pb::SourceLocation location;
  if (descriptor == nullptr || !descriptor->GetSourceLocation(&location)) return "";
  return absl::StrReplaceAll(std::string(absl::StripAsciiWhitespace(location.leading_comments)),
                             {{"\n ", " "}, {"\n", " "}});
}

}  // namespace

struct ProtoComments::Impl {
  pb::DescriptorPool pool;
};

ProtoComments::ProtoComments() : impl_(std::make_unique<Impl>()) {
  pb::FileDescriptorSet files;
  const std::string_view bytes = EmbeddedDescriptors();
  if (!files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  for (const pb::FileDescriptorProto& file : files.file()) impl_->pool.BuildFile(file);
}

ProtoComments::~ProtoComments() = default;

std::string ProtoComments::Of(const pb::Descriptor* message) const {
  return CommentOf(impl_->pool.FindMessageTypeByName(message->full_name()));
}
std::string ProtoComments::Of(const pb::FieldDescriptor* field) const {
  return CommentOf(impl_->pool.FindFieldByName(field->full_name()));
}
std::string ProtoComments::Of(const pb::EnumDescriptor* type) const {
  return CommentOf(impl_->pool.FindEnumTypeByName(type->full_name()));
}
std::string ProtoComments::Of(const pb::MethodDescriptor* rpc) const {
  return CommentOf(impl_->pool.FindMethodByName(rpc->full_name()));
}

}  // namespace ctc::gateway
