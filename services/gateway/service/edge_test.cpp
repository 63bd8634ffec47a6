// Requests over a real socket through the whole edge to fake services.
#include "ctc/session/v1/session_service.rpc.h"
#include "ctc/stats/v1/stats_service.rpc.h"
#include "ctc/webhook/v1/webhook_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/rpc/fault.h"
#include "services/gateway/domain/request_identity.h"
#include "services/gateway/service/edge_fixture_for_test.h"

namespace ctc::gateway {
namespace {

namespace SessionRpc = session::v1::SessionServiceRpc;

constexpr const char* kInitiate = "/api/v1/click-to-call/initiate";
constexpr const char* kSessions = "/api/v1/click-to-call/sessions";

void AnswerInitiate(EdgeFixture& f) {
  f.peers.On<session::v1::InitiateCallRequest, session::v1::InitiateCallResponse>(
      SessionRpc::kInitiateCall, [](const session::v1::InitiateCallRequest& request) {
        session::v1::InitiateCallResponse response;
        response.set_success(true);
        response.mutable_session()->set_session_id("sess_1");
        response.mutable_session()->set_to_phone(request.to_phone());
        response.mutable_session()->set_status(session::v1::Session::INITIATED);
        return absl::StatusOr<session::v1::InitiateCallResponse>(response);
      });
}

void AnswerGet(EdgeFixture& f, absl::StatusOr<session::v1::GetSessionResponse> answer) {
  f.peers.On<session::v1::GetSessionRequest, session::v1::GetSessionResponse>(
      SessionRpc::kGetSession, [answer](const session::v1::GetSessionRequest&) { return answer; });
}

template <class Request>
const Request& LastRequest(const FakePeers::Seen& seen) {
  return static_cast<const Request&>(*seen.request);
}

TEST_CASE("a call is initiated as the seed prints it", "[edge][seed]") {
  EdgeFixture f;
  AnswerInitiate(f);
  const Reply reply = f.Send("POST", kInitiate, R"({"to_phone":"+1234567890","agent_id":"a"})",
                             {{"Idempotency-Key", "k"}, {"Prefer", "respond-async"}});
  CHECK(reply.status == 201);
  CHECK(reply.headers.at("content-type") == "application/json");
  CHECK(reply.json()["success"] == true);
  CHECK(reply.json()["session"]["status"] == "INITIATED");
  const FakePeers::Seen seen = f.peers.last();
  CHECK(seen.path == "/ctc.session.v1.SessionService/InitiateCall");
  CHECK(seen.context.tenant.value() == "t-1");
  CHECK(seen.context.principal.role == rpc::Role::kAdmin);
  CHECK(seen.context.idempotency_key == "k");
  CHECK(seen.context.prefer_async);
  CHECK(seen.context.deadline == f.clock.Now() + absl::Seconds(60));
  CHECK(LastRequest<session::v1::InitiateCallRequest>(seen).to_phone() == "+1234567890");
}

TEST_CASE("a session is bare, has an ETag and is not sent again while it stays", "[edge]") {
  EdgeFixture f;
  session::v1::GetSessionResponse response;
  response.mutable_session()->set_id("u-1");
  response.mutable_session()->set_version(7);
  AnswerGet(f, response);
  const Reply first = f.Send("GET", std::string(kSessions) + "/u%2D1");
  CHECK(first.status == 200);
  CHECK(first.json()["id"] == "u-1");
  CHECK(first.headers.at("etag") == "W/\"v7\"");
  CHECK(LastRequest<session::v1::GetSessionRequest>(f.peers.last()).id() == "u-1");
  const Reply again =
      f.Send("GET", std::string(kSessions) + "/u-1", "", {{"If-None-Match", "\"x\", W/\"v7\""}});
  CHECK(again.status == 304);
  CHECK(again.body.empty());
  CHECK(
      f.Send("GET", std::string(kSessions) + "/u-1", "", {{"If-None-Match", "W/\"v71\""}}).status ==
      200);
  CHECK(f.Send("HEAD", std::string(kSessions) + "/u-1").body.empty());
}

TEST_CASE("filters travel from the query string", "[edge][seed]") {
  EdgeFixture f;
  const Reply reply =
      f.Send("GET", std::string(kSessions) + "?status=COMPLETED&agent_id=a%20b&limit=10&offset=0");
  CHECK(reply.status == 200);
  CHECK(reply.body == R"({"total":0,"limit":0,"offset":0,"sessions":[]})");
  const FakePeers::Seen seen = f.peers.last();
  const auto& request = LastRequest<session::v1::ListSessionsRequest>(seen);
  CHECK(request.status() == "COMPLETED");
  CHECK(request.agent_id() == "a b");
  CHECK(request.limit() == 10);
}

TEST_CASE("a query that is not understood is refused by its name", "[edge]") {
  EdgeFixture f;
  const std::string path = kSessions;
  CHECK(f.Send("GET", path + "?statsu=x").code() == "UNKNOWN_FIELD");
  CHECK(f.Send("GET", path + "?limit=ten").json()["errors"][0]["field"] == "limit");
  CHECK(f.Send("GET", path + "?limit=1&limit=2").code() == "VALIDATION_FAILED");
  CHECK(f.Send("GET", path + "?status=%ff").status == 400);
  std::string long_name = "a";
  for (int i = 0; i < 40; ++i) long_name += "\xc3\xa9";
  // Told up to a whole character: the body of an error is UTF-8, too.
  const Reply unknown = f.Send("GET", path + "?" + http::Encode(long_name) + "=1");
  CHECK(unknown.json()["errors"][0]["field"] == long_name.substr(0, 63));
  CHECK(f.Send("GET", path + "?status=%zz").status == 400);
  CHECK(f.Send("POST", std::string(kInitiate) + "?to_phone=1", "{\"to_phone\":\"1\"}").code() ==
        "UNKNOWN_FIELD");
  CHECK(f.peers.calls() == 0);
}

TEST_CASE("an id in the body may not contradict the path", "[edge]") {
  EdgeFixture f;
  const std::string path = std::string(kSessions) + "/u-1/hold";
  CHECK(f.Send("POST", path, R"({"id":"u-2"})").json()["errors"][0]["field"] == "id");
  CHECK(f.peers.calls() == 0);
  CHECK(f.Send("POST", path, R"({"id":"u-1"})").status == 200);
  CHECK(f.Send("POST", path).status == 200);  // nothing else to say: no body needed
}

TEST_CASE("paths and methods that are not there say what is", "[edge]") {
  EdgeFixture f;
  CHECK(f.Send("GET", "/api/v1/nothing").code() == "ROUTE_NOT_FOUND");
  CHECK(f.Send("GET", "/").status == 404);
  CHECK(f.Send("GET", "/api/v1/click-to-call//sessions").status == 404);
  CHECK(f.Send("GET", std::string(kSessions) + "/").status == 404);
  const Reply reply = f.Send("DELETE", kInitiate);
  CHECK(reply.status == 405);
  CHECK(reply.code() == "METHOD_NOT_ALLOWED");
  CHECK(reply.headers.at("allow") == "POST, OPTIONS");
  CHECK(f.Send("GET", "/api/v1/voip-providers/types").status == 200);
  CHECK(f.peers.last().path == "/ctc.dispatch.v1.ProviderService/ListProviderTypes");
}

TEST_CASE("internal rpcs cannot be reached", "[edge][auth]") {
  EdgeFixture f;
  for (const std::string name : {"ResolveSession", "ApplyFacts", "ReadFeed", "ListLiveSessions"}) {
    CHECK(f.Send("POST", "/ctc.session.v1.SessionService/" + name, "{}").status == 404);
  }
  for (const Route& route : f.routes.routes()) {
    CHECK(route.access != common::v1::RpcOptions::INTERNAL);
    CHECK((!route.scope.empty() || route.access != common::v1::RpcOptions::TENANT));
  }
  CHECK(f.peers.calls() == 0);
}

TEST_CASE("an error is a problem with code, field, request id and what to do", "[edge][errors]") {
  EdgeFixture f;
  base::ErrorDetail extra;
  extra.fields.push_back({"status", "cannot follow COMPLETED"});
  extra.metadata["legal"] = "";
  AnswerGet(f, base::MakeError(base::kIllegalTransition, "It ended.", extra));
  const Reply reply =
      f.Send("GET", std::string(kSessions) + "/u-1", "", {{"X-Request-ID", "req-1"}});
  CHECK(reply.status == 409);
  CHECK(reply.headers.at("content-type") == "application/problem+json");
  CHECK(reply.headers.at("x-request-id") == "req-1");
  const nlohmann::json body = reply.json();
  CHECK(body["success"] == false);
  CHECK(body["type"] == "urn:ctc:error:ILLEGAL_TRANSITION");
  CHECK(body["status"] == 409);
  CHECK(body["detail"] == "It ended.");
  CHECK(body["instance"] == "/api/v1/click-to-call/sessions/u-1");
  CHECK(body["errors"][0]["field"] == "status");
  CHECK(body["metadata"].contains("legal"));
  CHECK(body["request_id"] == "req-1");
}

TEST_CASE("what went wrong inside stays inside", "[edge][errors]") {
  EdgeFixture f;
  AnswerGet(f, GENERATE(as<absl::Status>(), absl::InternalError("SELECT secret FROM host-1"),
                        absl::UnknownError("stack at host-1"), absl::DataLossError("host-1")));
  const Reply reply = f.Send("GET", std::string(kSessions) + "/u-1");
  CHECK(reply.status == 500);
  CHECK(reply.code() == "INTERNAL");
  CHECK(reply.body.find("host-1") == std::string::npos);
}

TEST_CASE("what is wrong between our own services is no fault of the client", "[edge][errors]") {
  EdgeFixture f;
  const absl::StatusCode code =
      GENERATE(absl::StatusCode::kUnauthenticated, absl::StatusCode::kUnimplemented,
               absl::StatusCode::kResourceExhausted, absl::StatusCode::kInvalidArgument);
  AnswerGet(f, rpc::WiringFault(code, "the secret of host-1"));
  const Reply reply = f.Send("GET", std::string(kSessions) + "/u-1");
  CHECK(reply.status == 500);
  CHECK(reply.code() == "INTERNAL");
  CHECK(reply.body.find("host-1") == std::string::npos);
}

TEST_CASE("a part that is away answers 503 and when to come back", "[edge][errors]") {
  EdgeFixture f;
  AnswerGet(f, absl::UnavailableError("session is away"));
  const Reply reply = f.Send("GET", std::string(kSessions) + "/u-1");
  CHECK(reply.status == 503);
  CHECK(reply.headers.at("retry-after") == "1");
}

TEST_CASE("a request id that could break a log is replaced", "[edge]") {
  EdgeFixture f;
  const Reply reply = f.Send("GET", kSessions, "", {{"X-Request-ID", "a\"b{}"}});
  CHECK(base::IsUuid(reply.headers.at("x-request-id")));
  CHECK(f.peers.last().context.request_id == reply.headers.at("x-request-id"));
}

TEST_CASE("a trace goes on with a span of its own, or begins", "[edge]") {
  EdgeFixture f;
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  f.Send("GET", kSessions, "", {{"traceparent", trace}});
  const std::string next = f.peers.last().context.traceparent;
  CHECK(next.substr(0, 35) == trace.substr(0, 35));
  CHECK(next.substr(36, 16) != trace.substr(36, 16));
  CHECK(next.substr(52) == "-01");
  f.Send("GET", kSessions, "", {{"traceparent", "00-00000000000000000000000000000000-x-01"}});
  CHECK(IsTraceparent(f.peers.last().context.traceparent));
}

TEST_CASE("a body over the limit is refused by its header alone", "[edge][limits]") {
  EdgeFixture f;
  http::RawSocket socket = http::RawSocket::Connect(f.server->port());
  socket.Send("POST " + std::string(kInitiate) +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n");
  const Reply reply = ParseReply(socket.ReceiveAll());
  CHECK(reply.status == 413);
  CHECK(reply.headers.at("content-type") == "application/problem+json");
  CHECK(reply.json()["success"] == false);
  CHECK(f.peers.calls() == 0);
}

TEST_CASE("bodies that are no JSON of ours are refused and reach nobody", "[edge][bad]") {
  EdgeFixture f;
  const std::string body =
      GENERATE(as<std::string>(), "{", "[]", "nul", "\xff", "{\"to_phone\":\"\xc0\xaf\"}",
               "{\"to_phone\":\"\\ud800\"}", "{\"to_phone\":\"\\u0000\"}",
               "{\"to_phone\":\"1\",\"to_phone\":\"1\"}", "{\"to_phone\":1}", "{\"x\":1}",
               std::string(100000, '['),
               "{\"metadata\":" + std::string(40, '[') + std::string(40, ']') + "}");
  const Reply reply = f.Send("POST", kInitiate, body);
  CHECK(reply.status == 400);
  CHECK(reply.json()["success"] == false);
  CHECK(f.peers.calls() == 0);
}

TEST_CASE("an empty body where one is needed is malformed, another type is not JSON",
          "[edge][bad]") {
  EdgeFixture f;
  CHECK(f.Send("POST", kInitiate, "", {{"Content-Type", "application/json"}}).code() ==
        "MALFORMED_JSON");
  const Reply reply = f.Send("POST", kInitiate, "to_phone=1",
                             {{"Content-Type", "application/x-www-form-urlencoded"}});
  CHECK(reply.status == 415);
  CHECK(f.Send("POST", kInitiate, "{\"to_phone\":\"1\"}",
               {{"Content-Type", "Application/JSON; charset=utf-8"}})
            .status == 201);
}

TEST_CASE("injections are text and nothing else", "[edge][bad]") {
  EdgeFixture f;
  AnswerInitiate(f);
  const std::string text =
      GENERATE(as<std::string>(), "' OR '1'='1", "'; DROP TABLE api_key; --", "${jndi:ldap://x}",
               "{{7*7}}", "<script>", "\\'; --", "1 OR SLEEP(5)");
  const nlohmann::json body = {{"to_phone", text}, {"contact_name", text}};
  CHECK(f.Send("POST", kInitiate, body.dump()).json()["session"]["to_phone"] == text);
  CHECK(LastRequest<session::v1::InitiateCallRequest>(f.peers.last()).contact_name() == text);
  const std::string quoted = http::Encode(text);
  CHECK(f.Send("GET", std::string(kSessions) + "?q=" + quoted).status == 200);
  CHECK(LastRequest<session::v1::ListSessionsRequest>(f.peers.last()).q() == text);
  CHECK(f.Send("GET", std::string(kSessions) + "/" + quoted).status == 200);
  CHECK(LastRequest<session::v1::GetSessionRequest>(f.peers.last()).id() == text);
  const size_t calls = f.peers.calls();
  CHECK(f.Send("GET", kSessions, "", {{"X-Tenant-ID", text}}).status == 403);
  CHECK(f.Send("GET", kSessions, "", {{"Authorization", "Bearer " + text}}).status == 401);
  CHECK(f.peers.calls() == calls);
}

TEST_CASE("a webhook needs no token and passes as it came, both ways", "[edge][webhook]") {
  EdgeFixture f;
  f.peers.On<webhook::v1::ReceiveWebhookRequest, webhook::v1::ReceiveWebhookResponse>(
      webhook::v1::WebhookServiceRpc::kReceiveWebhook, [](const auto&) {
        webhook::v1::ReceiveWebhookResponse response;
        response.mutable_raw()->set_status(202);
        response.mutable_raw()->set_content_type("text/xml");
        response.mutable_raw()->set_body("<Response/>");
        return absl::StatusOr<webhook::v1::ReceiveWebhookResponse>(response);
      });
  const std::string target = "/api/v1/webhooks/voip/asterisk?tenant=t-1&x=%2B1";
  const Reply reply =
      f.Send("POST", target, "not json \xff",
             {{"Authorization", ""}, {"X-Signature", "AbC"}, {"X-Name", "caf\xe9"}});
  CHECK(reply.status == 202);
  CHECK(reply.headers.at("content-type") == "text/xml");
  CHECK(reply.body == "<Response/>");
  const FakePeers::Seen seen = f.peers.last();
  const auto& request = LastRequest<webhook::v1::ReceiveWebhookRequest>(seen);
  CHECK(request.provider() == "asterisk");
  CHECK(request.raw().method() == "POST");
  CHECK(request.raw().url() == "https://calls.example.com" + target);
  CHECK(request.raw().query() == "tenant=t-1&x=%2B1");
  CHECK(request.raw().body() == "not json \xff");
  CHECK(request.raw().remote_address() == "127.0.0.1");
  std::string signature;
  for (const auto& header : request.raw().headers()) {
    if (header.name() == "x-signature") signature = header.value();
  }
  CHECK(signature == "AbC");
  webhook::v1::ReceiveWebhookRequest elsewhere;  // as another process reads it
  CHECK(elsewhere.ParseFromString(request.SerializeAsString()));
  CHECK(seen.context.tenant.empty());
  CHECK(f.Send("GET", "/api/v1/webhooks/voip/twilio?tenant=t-1", "", {{"Authorization", ""}})
            .status == 202);
}

TEST_CASE("a tenant that asks too often waits, others do not", "[edge][limits]") {
  EdgeFixture f({}, 1, 3);
  for (int i = 0; i < 3; ++i) CHECK(f.Send("GET", kSessions).status == 200);
  const Reply reply = f.Send("GET", kSessions);
  CHECK(reply.status == 429);
  CHECK(reply.headers.at("retry-after") == "1");
  const EdgeFixture::Headers other = {{"Authorization", std::string("Bearer ") + kOtherToken},
                                      {"X-Tenant-ID", "t-2"}};
  CHECK(f.Send("GET", kSessions, "", other).status == 200);
  f.clock.Advance(absl::Seconds(1));
  CHECK(f.Send("GET", kSessions).status == 200);
}

TEST_CASE("too many requests under way are refused at once, health is not", "[edge][limits]") {
  EdgeOptions options;
  options.max_in_flight = 0;
  EdgeFixture f(options);
  const Reply reply = f.Send("GET", kSessions);
  CHECK(reply.status == 503);
  CHECK(reply.code() == "OVERLOADED");
  CHECK(reply.headers.at("retry-after") == "1");
  CHECK(f.Send("GET", "/healthz").status == 200);
}

TEST_CASE("browsers of allowed origins may call", "[edge][cors]") {
  EdgeFixture f;
  const EdgeFixture::Headers ask = {{"Origin", "https://crm.example.com"},
                                    {"Access-Control-Request-Method", "POST"},
                                    {"Authorization", ""}};
  const Reply preflight = f.Send("OPTIONS", kInitiate, "", ask);
  CHECK(preflight.status == 204);
  CHECK(preflight.headers.at("access-control-allow-origin") == "https://crm.example.com");
  CHECK(preflight.headers.at("access-control-allow-methods") == "POST, OPTIONS");
  const Reply foreign = f.Send("GET", kSessions, "", {{"Origin", "https://evil.example"}});
  CHECK_FALSE(foreign.headers.contains("access-control-allow-origin"));
  CHECK(foreign.headers.at("vary") == "Origin");
}

TEST_CASE("browsers of allowed origins can read what the server answers by itself",
          "[edge][cors]") {
  EdgeFixture f;
  const auto send = [&](const std::string& head, const std::string& origin) {
    http::RawSocket socket = http::RawSocket::Connect(f.server->port());
    socket.Send(head + "Host: x\r\nOrigin: " + origin + "\r\n\r\n");
    return ParseReply(socket.ReceiveAll());
  };
  const std::vector<std::pair<int, std::string>> refused = {
      {400, "GET /a{\r\nb HTTP/1.1\r\n"},
      {400, "GET / HTTP/1.1\r\nX Y: 1\r\n"},
      {413, "POST " + std::string(kInitiate) + " HTTP/1.1\r\nContent-Length: 9000000\r\n"},
      {431, "GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://crm.example.com\r\nX: " +
                std::string(20000, 'x') + "\r\n"},
      {501, "BREW / HTTP/1.1\r\n"},
  };
  for (const auto& [status, head] : refused) {
    INFO(head.substr(0, 60));
    const Reply reply = send(head, "https://crm.example.com");
    CHECK(reply.status == status);
    CHECK(reply.headers.at("access-control-allow-origin") == "https://crm.example.com");
    CHECK(reply.headers.at("vary") == "Origin");
    CHECK(reply.json()["request_id"] == reply.headers.at("x-request-id"));
  }
  const Reply foreign = send("BREW / HTTP/1.1\r\n", "https://evil.example");
  CHECK_FALSE(foreign.headers.contains("access-control-allow-origin"));
  CHECK(foreign.headers.at("vary") == "Origin");
}

TEST_CASE("a browser's page may ask for parts of a file and see what it got", "[edge][cors]") {
  EdgeFixture f;
  const EdgeFixture::Headers ask = {{"Origin", "https://crm.example.com"},
                                    {"Access-Control-Request-Method", "GET"},
                                    {"Access-Control-Request-Headers", "if-range"}};
  const Reply preflight = f.Send("OPTIONS", kSessions, "", ask);
  const std::string may_send = preflight.headers.at("access-control-allow-headers");
  CHECK(may_send.find(" If-Range,") != std::string::npos);
  CHECK(may_send.find(" Range,") != std::string::npos);
  const Reply reply = f.Send("GET", kSessions, "", {{"Origin", "https://crm.example.com"}});
  const std::string may_see = reply.headers.at("access-control-expose-headers") + ",";
  for (const char* name : {"Accept-Ranges", "Content-Range", "Content-Disposition", "Allow"}) {
    CHECK(may_see.find(" " + std::string(name) + ",") != std::string::npos);
  }
}

TEST_CASE("a WebSocket's path says what it is for, also to browsers", "[edge][cors]") {
  EdgeFixture f;
  const Reply reply = f.Send("GET", "/api/v1/ws", "", {{"Origin", "https://crm.example.com"}});
  CHECK(reply.status == 426);
  CHECK(reply.code() == "UPGRADE_REQUIRED");
  CHECK(reply.headers.at("upgrade") == "websocket");
  CHECK(reply.headers.at("access-control-allow-origin") == "https://crm.example.com");
}

TEST_CASE("the pages are there without a token", "[edge]") {
  EdgeFixture f;
  const EdgeFixture::Headers nobody = {{"Authorization", ""}, {"X-Tenant-ID", ""}};
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/docs", "/api/v1/openapi.json"}) {
    INFO(path);
    CHECK(f.Send("GET", path, "", nobody).status == 200);
  }
  CHECK(f.Send("POST", "/healthz", "{}", nobody).status == 405);
  CHECK(f.Send("GET", "/metrics").body.find("ctc_gateway_requests_total") != std::string::npos);
}

}  // namespace
}  // namespace ctc::gateway
