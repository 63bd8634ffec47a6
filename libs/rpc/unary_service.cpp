// See unary_service.h.
#include "libs/rpc/unary_service.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "libs/observability/log.h"
#include "libs/rpc/invoke.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

// One call. It belongs to gRPC until OnDone and to the handler's coroutine until that ends: the
// handler of a cancelled call runs on, but gRPC need not wait for it.
class UnaryCall : public grpc::ServerUnaryReactor, public std::enable_shared_from_this<UnaryCall> {
 public:
  explicit UnaryCall(grpc::ByteBuffer* response) : response_(response) {}

  static UnaryCall* Begin(grpc::ByteBuffer* response) {
    auto call = std::make_shared<UnaryCall>(response);
    call->held_by_grpc_ = call;
    return call.get();
  }

  void End(const absl::StatusOr<MessagePtr>& result) {
    if (ended_.exchange(true)) return;
    if (result.ok()) *response_ = ToBuffer(**result);
    Finish(StatusToGrpc(result.status()));
  }

  void OnCancel() override { End(absl::CancelledError("the caller went away")); }
  void OnDone() override { held_by_grpc_.reset(); }

 private:
  grpc::ByteBuffer* response_;
  std::atomic<bool> ended_ = false;
  std::shared_ptr<UnaryCall> held_by_grpc_;
};

Task<void> Run(std::shared_ptr<UnaryCall> call, const Endpoint& endpoint, Context context,
               MessagePtr request) {
  absl::StatusOr<MessagePtr> result = co_await Invoke(endpoint, std::move(context), *request);
  call->End(result);
}

absl::Time DeadlineOf(const grpc::CallbackServerContext& context) {
  const auto deadline = context.deadline();
  return deadline == std::chrono::system_clock::time_point::max() ? absl::InfiniteFuture()
                                                                  : absl::FromChrono(deadline);
}

void LogLost(std::exception_ptr lost) {
  if (lost) observability::Error("rpc coroutine ended with an exception");
}

// Checks what can be checked before the handler, then starts it.
absl::Status Start(UnaryCall& call, const Endpoint& endpoint, const asio::any_io_executor& executor,
                   const ServingLimits& limits, const grpc::CallbackServerContext& context,
                   const grpc::ByteBuffer& bytes) {
  if (!IsTrusted(FindMetadata(context.client_metadata(), kSecretMetadata), limits)) {
    return NotTrusted();
  }
  if (bytes.Length() > limits.max_message_bytes) {
    return absl::ResourceExhaustedError("the request is larger than this server takes");
  }
  MessagePtr request(endpoint.request_prototype->New());
  if (!FromBuffer(bytes, *request)) {
    return absl::InvalidArgumentError("the request is not a message of this rpc");
  }
  Context ours = ContextFromMetadata(context.client_metadata(), DeadlineOf(context));
  asio::co_spawn(asio::make_strand(executor),
                 Run(call.shared_from_this(), endpoint, std::move(ours), std::move(request)),
                 LogLost);
  return absl::OkStatus();
}

}  // namespace

UnaryService::UnaryService(const std::vector<const Endpoint*>& endpoints,
                           asio::any_io_executor executor, const ServingLimits& limits) {
  using Handler = grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>;
  int index = 0;
  for (const Endpoint* endpoint : endpoints) {
    AddMethod(new grpc::internal::RpcServiceMethod(endpoint->path.c_str(),
                                                   grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    const auto begin = [endpoint, executor, &limits](grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
      UnaryCall* call = UnaryCall::Begin(response);
      const absl::Status started = Start(*call, *endpoint, executor, limits, *context, *request);
      if (!started.ok()) call->End(started);
      return call;
    };
    MarkMethodRawCallback(index++, new Handler(begin));
  }
}

bool IsTrusted(std::string_view secret, const ServingLimits& limits) {
  return limits.shared_secret.empty() || crypto::ConstantTimeEqual(secret, limits.shared_secret);
}

absl::Status NotTrusted() {
  return base::MakeError(base::kUnauthenticated, "the shared secret is missing or wrong");
}

std::string ServiceOf(std::string_view path) {
  path.remove_prefix(1);
  return std::string(path.substr(0, path.find('/')));
}

}  // namespace ctc::rpc
