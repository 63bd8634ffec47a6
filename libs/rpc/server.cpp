// See server.h.
#include "libs/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/rpc/address.h"
#include "libs/rpc/listener.h"
#include "libs/rpc/mux_server.h"
#include "libs/rpc/unary_service.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

// A request somewhat over the limit is still read, and refused by us instead of by gRPC.
constexpr int kTransportSlack = 2 << 20;

class GrpcServer : public Server {
 public:
  GrpcServer(const HandlerMap& handlers, const asio::any_io_executor& executor,
             const ServerOptions& options)
      : executor_(executor),
        limits_{options.shared_secret, static_cast<size_t>(options.max_message_bytes)},
        mux_(std::make_shared<MuxServer>(handlers, executor, limits_)) {
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
    Listener::Takers takers;
    takers.ours = [mux = mux_](Listener::Socket socket) { mux->Serve(std::move(socket)); };
    takers.grpc = [this](int descriptor) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
      connection.fd = descriptor;
      acceptor_->HandleNewConnection(&connection);
    };
    const auto listener = std::make_shared<Listener>(executor_, std::move(takers));
    CTC_RETURN_IF_ERROR(listener->Open(options.address));
    CTC_RETURN_IF_ERROR(StartGrpc(options));
    listener_ = listener;
    listener_->Start();
    return absl::OkStatus();
  }

  int port() const override { return listener_->port(); }

  void SetServing(bool serving) override {
    grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
    health->SetServingStatus("", serving);
    for (const std::string& name : names_) health->SetServingStatus(name, serving);
  }

  void Shutdown(absl::Duration grace) override {
    if (listener_ == nullptr || down_) return;
    down_ = true;
    const absl::Time end = base::SystemClock().Now() + grace;
    listener_->Stop();
    mux_->Drain();
    server_->Shutdown(absl::ToChronoTime(end));
    server_->Wait();
    mux_->Finish(std::max(end - base::SystemClock().Now(), absl::ZeroDuration()));
  }

 private:
  // gRPC listens nowhere: it gets the connections that the listener finds to be HTTP/2.
  absl::Status StartGrpc(const ServerOptions& options) {
    static std::once_flag plugins;  // gRPC keeps both as process-wide switches
    std::call_once(plugins, [] {
      grpc::EnableDefaultHealthCheckService(true);
      grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    });
    grpc::ServerBuilder builder;
    acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        grpc::InsecureServerCredentials());
    builder.SetMaxReceiveMessageSize(options.max_message_bytes + kTransportSlack);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
    for (const auto& service : services_) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return base::MakeError(base::kUnavailable, "gRPC does not start");
    SetServing(false);
    return absl::OkStatus();
  }

  const asio::any_io_executor executor_;
  const ServingLimits limits_;
  const std::shared_ptr<MuxServer> mux_;
  std::shared_ptr<Listener> listener_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<UnaryService>> services_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  bool down_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const HandlerMap& handlers,
                                                      asio::any_io_executor executor,
                                                      ServerOptions options) {
  const auto address = ParseAddress(options.address);
  if (options.shared_secret.empty() && address && !IsOfThisMachine(*address)) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.address,
        " can be reached from other machines, and without a secret every caller is trusted: set "
        "CTC_RPC_SECRET or CTC_RPC_SECRET_FILE, the same for every process"));
  }
  auto server = std::make_unique<GrpcServer>(handlers, executor, options);
  CTC_RETURN_IF_ERROR(server->Bind(options));
  return server;
}

}  // namespace ctc::rpc
