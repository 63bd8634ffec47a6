// Frames between our own processes: a batch of calls, a batch of answers, the context and the
// errors.
#include "ctc/rpc/v1/mux_service.pb.h"
#include "libs/rpc/wire.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

void ReadCalls(std::string_view bytes, absl::Time now) {
  rpc::v1::ExchangeRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  for (const auto& call : request.calls()) {
    const rpc::Context context = rpc::ContextFromFrame(call.context(), now);
    const rpc::Context again = rpc::ContextFromFrame(rpc::ContextToFrame(context, now), now);
    Require(again.tenant == context.tenant && again.principal.role == context.principal.role &&
                again.principal.scopes == context.principal.scopes &&
                again.request_id == context.request_id,
            "a context that goes on is the same");
  }
}

void ReadReplies(std::string_view bytes) {
  rpc::v1::ExchangeResponse response;
  if (!response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  for (const auto& reply : response.replies()) {
    if (!reply.has_error()) continue;
    const absl::Status status = rpc::StatusFromProto(reply.error());
    const absl::Status again = rpc::StatusFromProto(rpc::StatusToProto(status));
    Require(again.code() == status.code(), "an error that goes on is the same");
  }
}

}  // namespace

void MuxFrame(std::string_view bytes) {
  const absl::Time now = absl::FromUnixSeconds(1764757800);
  ReadCalls(bytes, now);
  ReadReplies(bytes);
}

}  // namespace ctc::fuzz
