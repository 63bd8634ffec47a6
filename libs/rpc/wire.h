// What a call looks like outside the process: context and errors, as gRPC metadata and details for
// anybody, and as frames for our own stream. Pure. Inside libs/rpc only.
#pragma once

#include <grpcpp/impl/codegen/byte_buffer.h>
#include <grpcpp/impl/codegen/metadata_map.h>
#include <grpcpp/impl/codegen/status.h>

#include <map>

#include "ctc/rpc/v1/mux.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/context.h"

namespace ctc::rpc {

// Names of the metadata that carry a context.
inline constexpr char kSecretMetadata[] = "x-ctc-secret";

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;
// The value of `name`, or "".
std::string_view FindMetadata(const Metadata& metadata, std::string_view name);

// A context as metadata; the deadline travels as gRPC's own.
std::map<std::string, std::string> ContextToMetadata(const Context& context);
Context ContextFromMetadata(const Metadata& metadata, absl::Time deadline);

// A context in a frame. The deadline becomes time left at `now`.
v1::CallContext ContextToFrame(const Context& context, absl::Time now);
Context ContextFromFrame(v1::CallContext frame, absl::Time now);

// An error with its ErrorDetail: ErrorInfo (reason, domain "ctc", metadata), BadRequest, RetryInfo,
// and ErrorPresentation for the rest. Both directions are lossless for details of ours; those of a
// foreign server are read as far as the standard messages go.
google::rpc::Status StatusToProto(const absl::Status& status);
absl::Status StatusFromProto(const google::rpc::Status& proto);
grpc::Status StatusToGrpc(const absl::Status& status);
absl::Status StatusFromGrpc(const grpc::Status& status);

// Messages in gRPC's buffers. False when the bytes are not such a message.
grpc::ByteBuffer ToBuffer(const google::protobuf::MessageLite& message);
bool FromBuffer(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message);

}  // namespace ctc::rpc
