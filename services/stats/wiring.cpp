// Makes the stats service and runs its background work.
#include "services/stats/wiring.h"

#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>

#include "ctc/stats/v1/stats_service.rpc.h"
#include "libs/events/feed_consumer.h"
#include "libs/observability/log.h"
#include "services/stats/service/feed_reader.h"
#include "services/stats/service/stats_service.h"

namespace ctc::stats {
namespace {

// How long counters may wait to be written: what a crash makes the feed tell again.
constexpr std::chrono::milliseconds kFlushEvery(500);
constexpr absl::Duration kFlushLimit = absl::Seconds(10);

class Service final : public host::Service {
 public:
  explicit Service(const host::Environment& environment)
      : clock_(environment.clock),
        strand_(asio::make_strand(environment.executor)),
        ledger_(std::make_shared<Ledger>(environment.database, environment.clock)),
        rpcs_(environment.database, *ledger_, environment.clock),
        consumer_(
            environment.peer("session"), events::ConsumerOptions{.name = std::string(kConsumer)},
            [ledger = ledger_] { return ledger->Load(); },
            [ledger = ledger_](const events::FeedConsumer::Batch& batch, int64_t last_seq) {
              return ledger->Apply(ReadChanges(batch), last_seq);
            }),
        timer_(std::make_shared<asio::steady_timer>(strand_)) {}

  std::string_view name() const override { return "stats"; }
  void Bind(rpc::HandlerMap& handlers) override {
    CTC_BIND(handlers, v1::StatsServiceRpc, rpcs_, GetCallStats);
    CTC_BIND(handlers, v1::StatsServiceRpc, rpcs_, GetTimeSeries);
  }

  absl::Status Start() override {
    const auto ended = [](std::string_view what) {
      return [what](std::exception_ptr error) {
        if (error) observability::Error("stats: background work threw", {{"what", what}});
      };
    };
    asio::co_spawn(strand_, consumer_.Run(), ended("feed"));
    asio::co_spawn(strand_, FlushLoop(ledger_, timer_, stopped_, clock_), ended("flush"));
    return absl::OkStatus();
  }

  Task<void> Stop() override {
    consumer_.Stop();
    *stopped_ = true;
    asio::post(strand_,
               [timer = timer_] { timer->expires_at(asio::steady_timer::time_point::min()); });
    absl::Status flushed = co_await ledger_->Flush(clock_.Now() + kFlushLimit);
    if (!flushed.ok()) {
      observability::Warn("stats: counters not written at the end; the feed will tell them again",
                          {{"error", flushed}});
    }
  }

  Task<absl::Status> Ready() override { co_return ledger_->Totals(base::TenantId()).status(); }

 private:
  // Holds what it uses: it may end after this object.
  static Task<void> FlushLoop(std::shared_ptr<Ledger> ledger,
                              std::shared_ptr<asio::steady_timer> timer,
                              std::shared_ptr<std::atomic<bool>> stopped,
                              const base::Clock& clock) {
    bool failing = false;
    while (!*stopped) {
      timer->expires_after(kFlushEvery);
      boost::system::error_code ignored;
      co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (*stopped) break;
      absl::Status flushed = co_await ledger->Flush(clock.Now() + kFlushLimit);
      if (!flushed.ok() && !failing) {
        observability::Warn("stats: counters cannot be written; will try again",
                            {{"error", flushed}});
      }
      failing = !flushed.ok();
    }
  }

  const base::Clock& clock_;
  asio::any_io_executor strand_;
  std::shared_ptr<Ledger> ledger_;
  StatsService rpcs_;
  events::FeedConsumer consumer_;
  std::shared_ptr<asio::steady_timer> timer_;
  std::shared_ptr<std::atomic<bool>> stopped_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment) {
  return std::unique_ptr<host::Service>(std::make_unique<Service>(environment));
}

}  // namespace ctc::stats
