// A request at the edge, from path to request message: the first line is "METHOD /path?query", the
// rest the body in JSON. Any route of the contract may be met.
#include "libs/base/error.h"
#include "libs/http/text.h"
#include "libs/transcoding/json_writer.h"
#include "services/gateway/service/request_reader.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

const gateway::RouteTable& Routes() {
  static const gateway::RouteTable routes = [] {
    auto built = gateway::RouteTable::Build(gateway::PublicServices());
    Require(built.ok(), "the contract has routes");
    return *std::move(built);
  }();
  return routes;
}

http::Request RequestOf(std::string_view bytes) {
  http::Request request;
  std::string_view line = TakeLine(bytes);
  const size_t space = std::min(line.find(' '), line.size());
  request.method = std::string(line.substr(0, space));
  line.remove_prefix(std::min(space + 1, line.size()));
  request.target = std::string(line);
  const size_t mark = std::min(line.find('?'), line.size());
  request.path = std::string(line.substr(0, mark));
  if (mark < line.size()) request.query = std::string(line.substr(mark + 1));
  request.headers.Add("Content-Type", "application/json");
  request.body = std::string(bytes);
  return request;
}

// What a client gets to read of it is JSON.
void RequireUtf8(const absl::Status& refusal) {
  const base::ErrorDetail detail = base::DetailOf(refusal);
  bool all = http::IsUtf8(std::string(refusal.message()));
  for (const base::FieldError& error : detail.fields) {
    all = all && http::IsUtf8(error.field) && http::IsUtf8(error.detail);
  }
  for (const auto& [name, value] : detail.metadata) {
    all = all && http::IsUtf8(name) && http::IsUtf8(value);
  }
  Require(all, "a refusal is UTF-8, whatever of the request it repeats");
}

}  // namespace

void EdgeRequest(std::string_view bytes) {
  const http::Request request = RequestOf(bytes);
  const gateway::PathMatch match = Routes().Find(request.method, request.path);
  if (match.route < 0) return;
  const gateway::Route& route = Routes().at(match.route);
  const auto message = gateway::ReadRequest(route, match, request, "https://crm.example.com");
  if (message.ok()) {
    (void)transcoding::ToJson(**message);
    return;
  }
  Require(message.status().code() == absl::StatusCode::kInvalidArgument,
          "a request that cannot be read is the client's fault");
  Require(!base::DetailOf(message.status()).code.empty(), "a refusal has a stable code");
  RequireUtf8(message.status());
}

}  // namespace ctc::fuzz
