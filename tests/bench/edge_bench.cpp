// What the gateway itself costs a request: id, route, caller, transcoding, dispatch and answer,
// without HTTP and without the service behind it.
#include <chrono>
#include <cstdio>

#include "ctc/session/v1/session_service.rpc.h"
#include "services/gateway/service/edge_fixture_for_test.h"

namespace ctc::gateway {
namespace {

constexpr int kRounds = 5;
constexpr int kTimes = 20000;

Task<double> Measure(Edge& edge, const http::Request& request) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) {
      const http::Response response = co_await edge.Handle(request);
      if (response.status >= 400) co_return -1;
    }
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kTimes);
  }
  co_return best;
}

http::Request ARequest(const char* method, const char* path, const char* body) {
  http::Request request;
  request.method = method;
  request.target = request.path = path;
  request.body = body;
  for (const auto& [name, value] : {std::pair{"Host", "localhost"},
                                    {"Content-Type", "application/json"},
                                    {"Authorization", "Bearer ctc_admin"},
                                    {"X-Tenant-ID", "t-1"}}) {
    request.headers.Add(name, value);
  }
  return request;
}

// The peer of the measurement: answers with one prepared message and remembers nothing.
class PreparedPeer final : public rpc::Channel {
 public:
  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view, rpc::Context,
                                             const google::protobuf::Message&,
                                             const google::protobuf::Message& response) override {
    rpc::MessagePtr message(response.New());
    if (response.GetDescriptor() == session::v1::GetSessionResponse::descriptor()) {
      Fill(*static_cast<session::v1::GetSessionResponse&>(*message).mutable_session());
    } else {
      Fill(*static_cast<session::v1::InitiateCallResponse&>(*message).mutable_session());
    }
    co_return message;
  }

 private:
  static void Fill(session::v1::Session& session) {
    session.set_id("0190b2c8-7a3e-7c1d-9c39-2f6a1f0e4c11");
    session.set_session_id("sess_01J2SCGYHY3GEKJE9FD8FGWK0H");
    session.set_status(session::v1::Session::CONNECTED);
    session.set_from_phone("+0987654321");
    session.set_to_phone("+1234567890");
    session.set_agent_id("agent-uuid");
    session.set_contact_name("John Doe");
    session.mutable_created_at()->set_seconds(1764757799);
    session.set_version(5);
  }
};

int Run() {
  EdgeFixture f;
  PreparedPeer peer;
  Edge edge({.routes = f.routes,
             .channels = std::vector<rpc::Channel*>(f.routes.routes().size(), &peer),
             .gatekeeper = f.gatekeeper,
             .keyed_calls = f.keyed_calls,
             .live = f.live,
             .pages = f.pages,
             .cors = f.cors,
             .clock = f.clock,
             .random = f.random},
            EdgeOptions());
  const http::Request get = ARequest("GET", "/api/v1/click-to-call/sessions/sess_1", "");
  const http::Request initiate = ARequest(
      "POST", "/api/v1/click-to-call/initiate",
      R"({"to_phone":"+1234567890","phone_type":"EXTERNAL","lead_id":"lead-uuid",)"
      R"("agent_id":"agent-uuid","contact_name":"John Doe","contact_email":"john@example.com",)"
      R"("campaign_id":"campaign-uuid","metadata":{"custom_field":"value"}})");
  std::printf("get      %6.2f us\n", f.io.Run(Measure(edge, get)));
  std::printf("initiate %6.2f us\n", f.io.Run(Measure(edge, initiate)));
  return 0;
}

}  // namespace
}  // namespace ctc::gateway

int main() { return ctc::gateway::Run(); }
