// The session service, object by object.
#include "services/session/wiring.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>

#include "libs/observability/log.h"
#include "services/session/service/session_service.h"
#include "services/session/service/transfer_service.h"
#include "services/session/service/watchdog.h"

namespace ctc::session {
namespace {

class SessionHost final : public host::Service {
 public:
  explicit SessionHost(const host::Environment& environment)
      : executor_(environment.executor),
        database_(environment.database),
        settings_(SessionSettings::From(environment.settings)),
        ids_(environment.clock, environment.random),
        cache_(settings_.cache_sessions),
        ring_(settings_.ring_events),
        reader_(database_, cache_, ring_),
        writer_(database_, environment.clock, environment.random, cache_, ring_),
        core_{environment.clock,
              ids_,
              settings_,
              reader_,
              writer_,
              ring_,
              environment.peer("routing"),
              environment.peer("recording"),
              environment.peer("dispatch")},
        submission_(core_, [this](Task<void> task) { Spawn(std::move(task)); }),
        initiation_(core_, submission_, [this](Task<void> task) { Spawn(std::move(task)); }),
        keeper_(core_, [this](Task<void> task) { Spawn(std::move(task)); }),
        service_(core_, initiation_, keeper_),
        transfers_(core_, keeper_),
        watchdog_(std::make_shared<Watchdog>(core_, database_, submission_, keeper_,
                                             ids_.Token("session-", 8))) {}

  std::string_view name() const override { return "session"; }
  void Bind(rpc::HandlerMap& handlers) override {
    service_.Bind(handlers);
    transfers_.Bind(handlers);
  }

  absl::Status Start() override {
    Spawn(watchdog_->Run());
    Spawn(FollowOthers());
    return absl::OkStatus();
  }

  Task<void> Stop() override {
    stopping_ = true;
    watchdog_->Stop();
    service_.Stop();
    submission_.Stop();
    // Calls that are being placed come to an end; what is left is found by the next process.
    asio::steady_timer timer(co_await asio::this_coro::executor);
    boost::system::error_code ignored;
    for (int i = 0; i < 80 && (tasks_ > 0 || writer_.has_foretold()); ++i) {
      submission_.SettleForetold(store::Foretold::Which::kAll);
      timer.expires_after(std::chrono::milliseconds(50));
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  Task<absl::Status> Ready() override {
    co_return co_await database_.Ping(core_.clock.Now() + absl::Seconds(2));
  }

 private:
  void Spawn(Task<void> task) {
    ++tasks_;
    auto done = [this](std::exception_ptr error) {
      --tasks_;
      if (error) observability::Error("a background task of the session service threw");
    };
    asio::co_spawn(asio::make_strand(executor_), std::move(task), std::move(done));
  }

  // Keeps cache and feed current while another process writes and this one does not, and tells the
  // others what they cannot know: which calls were accepted.
  Task<void> FollowOthers() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    boost::system::error_code ignored;
    while (!stopping_) {
      const absl::Status refreshed = co_await writer_.Refresh(core_.WriteDeadline());
      if (!refreshed.ok()) observability::Debug("feed not refreshed", {{"error", refreshed}});
      using Which = store::Foretold::Which;
      const bool alone = !writer_.OthersWrote() && watchdog_->is_alone();
      submission_.SetAlone(alone);
      submission_.SettleForetold(alone ? Which::kSurplus : Which::kAll);
      timer.expires_after(absl::ToChronoMilliseconds(settings_.refresh_interval));
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  const asio::any_io_executor executor_;
  db::Database& database_;
  const SessionSettings settings_;
  base::IdGenerator ids_;
  store::SessionCache cache_;
  store::FeedRing ring_;
  store::SessionReader reader_;
  store::SessionWriter writer_;
  Core core_;
  Submission submission_;
  Initiation initiation_;
  PartyKeeper keeper_;
  SessionService service_;
  TransferService transfers_;
  const std::shared_ptr<Watchdog> watchdog_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> tasks_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment) {
  return std::make_unique<SessionHost>(environment);
}

}  // namespace ctc::session
