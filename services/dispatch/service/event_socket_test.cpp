// The lease of an event socket whose switch is slow to answer: over a real database.
#include "services/dispatch/service/event_socket.h"

#include <atomic>
#include <chrono>

#include "libs/http/server.h"
#include "libs/providers/fake_http_for_test.h"
#include "services/dispatch/service/dispatch_world_for_test.h"

namespace ctc::dispatch {
namespace {

constexpr absl::Duration kTtl = absl::Seconds(2);

// An Asterisk that does not answer the upgrade until it is let go.
class SlowSwitch {
 public:
  SlowSwitch()
      : server_(http::Server::Start(io_.executor(), http::ServerOptions(),
                                    [this](const http::Request&) { return Hold(); })
                    .value()) {}
  std::string Url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  int asked() const { return asked_; }
  void LetGo() { held_ = false; }

 private:
  Task<http::Response> Hold() {
    ++asked_;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (held_) {
      timer.expires_after(std::chrono::milliseconds(5));
      boost::system::error_code ignored;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    http::Response response;
    response.status = 503;
    co_return response;
  }

  std::atomic<bool> held_ = true;
  std::atomic<int> asked_ = 0;
  testing::IoThreads io_;
  std::unique_ptr<http::Server> server_;
};

// Nobody but the database and the switch is asked here.
class Nobody final : public FakeSessionBase {
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view,
                                         const google::protobuf::Message&) override {
    return absl::UnimplementedError("not asked");
  }
};

class FakeAdapter final : public FakeAdapterBase {
  absl::Status Answer(const v1::ControlCallRequest& /*request*/) override {
    return absl::OkStatus();
  }
};

struct World {
  World() {
    auto account = std::make_shared<providers::Account>();
    account->tenant = kTenant;
    account->config.set_id(shared.account);
    account->config.set_provider_type(common::v1::ProviderType::ASTERISK);
    account->config.set_api_url(pbx.Url());
    account->auth_token = base::Secret("ctc:secret");
    const EventSocketParts parts{process.background,
                                 leases,
                                 process.board,
                                 nobody,
                                 nobody,
                                 {http, base::SystemClock(), {}},
                                 shared.random,
                                 "this process",
                                 http::AddressGuard::Everywhere()};
    const auto socket = std::make_shared<EventSocket>(parts, std::move(account));
    process.background.Spawn("event socket", [socket] { return socket->Run(); });
  }
  ~World() {
    pbx.LetGo();
    process.Stop();
  }
  std::string Lease() const { return "asterisk-events/" + shared.account; }
  // When the lease ends, as it is now.
  std::string LeaseEnd() const {
    return Read("SELECT CAST(expires_at AS CHAR) FROM lease WHERE name = ?", Lease());
  }
  bool IsOver(const std::string& time) const {
    return Read("SELECT CAST(? AS DATETIME(3)) < UTC_TIMESTAMP(3)", time) == "1";
  }
  std::string Read(std::string_view sql, const std::string& parameter) const {
    std::string text;
    const absl::Status read = shared.database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(const db::Rows rows, c.Query(sql, {parameter}));
      text = rows.empty() ? "" : rows[0].Text(0);
      return absl::OkStatus();
    });
    return read.ok() ? text : std::string(read.message());
  }

  SlowSwitch pbx;
  providers::FakeHttp http;
  Nobody nobody;
  DispatchWorld shared{"dispatch.none", std::make_unique<FakeAdapter>()};
  DispatchProcess process{shared};
  LeaseStore leases{*process.database};
};

}  // namespace

TEST_CASE("the lease is kept while the switch lets us wait for the connection",
          "[dispatch][event_socket]") {
  World world;
  testing::EventuallyTrue([&] { return world.pbx.asked() >= 1; }, "the socket is being opened");
  const std::string first = world.LeaseEnd();
  testing::EventuallyTrue([&] { return world.IsOver(first); }, "the lease taken first is over");
  const auto taken = world.process.io.Run(
      world.leases.Take(world.Lease(), "another process", kTtl, DispatchWorld::Soon()));
  REQUIRE(taken.ok());
  CHECK_FALSE(*taken);
}

}  // namespace ctc::dispatch
