#include "services/gateway/wiring.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "libs/http/server.h"
#include "libs/observability/log.h"
#include "services/gateway/service/edge.h"
#include "services/gateway/service/gateway_service.h"
#include "services/gateway/service/jwks_source.h"
#include "services/gateway/service/key_sweep.h"
#include "services/gateway/service/openapi.h"

namespace ctc::gateway {
namespace {

constexpr absl::Duration kDrainLimit = absl::Seconds(25);  // a provider may take its time
constexpr absl::Duration kHousekeeping = absl::Seconds(5);
constexpr absl::Duration kSweepEvery = absl::Minutes(5);
constexpr absl::Duration kSweepPause = absl::Milliseconds(100);

JwtConfig JwtConfigOf(const host::Settings& settings) {
  JwtConfig config;
  config.secret = settings.Secret("gateway.jwt_secret");
  config.issuer = settings.Text("gateway.jwt_issuer");
  config.audience = settings.Text("gateway.jwt_audience");
  return config;
}

std::string PublicUrl(const host::Settings& settings) {
  std::string url = settings.Text("public.url");
  if (url.empty()) {
    url = absl::StrCat("http://", settings.Text("gateway.address"), ":",
                       settings.Int("gateway.port"));
  }
  while (url.ends_with('/')) url.pop_back();
  return url;
}

EdgeOptions EdgeOptionsOf(const host::Settings& settings) {
  EdgeOptions options;
  options.public_url = PublicUrl(settings);
  options.max_in_flight = static_cast<int>(settings.Int("gateway.max_in_flight"));
  options.log_all = settings.Text("gateway.log_requests") == "all";
  return options;
}

std::vector<rpc::Channel*> ChannelsOf(const RouteTable& routes, const host::Environment& env) {
  std::vector<rpc::Channel*> channels;
  for (const Route& route : routes.routes()) channels.push_back(&env.peer(route.service));
  return channels;
}

class GatewayHost final : public host::Service {
 public:
  GatewayHost(const host::Environment& env, RouteTable routes)
      : env_(env),
        routes_(std::move(routes)),
        api_keys_(ApiKeyStore::Create(env.database)),
        keys_(IdempotencyStore::Create(env.database)),
        verifier_(JwtConfigOf(env.settings)),
        authenticator_(*api_keys_, verifier_, env.clock),
        jwks_(env.settings.Text("gateway.jwks"), env.http, verifier_, authenticator_, env.clock),
        buckets_(static_cast<double>(env.settings.Int("gateway.rate_per_second")),
                 static_cast<double>(env.settings.Int("gateway.rate_burst"))),
        gatekeeper_(authenticator_, buckets_, env.clock),
        keyed_calls_(*keys_, env.clock, env.random),
        feed_(env.peer("session"), env.clock, env.executor),
        live_(feed_, gatekeeper_, env.clock,
              static_cast<int>(env.settings.Int("gateway.live_streams"))),
        pages_(MakeOpenApi(routes_, PublicUrl(env.settings)), env.ready, env.clock),
        cors_(env.settings.Text("gateway.cors_origins")),
        service_(*api_keys_, authenticator_, env.clock, env.random),
        edge_({.routes = routes_,
               .channels = ChannelsOf(routes_, env),
               .gatekeeper = gatekeeper_,
               .keyed_calls = keyed_calls_,
               .live = live_,
               .pages = pages_,
               .cors = cors_,
               .clock = env.clock,
               .random = env.random},
              EdgeOptionsOf(env.settings)),
        housekeeping_(asio::make_strand(env.executor)) {}

  std::string_view name() const override { return "gateway"; }
  void Bind(rpc::HandlerMap& handlers) override { service_.Bind(handlers); }

  absl::Status Start() override {
    http::ServerOptions options;
    options.address = env_.settings.Text("gateway.address");
    options.port = static_cast<int>(env_.settings.Int("gateway.port"));
    options.reuse_port = env_.settings.Bool("gateway.reuse_port");
    options.body_limit = [this](std::string_view method, std::string_view target) {
      return routes_.BodyLimit(method, target);
    };
    auto handler = [this](const http::Request& request) { return edge_.Handle(request); };
    auto error_body = [this](const http::ServerError& error) { return edge_.Refuse(error); };
    CTC_ASSIGN_OR_RETURN(server_, http::Server::Start(env_.executor, options, handler, error_body));
    Spawn(feed_.executor(), feed_.Run());
    Spawn(housekeeping_.get_executor(), KeepHouse());
    observability::Info("gateway listens",
                        {{"address", options.address}, {"port", server_->port()}});
    return absl::OkStatus();
  }

  Task<void> Stop() override {
    stopping_ = true;
    feed_.Stop();
    if (server_ != nullptr) co_await server_->Drain(kDrainLimit);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    boost::system::error_code ignored;
    // What is left of the requests uses this object: the host's limit says how long to wait for it.
    while (running_ > 0 || (server_ != nullptr && server_->connections() > 0)) {
      asio::post(housekeeping_.get_executor(), [this] { housekeeping_.cancel(); });
      timer.expires_after(std::chrono::milliseconds(20));
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  Task<absl::Status> Ready() override {
    if (stopping_) co_return absl::UnavailableError("gateway: drains");
    if (server_ == nullptr) co_return absl::UnavailableError("gateway: does not listen yet");
    co_return absl::OkStatus();
  }

 private:
  void Spawn(asio::any_io_executor executor, Task<void> task) {
    ++running_;
    asio::co_spawn(executor, std::move(task), [this](std::exception_ptr error) {
      if (error) observability::Error("a background task of the gateway ended by an exception");
      --running_;
    });
  }

  // What is done now and then: the JWK set, and keys that are a day old.
  Task<void> KeepHouse() {
    absl::Duration swept_at = env_.clock.Monotonic();
    boost::system::error_code ignored;
    while (!stopping_) {
      co_await jwks_.Refresh();
      if (env_.clock.Monotonic() - swept_at >= kSweepEvery) {
        swept_at = env_.clock.Monotonic();
        co_await SweepOldKeys(*keys_, env_.clock, kSweepPause, stopping_);
      }
      housekeeping_.expires_after(absl::ToChronoNanoseconds(kHousekeeping));
      co_await housekeeping_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  const host::Environment& env_;
  const RouteTable routes_;
  const std::unique_ptr<ApiKeyStore> api_keys_;
  const std::unique_ptr<IdempotencyStore> keys_;
  JwtVerifier verifier_;
  Authenticator authenticator_;
  JwksSource jwks_;
  TokenBuckets buckets_;
  Gatekeeper gatekeeper_;
  KeyedCalls keyed_calls_;
  LiveFeed feed_;
  LiveEndpoints live_;
  Pages pages_;
  const Cors cors_;
  GatewayService service_;
  Edge edge_;
  asio::steady_timer housekeeping_;
  std::unique_ptr<http::Server> server_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> running_{0};
};

}  // namespace

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment) {
  const std::string log_requests = environment.settings.Text("gateway.log_requests");
  if (log_requests != "all" && log_requests != "errors") {
    return absl::InvalidArgumentError("gateway.log_requests must be all or errors");
  }
  CTC_RETURN_IF_ERROR(CheckSecret(environment.settings.Secret("gateway.jwt_secret")));
  CTC_ASSIGN_OR_RETURN(RouteTable routes, RouteTable::Build(PublicServices()));
  return std::make_unique<GatewayHost>(environment, std::move(routes));
}

}  // namespace ctc::gateway
