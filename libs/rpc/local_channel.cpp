// Calls within the process: a lookup and the handler itself, on the caller's executor.
#include "libs/rpc/channel.h"
#include "libs/rpc/invoke.h"

namespace ctc::rpc {
namespace {

class LocalChannel : public Channel {
 public:
  explicit LocalChannel(const HandlerMap& handlers) : handlers_(handlers) {}

  Task<absl::StatusOr<MessagePtr>> Call(std::string_view path, Context context,
                                        const google::protobuf::Message& request,
                                        const google::protobuf::Message&) override {
    const Endpoint* endpoint = handlers_.Find(path);
    if (endpoint == nullptr) co_return NotServed(path);
    co_return co_await Invoke(*endpoint, std::move(context), request);
  }

 private:
  const HandlerMap& handlers_;
};

}  // namespace

std::unique_ptr<Channel> MakeLocalChannel(const HandlerMap& handlers) {
  return std::make_unique<LocalChannel>(handlers);
}

}  // namespace ctc::rpc
