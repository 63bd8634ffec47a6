// Answers /healthz, /readyz and /metrics.
#include "libs/host/admin.h"

#include "libs/observability/metrics.h"

namespace ctc::host {
namespace {

http::Response Text(int status, std::string_view type, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", std::string(type));
  response.body = std::move(body);
  return response;
}

Task<http::Response> Answer(const http::Request& request, const AdminServer::Readiness& ready) {
  if (request.path == "/healthz") co_return Text(200, "text/plain", "ok\n");
  if (request.path == "/metrics") {
    co_return Text(200, "text/plain; version=0.0.4", observability::ExposeMetrics());
  }
  if (request.path == "/readyz") {
    const absl::Status status = co_await ready();
    if (status.ok()) co_return Text(200, "text/plain", "ready\n");
    co_return Text(503, "text/plain", absl::StrCat(std::string(status.message()), "\n"));
  }
  co_return Text(404, "text/plain", "paths: /healthz /readyz /metrics\n");
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(asio::any_io_executor executor,
                                                                int port, Readiness ready) {
  std::unique_ptr<AdminServer> admin(new AdminServer);
  admin->ready_ = std::move(ready);
  http::ServerOptions options;
  options.port = port;
  const AdminServer* self = admin.get();
  CTC_ASSIGN_OR_RETURN(admin->server_,
                       http::Server::Start(executor, options, [self](const http::Request& request) {
                         return Answer(request, self->ready_);
                       }));
  return admin;
}

}  // namespace ctc::host
