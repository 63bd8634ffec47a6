// Who may do what, over all routes there are; and requests under an Idempotency-Key.
#include <future>

#include "ctc/gateway/v1/gateway_service.rpc.h"
#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "libs/rpc/fault.h"
#include "services/gateway/service/edge_fixture_for_test.h"
#include "services/gateway/service/gateway_service.h"

namespace ctc::gateway {
namespace {

namespace SessionRpc = session::v1::SessionServiceRpc;
using Headers = EdgeFixture::Headers;

constexpr const char* kInitiate = "/api/v1/click-to-call/initiate";
const std::string kBody = R"({"to_phone":"+1234567890"})";

std::string Bearer(std::string_view token) { return "Bearer " + std::string(token); }

// A path of the route with ids in place of its variables.
std::string PathOf(const Route& route) {
  std::string path;
  bool variable = false;
  for (char c : route.path_template) {
    if (c == '{') path += "01890000-0000-7000-8000-000000000001";
    variable = c == '{' || (variable && c != '}');
    if (!variable && c != '}') path += c;
  }
  return path;
}

TEST_CASE("no route lets a wrong token or tenant in", "[edge][auth][tenants]") {
  EdgeFixture f;
  size_t routes = 0;
  for (const Route& route : f.routes.routes()) {
    if (route.access != common::v1::RpcOptions::TENANT) continue;
    ++routes;
    INFO(route.name);
    const std::string path = PathOf(route);
    const std::string body = route.takes_body ? "{}" : "";
    const auto code = [&](const Headers& headers) {
      const Reply reply = f.Send(route.http_method, path, body, headers);
      return std::to_string(reply.status) + " " + reply.code();
    };
    CHECK(code({{"Authorization", ""}}) == "401 UNAUTHENTICATED");
    CHECK(code({{"Authorization", "Basic dTpw"}}) == "401 UNAUTHENTICATED");
    CHECK(code({{"Authorization", "Bearer ctc_guess"}}) == "401 UNAUTHENTICATED");
    CHECK(code({{"X-Tenant-ID", ""}}) == "400 TENANT_REQUIRED");
    CHECK(code({{"X-Tenant-ID", "t-2"}}) == "403 TENANT_MISMATCH");
    CHECK(code({{"Authorization", Bearer(kOtherToken)}}) == "403 TENANT_MISMATCH");
  }
  CHECK(routes > 40);
  CHECK(f.peers.calls() == 0);
}

TEST_CASE("each route's call carries the token's tenant and nothing from outside", "[edge][auth]") {
  EdgeFixture f;
  for (const Route& route : f.routes.routes()) {
    if (route.access != common::v1::RpcOptions::TENANT || route.body_required) continue;
    INFO(route.name);
    const size_t before = f.peers.calls();
    f.Send(route.http_method, PathOf(route), "", {{"X-Tenant", "t-2"}});
    REQUIRE(f.peers.calls() == before + 1);
    CHECK(f.peers.last().context.tenant.value() == "t-1");
  }
}

TEST_CASE("an agent's token has the agent's scopes only", "[edge][auth]") {
  EdgeFixture f;
  const Headers agent = {{"Authorization", Bearer(kAgentToken)}};
  CHECK(f.Send("GET", "/api/v1/click-to-call/sessions", "", agent).status == 200);
  CHECK(f.peers.last().context.principal.role == rpc::Role::kAgent);
  CHECK(f.peers.last().context.principal.agent_id == "agent-7");
  const size_t calls = f.peers.calls();
  for (const char* path : {"/api/v1/api-keys", "/api/v1/voip-providers", "/api/v1/routing-rules",
                           "/api/v1/webhooks/logs", "/api/v1/phone-numbers"}) {
    const Reply reply = f.Send("GET", path, "", agent);
    CHECK(reply.status == 403);
    CHECK(reply.code() == "SCOPE_MISSING");
    CHECK_FALSE(reply.json()["metadata"]["scope"].get<std::string>().empty());
  }
  CHECK(f.Send("PUT", "/api/v1/recording-config", "{}", agent).status == 403);
  CHECK(f.Send("DELETE", "/api/v1/agents/a", "", agent).status == 403);
  CHECK(f.peers.calls() == calls);
}

TEST_CASE("keys are looked up once, and end at once where they are deleted", "[edge][auth]") {
  EdgeFixture f;
  for (int i = 0; i < 5; ++i) f.Send("GET", "/api/v1/me");
  CHECK(f.api_keys.lookups() == 1);
  f.clock.Advance(absl::Seconds(11));
  f.Send("GET", "/api/v1/me");
  CHECK(f.api_keys.lookups() == 2);
  GatewayService service(f.api_keys, f.authenticator, f.clock, f.random);
  v1::DeleteApiKeyRequest request;
  request.set_id("01890000-0000-7000-8000-000000000000");
  rpc::Context context = rpc::Context::ForService(base::TenantId("t-1"), absl::InfiniteFuture());
  REQUIRE(f.io.Run(service.DeleteApiKey(context, request)).ok());
  CHECK(f.Send("GET", "/api/v1/me").status == 401);
}

TEST_CASE("known keys go on to work while the database is away, unknown ones cannot be judged",
          "[edge][auth]") {
  EdgeFixture f;
  CHECK(f.Send("GET", "/api/v1/me").status == 200);
  f.api_keys.Break(base::MakeError(base::kUnavailable, "The database is away."));
  f.clock.Advance(absl::Seconds(60));
  CHECK(f.Send("GET", "/api/v1/me").status == 200);
  CHECK(f.Send("GET", "/api/v1/me", "", {{"Authorization", Bearer(kAgentToken)}}).status == 503);
  f.clock.Advance(absl::Minutes(10));
  CHECK(f.Send("GET", "/api/v1/me").status == 503);
}

std::string SignJwt(const std::string& header, const nlohmann::json& claims) {
  const std::string data = crypto::ToBase64Url(header) + "." + crypto::ToBase64Url(claims.dump());
  return data + "." + crypto::ToBase64Url(crypto::HmacSha256("jwt secret", data));
}

TEST_CASE("known keys go on to work while the database is away, however many JWTs come beside them",
          "[edge][auth][jwt]") {
  EdgeFixture f;
  AuthenticatorOptions options;
  options.max_entries = 64;
  Authenticator authenticator(f.api_keys, f.verifier, f.clock, options);
  const auto look_up = [&](std::string_view token) {
    const std::string hash = HashOfToken(token);
    return f.io.Run(authenticator.LookUp(std::string(token), hash, absl::InfiniteFuture()))
        .status();
  };
  const int64_t expires = absl::ToUnixSeconds(f.clock.Now() + absl::Hours(1));
  const auto flood = [&](const std::string& who) {
    for (int i = 0; i < 500; ++i) {
      const std::string user = who + std::to_string(i);
      const nlohmann::json claims = {
          {"tenant_id", "t-1"}, {"role", "admin"}, {"sub", user}, {"exp", expires}};
      REQUIRE(look_up(SignJwt(R"({"alg":"HS256"})", claims)).ok());
    }
  };
  REQUIRE(look_up(kToken).ok());
  flood("a");
  REQUIRE(look_up(kAgentToken).ok());  // finds it full of JWTs that are in use
  f.clock.Advance(absl::Seconds(11));
  flood("b");
  f.api_keys.Break(base::MakeError(base::kUnavailable, "The database is away."));
  f.clock.Advance(absl::Minutes(9));
  flood("c");
  CHECK(look_up(kToken).ok());
  CHECK(look_up(kAgentToken).ok());
  CHECK(base::IsError(look_up(kOtherToken), base::kUnavailable));
}

TEST_CASE("guesses are looked up so often and no more, keys that are known always",
          "[edge][auth]") {
  EdgeFixture f;
  AuthenticatorOptions options;
  options.guesses_per_second = 1;
  options.guesses_at_once = 2;
  Authenticator authenticator(f.api_keys, f.verifier, f.clock, options);
  const auto look_up = [&](std::string_view token) {
    return f.io
        .Run(authenticator.LookUp(std::string(token), HashOfToken(token), absl::InfiniteFuture()))
        .status();
  };
  for (const char* token : {kToken, kAgentToken, kOtherToken}) CHECK(look_up(token).ok());
  CHECK(base::IsError(look_up("ctc_guess1"), base::kUnauthenticated));
  CHECK(base::IsError(look_up("ctc_guess2"), base::kUnauthenticated));
  const int asked = f.api_keys.lookups();
  const absl::Status refused = look_up("ctc_guess3");
  CHECK(base::IsError(refused, base::kOverloaded));
  CHECK(base::DetailOf(refused).retry_after == absl::Seconds(1));
  CHECK(f.api_keys.lookups() == asked);
  CHECK(look_up(kToken).ok());
  f.clock.Advance(absl::Seconds(1));
  CHECK(base::IsError(look_up("ctc_guess4"), base::kUnauthenticated));
}

TEST_CASE("a JWT stands for its tenant, role and agent", "[edge][auth][jwt]") {
  EdgeFixture f;
  const int64_t now = absl::ToUnixSeconds(f.clock.Now());
  const nlohmann::json claims = {{"tenant_id", "t-1"},
                                 {"role", "agent"},
                                 {"agent_id", "a-9"},
                                 {"sub", "u"},
                                 {"exp", now + 60}};
  const std::string token = SignJwt(R"({"alg":"HS256"})", claims);
  CHECK(f.Send("GET", "/api/v1/me", "", {{"Authorization", Bearer(token)}}).status == 200);
  CHECK(f.peers.last().context.principal.agent_id == "a-9");
  const std::string none =
      crypto::ToBase64Url(R"({"alg":"none"})") + "." + crypto::ToBase64Url(claims.dump()) + ".";
  CHECK(f.Send("GET", "/api/v1/me", "", {{"Authorization", Bearer(none)}}).status == 401);
  f.clock.Advance(absl::Seconds(91));
  CHECK(f.Send("GET", "/api/v1/me", "", {{"Authorization", Bearer(token)}}).status == 401);
}

void AnswerInitiate(EdgeFixture& f, std::function<absl::Status()> verdict = nullptr) {
  auto count = std::make_shared<std::atomic<int>>(0);
  f.peers.On<session::v1::InitiateCallRequest, session::v1::InitiateCallResponse>(
      SessionRpc::kInitiateCall,
      [count, verdict](const auto&) -> absl::StatusOr<session::v1::InitiateCallResponse> {
        if (verdict) {
          if (absl::Status status = verdict(); !status.ok()) return status;
        }
        session::v1::InitiateCallResponse response;
        response.mutable_session()->set_id("u-" + std::to_string(++*count));
        return response;
      });
}

Reply Initiate(const EdgeFixture& f, const std::string& body = kBody, const char* key = "click-1",
               const char* token = kToken) {
  return f.Send("POST", kInitiate, body,
                {{"Idempotency-Key", key}, {"Authorization", Bearer(token)}});
}

TEST_CASE("the same key answers with the first result", "[edge][idempotency]") {
  EdgeFixture f;
  AnswerInitiate(f);
  const Reply first = Initiate(f);
  const Reply again = Initiate(f);
  CHECK(first.status == 201);
  CHECK(again.status == 201);
  CHECK(again.body == first.body);
  CHECK(again.headers.at("idempotent-replayed") == "true");
  CHECK_FALSE(first.headers.contains("idempotent-replayed"));
  CHECK(f.peers.calls() == 1);
}

TEST_CASE("a key belongs to one request, tenant and agent", "[edge][idempotency]") {
  EdgeFixture f;
  AnswerInitiate(f);
  Initiate(f);
  const Reply other = Initiate(f, R"({"to_phone":"+1999"})");
  CHECK(other.status == 422);
  CHECK(other.code() == "IDEMPOTENCY_KEY_REUSED");
  CHECK(Initiate(f, kBody, "click-1", kAgentToken).status == 422);
  CHECK(f.peers.calls() == 1);
  const Reply tenant = f.Send("POST", kInitiate, kBody,
                              {{"Idempotency-Key", "click-1"},
                               {"Authorization", Bearer(kOtherToken)},
                               {"X-Tenant-ID", "t-2"}});
  CHECK(tenant.status == 201);
  CHECK(f.peers.calls() == 2);
}

TEST_CASE("a key that is no visible text is refused", "[edge][idempotency]") {
  EdgeFixture f;
  const std::string key = GENERATE(as<std::string>(), std::string(256, 'k'), "a b", "\xc3\xa9");
  const Reply reply = Initiate(f, kBody, key.c_str());
  CHECK(reply.status == 400);
  CHECK(reply.json()["errors"][0]["field"] == "Idempotency-Key");
  CHECK(f.peers.calls() == 0);
}

TEST_CASE("of many at once one runs, the others are told to wait", "[edge][idempotency]") {
  EdgeFixture f;
  std::promise<void> go;
  const std::shared_future<void> gate = go.get_future().share();
  AnswerInitiate(f, [gate] {
    gate.wait();
    return absl::OkStatus();
  });
  std::future<Reply> first = std::async(std::launch::async, [&] { return Initiate(f); });
  while (f.peers.calls() == 0) std::this_thread::yield();
  for (int i = 0; i < 9; ++i) {
    const Reply reply = Initiate(f);
    CHECK(reply.status == 409);
    CHECK(reply.code() == "IDEMPOTENCY_IN_PROGRESS");
    CHECK(reply.headers.at("retry-after") == "1");
  }
  go.set_value();
  CHECK(first.get().status == 201);
  CHECK(Initiate(f).status == 201);
  CHECK(f.peers.calls() == 1);
}

TEST_CASE("a refusal does not burn the key, an effect does", "[edge][idempotency]") {
  EdgeFixture f;
  absl::Status verdict = base::InvalidField("to_phone", "is no number");
  AnswerInitiate(f, [&] { return verdict; });
  CHECK(Initiate(f).status == 400);
  CHECK(Initiate(f, "{").status == 400);
  verdict = base::MakeError(base::kOverloaded, "Busy.");
  CHECK(Initiate(f).status == 503);
  base::ErrorDetail extra;
  extra.metadata["session_id"] = "sess_1";
  verdict = base::MakeError(base::kProviderTimeout, "The provider is slow.", extra);
  CHECK(Initiate(f).status == 504);
  verdict = absl::OkStatus();
  const Reply replayed = Initiate(f);
  CHECK(replayed.status == 504);
  CHECK(replayed.headers.at("idempotent-replayed") == "true");
  CHECK(replayed.json()["metadata"]["session_id"] == "sess_1");
}

TEST_CASE("a call that was never sent or was undone does not burn the key", "[edge][idempotency]") {
  EdgeFixture f;
  const absl::Status away = base::MakeError(base::kUnavailable, "no connection");
  absl::Status verdict = rpc::NeverSent(away);
  f.peers.On<v1::CreateApiKeyRequest, v1::CreateApiKeyResponse>(
      v1::GatewayServiceRpc::kCreateApiKey,
      [&](const auto&) -> absl::StatusOr<v1::CreateApiKeyResponse> {
        if (!verdict.ok()) return verdict;
        return v1::CreateApiKeyResponse();
      });
  const auto create = [&](const char* key) {
    return f.Send("POST", "/api/v1/api-keys", R"({"name":"x"})", {{"Idempotency-Key", key}});
  };
  CHECK(create("k").status == 503);
  verdict = base::MakeError(base::kDatabaseBusy, "deadlock");  // undone as a whole
  CHECK(create("k").code() == "DATABASE_BUSY");
  verdict = absl::OkStatus();
  CHECK(create("k").status == 201);
  // One that may have been carried out is told again as it was, and never as done.
  verdict = away;
  CHECK(create("l").status == 503);
  verdict = absl::OkStatus();
  const Reply again = create("l");
  CHECK(again.status == 503);
  CHECK(again.code() == "UNAVAILABLE");
  CHECK(again.headers.at("idempotent-replayed") == "true");
}

TEST_CASE("after a crash the key is taken over when its lease has ended", "[edge][idempotency]") {
  EdgeFixture f;
  AnswerInitiate(f);
  const std::string hash = crypto::ToHex(crypto::Sha256(std::string(kInitiate) + "\n\n\n" + kBody));
  const KeyId id(base::TenantId("t-1"), std::string("POST ") + kInitiate, "click-1");
  const Attempt dead(hash, "dead", f.clock.Now(), f.clock.Now() + absl::Seconds(65));
  REQUIRE(f.io.Run(f.keys.Claim(absl::InfiniteFuture(), id, dead)).ok());
  CHECK(Initiate(f).status == 409);
  f.clock.Advance(absl::Seconds(66));
  CHECK(Initiate(f).status == 201);
  CHECK(f.peers.last().context.idempotency_key == "click-1");
}

TEST_CASE("a key's secret is shown once and kept nowhere", "[edge][idempotency]") {
  EdgeFixture f;
  f.peers.On<v1::CreateApiKeyRequest, v1::CreateApiKeyResponse>(
      v1::GatewayServiceRpc::kCreateApiKey, [](const auto&) {
        v1::CreateApiKeyResponse response;
        response.set_token("ctc_secret");
        return absl::StatusOr<v1::CreateApiKeyResponse>(response);
      });
  const Headers key = {{"Idempotency-Key", "k"}};
  CHECK(f.Send("POST", "/api/v1/api-keys", R"({"name":"x"})", key).status == 201);
  const Reply again = f.Send("POST", "/api/v1/api-keys", R"({"name":"x"})", key);
  CHECK(again.status == 409);
  CHECK(again.code() == "ALREADY_EXISTS");
  CHECK(f.keys.bodies().find("ctc_secret") == std::string::npos);
}

TEST_CASE("an rpc that is idempotent by itself ignores the key", "[edge][idempotency]") {
  EdgeFixture f;
  const std::string path = "/api/v1/click-to-call/sessions/u-1/end";
  f.Send("POST", path, "", {{"Idempotency-Key", "k"}});
  f.Send("POST", path, "", {{"Idempotency-Key", "k"}});
  CHECK(f.peers.calls() == 2);
}

}  // namespace
}  // namespace ctc::gateway
