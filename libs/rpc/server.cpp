// See server.h.
#include "libs/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <map>
#include <mutex>

#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/rpc/mux.h"
#include "libs/rpc/mux_server.h"
#include "libs/rpc/unary_service.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

// The mux stream's batch and frame overhead come on top of the largest message.
constexpr int kTransportSlack = 2 << 20;

class GrpcServer : public Server {
 public:
  GrpcServer(const HandlerMap& handlers, asio::any_io_executor executor,
             const ServerOptions& options)
      : limits_{options.shared_secret, static_cast<size_t>(options.max_message_bytes)},
        mux_(handlers, executor, limits_) {
    std::map<std::string, std::vector<const Endpoint*>> by_service;
    for (const auto& [path, endpoint] : handlers.endpoints()) {
      by_service[ServiceOf(path)].push_back(&endpoint);
    }
    for (const auto& [name, endpoints] : by_service) {
      names_.push_back(name);
      services_.push_back(std::make_unique<UnaryService>(endpoints, executor, limits_));
    }
  }
  ~GrpcServer() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Bind(const ServerOptions& options) {
    static std::once_flag plugins;  // gRPC keeps both as process-wide switches
    std::call_once(plugins, [] {
      grpc::EnableDefaultHealthCheckService(true);
      grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    });
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options.address, grpc::InsecureServerCredentials(), &port_);
    builder.SetMaxReceiveMessageSize(options.max_message_bytes + kTransportSlack);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
    builder.RegisterService(&mux_);
    for (const auto& service : services_) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    const bool unix_socket = options.address.rfind("unix:", 0) == 0;
    if (server_ == nullptr || (port_ == 0 && !unix_socket)) {
      return base::MakeError(base::kUnavailable, "cannot listen at " + options.address);
    }
    if (unix_socket) port_ = 0;
    SetServing(false);
    return absl::OkStatus();
  }

  int port() const override { return port_; }

  void SetServing(bool serving) override {
    grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
    health->SetServingStatus("", serving);
    for (const std::string& name : names_) health->SetServingStatus(name, serving);
  }

  void Shutdown(absl::Duration grace) override {
    if (server_ == nullptr || down_) return;
    down_ = true;
    mux_.Drain();
    server_->Shutdown(absl::ToChronoTime(base::SystemClock().Now() + grace));
    server_->Wait();
  }

 private:
  const ServingLimits limits_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<UnaryService>> services_;
  MuxService mux_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  bool down_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const HandlerMap& handlers,
                                                      asio::any_io_executor executor,
                                                      ServerOptions options) {
  auto server = std::make_unique<GrpcServer>(handlers, std::move(executor), options);
  CTC_RETURN_IF_ERROR(server->Bind(options));
  return server;
}

}  // namespace ctc::rpc
