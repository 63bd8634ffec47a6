// A whole edge over a real HTTP server, with fakes where it meets the world: peers and stores.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "libs/http/raw_socket_for_test.h"
#include "libs/http/server.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/fake_random.h"
#include "libs/testing/run_task.h"
#include "services/gateway/service/edge.h"
#include "services/gateway/store/fake_stores_for_test.h"

namespace ctc::gateway {

// All services behind one channel: answers by rpc path, remembers who asked what.
class FakePeers final : public rpc::Channel {
 public:
  using Answer = std::function<absl::StatusOr<rpc::MessagePtr>(const rpc::Context&,
                                                               const google::protobuf::Message&)>;
  struct Seen {
    std::string path;
    rpc::Context context;
    std::shared_ptr<google::protobuf::Message> request;
  };

  template <class Request, class Response>
  void On(rpc::Method<Request, Response> method,
          std::function<absl::StatusOr<Response>(const Request&)> answer) {
    base::MutexLock lock(mutex_);
    answers_[std::string(method.path)] =
        [answer](const rpc::Context&,
                 const google::protobuf::Message& request) -> absl::StatusOr<rpc::MessagePtr> {
      absl::StatusOr<Response> response = answer(static_cast<const Request&>(request));
      if (!response.ok()) return response.status();
      return std::make_unique<Response>(*std::move(response));
    };
  }

  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view path, rpc::Context context,
                                             const google::protobuf::Message& request,
                                             const google::protobuf::Message& response) override {
    Answer answer;
    {
      base::MutexLock lock(mutex_);
      std::shared_ptr<google::protobuf::Message> copy(request.New());
      copy->CopyFrom(request);
      seen_.push_back({std::string(path), context, std::move(copy)});
      if (const auto found = answers_.find(path); found != answers_.end()) answer = found->second;
    }
    if (!answer) co_return rpc::MessagePtr(response.New());
    co_return answer(context, request);
  }

  size_t calls() const {
    base::MutexLock lock(mutex_);
    return seen_.size();
  }
  Seen last() const {
    base::MutexLock lock(mutex_);
    return seen_.at(seen_.size() - 1);
  }

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, Answer, std::less<>> answers_;
  std::vector<Seen> seen_;
};

// An HTTP answer, taken apart.
struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  std::string code() const {
    const nlohmann::json value = json();
    return value.is_object() ? value.value("code", "") : "";
  }
};

inline Reply ParseReply(const std::string& text) {
  Reply reply;
  const size_t end = text.find("\r\n\r\n");
  if (text.size() < 12 || end == std::string::npos) return reply;
  reply.status = std::stoi(text.substr(9, 3));
  reply.body = text.substr(end + 4);
  for (size_t at = text.find("\r\n") + 2; at < end;) {
    const size_t line_end = text.find("\r\n", at);
    const std::string line = text.substr(at, line_end - at);
    std::string name = line.substr(0, line.find(':'));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    reply.headers[name] = line.substr(std::min(line.size(), line.find(':') + 2));
    at = line_end + 2;
  }
  return reply;
}

inline const char* const kToken = "ctc_admin";
inline const char* const kAgentToken = "ctc_agent";
inline const char* const kOtherToken = "ctc_other";

struct EdgeFixture {
  using Headers = std::vector<std::pair<std::string, std::string>>;

  static constexpr int kStreamsPerTenant = 3;

  explicit EdgeFixture(EdgeOptions options = {}, double rate = 1e6, double burst = 1e6)
      : routes(*RouteTable::Build(PublicServices())),
        authenticator(api_keys, verifier, clock),
        buckets(rate, burst),
        gatekeeper(authenticator, buckets, clock),
        keyed_calls(keys, clock, random),
        feed(peers, clock, io.executor()),
        live(feed, gatekeeper, clock, kStreamsPerTenant),
        pages(
            "{}", [] { return AlwaysReady(); }, clock),
        cors("https://crm.example.com"),
        edge({.routes = routes,
              .channels = std::vector<rpc::Channel*>(routes.routes().size(), &peers),
              .gatekeeper = gatekeeper,
              .keyed_calls = keyed_calls,
              .live = live,
              .pages = pages,
              .cors = cors,
              .clock = clock,
              .random = random},
             WithUrl(std::move(options))) {
    api_keys.Add(kToken, "t-1", "ADMIN", "");
    api_keys.Add(kAgentToken, "t-1", "AGENT", "agent-7");
    api_keys.Add(kOtherToken, "t-2", "ADMIN", "");
    auto handle = [this](const http::Request& request) { return edge.Handle(request); };
    auto error_body = [this](const http::ServerError& error) { return edge.Refuse(error); };
    server = *http::Server::Start(io.executor(), http::ServerOptions(), handle, error_body);
  }

  static Task<absl::Status> AlwaysReady() { co_return absl::OkStatus(); }
  static EdgeOptions WithUrl(EdgeOptions options) {
    options.public_url = "https://calls.example.com";
    return options;
  }

  // With the admin's token and tenant unless `headers` say otherwise; "" leaves a header out.
  std::string Text(const std::string& method, const std::string& target, const std::string& body,
                   const Headers& headers) const {
    std::string head = method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    Headers all = {{"Authorization", std::string("Bearer ") + kToken}, {"X-Tenant-ID", "t-1"}};
    if (!body.empty()) all.emplace_back("Content-Type", "application/json");
    for (const auto& header : headers) {
      std::erase_if(all, [&](const auto& other) { return other.first == header.first; });
      if (!header.second.empty()) all.push_back(header);
    }
    for (const auto& [name, value] : all) head += name + ": " + value + "\r\n";
    if (!body.empty() || method == "POST" || method == "PATCH" || method == "PUT") {
      head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    return head + "\r\n" + body;
  }

  Reply Send(const std::string& method, const std::string& target, const std::string& body = "",
             const Headers& headers = {}) const {
    http::RawSocket socket = http::RawSocket::Connect(server->port());
    socket.Send(Text(method, target, body, headers));
    return ParseReply(socket.ReceiveAll());
  }

  testing::FakeClock clock;
  testing::FakeRandom random;
  FakePeers peers;
  FakeApiKeyStore api_keys;
  FakeIdempotencyStore keys;
  testing::IoThreads io{2};
  const RouteTable routes;
  JwtVerifier verifier{JwtConfig{base::Secret("jwt secret"), "", ""}};
  Authenticator authenticator;
  TokenBuckets buckets;
  Gatekeeper gatekeeper;
  KeyedCalls keyed_calls;
  LiveFeed feed;
  LiveEndpoints live;
  Pages pages;
  const Cors cors;
  Edge edge;
  std::unique_ptr<http::Server> server;
};

}  // namespace ctc::gateway
