// Calls to another process, over the framed stream.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/fault.h"
#include "libs/rpc/frame.h"
#include "libs/rpc/mux_client.h"

namespace ctc::rpc {
namespace {

using Bytes = absl::StatusOr<std::string>;

// Resumes the coroutine behind `handler` on its own executor, which has work until then.
template <class Handler>
auto ResumeOnExecutor(Handler handler) {
  auto executor = asio::get_associated_executor(handler);
  return
      [work = asio::make_work_guard(executor), handler = std::move(handler)](Bytes result) mutable {
        const auto target = work.get_executor();
        asio::post(target, [handler = std::move(handler), result = std::move(result)]() mutable {
          handler(std::move(result));
        });
        work.reset();
      };
}

Task<Bytes> Submit(MuxClient& client, MuxCallPtr call) {
  auto initiate = [&client, call](auto handler) {
    call->done = ResumeOnExecutor(std::move(handler));
    client.Submit(call);
  };
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(Bytes)>(std::move(initiate),
                                                                           asio::use_awaitable);
}

class RemoteChannel : public Channel {
 public:
  RemoteChannel(const asio::any_io_executor& executor, const RemoteOptions& options)
      : max_message_bytes_(static_cast<size_t>(options.max_message_bytes)),
        client_(std::make_shared<MuxClient>(executor, options)) {}
  ~RemoteChannel() override { client_->Close(); }

  Task<absl::StatusOr<MessagePtr>> Call(std::string_view path, Context context,
                                        const google::protobuf::Message& request,
                                        const google::protobuf::Message& response) override {
    const absl::Time now = base::SystemClock().Now();
    if (now >= context.deadline) {
      absl::Status late =
          base::MakeError(base::kDeadlineExceeded, "the deadline passed before the call began");
      co_return NeverSent(std::move(late));
    }
    if (request.ByteSizeLong() > max_message_bytes_) {
      absl::Status fault = WiringFault(absl::StatusCode::kResourceExhausted,
                                       "the request is larger than a server takes");
      co_return NeverSent(std::move(fault));
    }
    auto call = std::make_shared<MuxCall>();
    call->path = path;
    call->frame = MakeCall(path, context, now, request);
    call->deadline = context.deadline;
    const Bytes bytes = co_await Submit(*client_, std::move(call));
    if (!bytes.ok()) co_return bytes.status();
    MessagePtr message(response.New());
    if (!message->ParseFromString(*bytes)) {
      co_return absl::InternalError("the response is not a message of this rpc");
    }
    co_return message;
  }

 private:
  const size_t max_message_bytes_;
  const std::shared_ptr<MuxClient> client_;
};

}  // namespace

std::unique_ptr<Channel> MakeRemoteChannel(asio::any_io_executor executor, RemoteOptions options) {
  return std::make_unique<RemoteChannel>(executor, options);
}

}  // namespace ctc::rpc
