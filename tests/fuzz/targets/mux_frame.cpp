// Frames between our own processes: how a connection is cut into them, calls, the context and the
// errors.
#include <algorithm>

#include "ctc/rpc/v1/mux.pb.h"
#include "libs/rpc/frame.h"
#include "libs/rpc/wire.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

constexpr size_t kLimit = 64 << 10;

bool Parse(std::string_view bytes, google::protobuf::MessageLite& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void ReadCall(std::string_view body, absl::Time now) {
  rpc::CallBody call;
  rpc::v1::CallContext frame;
  if (!rpc::ReadCall(body, call) || !Parse(call.context, frame)) return;
  Require(call.path.size() + call.context.size() + call.request.size() + 8 == body.size(),
          "the parts are the body");
  const rpc::Context context = rpc::ContextFromFrame(frame, now);
  const rpc::Context again = rpc::ContextFromFrame(rpc::ContextToFrame(context, now), now);
  Require(again.tenant == context.tenant && again.principal.role == context.principal.role &&
              again.principal.scopes == context.principal.scopes &&
              again.request_id == context.request_id,
          "a context that goes on is the same");
}

void ReadError(std::string_view body) {
  google::rpc::Status proto;
  if (!Parse(body, proto)) return;
  const absl::Status status = rpc::StatusFromProto(proto);
  const absl::Status again = rpc::StatusFromProto(rpc::StatusToProto(status));
  Require(again.code() == status.code(), "an error that goes on is the same");
}

void ReadFrames(std::string_view bytes, absl::Time now) {
  std::string again;
  rpc::Frame frame;
  const std::string_view all = bytes;
  while (rpc::TakeFrame(bytes, kLimit, frame) == rpc::FrameResult::kFrame) {
    rpc::AppendFrame(frame.kind, frame.call_id, frame.body, again);
    ReadCall(frame.body, now);
    ReadError(frame.body);
  }
  Require(all.starts_with(again) && again.size() + bytes.size() == all.size(),
          "frames that go on are the same");
}

}  // namespace

void MuxFrame(std::string_view bytes) {
  const absl::Time now = absl::FromUnixSeconds(1764757800);
  ReadFrames(bytes, now);
  ReadCall(bytes, now);
  ReadError(bytes);
}

}  // namespace ctc::fuzz
