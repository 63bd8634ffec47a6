// The rpcs that a process serves: path -> coroutine. Filled by the services' wiring before the
// first call, read-only afterwards (then thread-safe). Handlers are the same objects whether they
// are called in the process (LocalChannel) or over gRPC (Server).
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/base/asio.h"
#include "libs/base/status.h"
#include "libs/rpc/context.h"
#include "libs/rpc/method.h"

namespace ctc::rpc {

using MessagePtr = std::unique_ptr<google::protobuf::Message>;
// `request` lives until the coroutine ends.
using ErasedHandler = std::function<Task<absl::StatusOr<MessagePtr>>(
    Context context, const google::protobuf::Message& request)>;

class EndpointMetrics;

struct Endpoint {
  std::string path;
  const google::protobuf::Message* request_prototype = nullptr;
  ErasedHandler handle;
  std::shared_ptr<const EndpointMetrics> metrics = nullptr;  // filled by HandlerMap
};

class HandlerMap {
 public:
  // `handler`: Task<absl::StatusOr<Response>>(Context, const Request&). The request reference stays
  // valid until the task ends.
  template <class Request, class Response, class Handler>
  void Bind(Method<Request, Response> method, Handler handler) {
    Add({std::string(method.path), &Request::default_instance(),
         [handler = std::move(handler)](Context context, const google::protobuf::Message& request) {
           return Invoke<Request, Response>(handler, std::move(context),
                                            static_cast<const Request&>(request));
         }});
  }

  // nullptr when this process does not serve `path`.
  const Endpoint* Find(std::string_view path) const;
  struct PathHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Endpoints = std::unordered_map<std::string, Endpoint, PathHash, std::equal_to<>>;
  const Endpoints& endpoints() const { return endpoints_; }

 private:
  template <class Request, class Response, class Handler>
  static Task<absl::StatusOr<MessagePtr>> Invoke(const Handler& handler, Context context,
                                                 const Request& request) {
    absl::StatusOr<Response> response = co_await handler(std::move(context), request);
    if (!response.ok()) co_return std::move(response).status();
    co_return MessagePtr(std::make_unique<Response>(*std::move(response)));
  }
  void Add(Endpoint endpoint);

  Endpoints endpoints_;
};

// Binds Service::Name for an rpc constant kName: CTC_BIND(map, SessionServiceRpc, service,
// GetSession).
#define CTC_BIND(map, rpcs, object, name)                                                         \
  (map).Bind(rpcs::k##name,                                                                       \
             [&ctc_object = (object)](::ctc::rpc::Context ctc_context, const auto& ctc_request) { \
               return ctc_object.name(std::move(ctc_context), ctc_request);                       \
             })

}  // namespace ctc::rpc
