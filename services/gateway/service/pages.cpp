#include "services/gateway/service/pages.h"

#include "libs/observability/metrics.h"
#include "libs/transcoding/json_writer.h"
#include "services/gateway/service/docs_page.h"

namespace ctc::gateway {
namespace {

http::Response Text(std::string_view content_type, std::string body) {
  http::Response response;
  response.headers.Add("Content-Type", std::string(content_type));
  response.headers.Add("Cache-Control", "no-cache");
  response.body = std::move(body);
  return response;
}

}  // namespace

Page PageOf(std::string_view path) {
  if (path == "/healthz") return Page::kHealth;
  if (path == "/readyz") return Page::kReady;
  if (path == "/metrics") return Page::kMetrics;
  if (path == "/docs") return Page::kDocs;
  if (path == "/api/v1/openapi.json") return Page::kOpenApi;
  if (path == "/api/v1/events") return Page::kEvents;
  if (path == "/api/v1/ws") return Page::kWebSocket;
  return Page::kNone;
}

Task<http::Response> Pages::Answer(Page page) {
  if (page == Page::kHealth) co_return Text("application/json", R"({"status":"ok"})");
  if (page == Page::kMetrics) {
    co_return Text("text/plain; version=0.0.4", observability::ExposeMetrics());
  }
  if (page == Page::kOpenApi) co_return Text("application/json", openapi_json_);
  if (page == Page::kDocs) {
    http::Response response = Text("text/html; charset=utf-8", std::string(kDocsPage));
    response.headers.Add("Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; script-src "
                         "'unsafe-inline'; connect-src 'self'");
    co_return response;
  }
  const absl::Status ready = co_await ready_.Ask();
  if (ready.ok()) co_return Text("application/json", R"({"status":"ready"})");
  // Names a service of ours and what it waits for; never a host, a statement or a key.
  std::string body = R"({"status":"not ready","reason":)";
  transcoding::AppendJsonString(std::string_view(ready.message().data(), ready.message().size()),
                                body);
  http::Response response = Text("application/json", body + "}");
  response.status = 503;
  response.headers.Add("Retry-After", "1");
  co_return response;
}

}  // namespace ctc::gateway
