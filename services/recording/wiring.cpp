#include "services/recording/wiring.h"

#include <atomic>
#include <chrono>
#include <functional>

#include "ctc/recording/v1/recording_service.rpc.h"
#include "libs/events/feed_consumer.h"
#include "libs/observability/log.h"
#include "services/recording/service/recording_follower.h"
#include "services/recording/service/recording_service.h"
#include "services/recording/service/retention_sweeper.h"

namespace ctc::recording {
namespace {

constexpr absl::Duration kSweepEvery = absl::Minutes(5);

class Wiring : public host::Service {
 public:
  explicit Wiring(const host::Environment& env)
      : executor_(env.executor),
        media_(env.peer("dispatch")),
        service_(env.database, env.clock, env.random, media_, env.peer("session")),
        follower_(env.database, env.clock, env.random),
        sweeper_(env.database, env.clock, env.random, media_, env.peer("session")),
        consumer_(env.peer("session"), {.name = std::string(name())},
                  std::bind_front(&RecordingFollower::LoadPosition, &follower_),
                  std::bind_front(&RecordingFollower::Apply, &follower_)),
        housekeeping_(asio::make_strand(env.executor)) {}

  std::string_view name() const override { return "recording"; }

  void Bind(rpc::HandlerMap& handlers) override {
    namespace rpcs = v1::RecordingServiceRpc;
    CTC_BIND(handlers, rpcs, service_, CreatePhoneNumber);
    CTC_BIND(handlers, rpcs, service_, ListPhoneNumbers);
    CTC_BIND(handlers, rpcs, service_, GetPhoneNumber);
    CTC_BIND(handlers, rpcs, service_, UpdatePhoneNumber);
    CTC_BIND(handlers, rpcs, service_, DeletePhoneNumber);
    CTC_BIND(handlers, rpcs, service_, ImportPhoneNumbers);
    CTC_BIND(handlers, rpcs, service_, CreateComplianceRule);
    CTC_BIND(handlers, rpcs, service_, ListComplianceRules);
    CTC_BIND(handlers, rpcs, service_, DeleteComplianceRule);
    CTC_BIND(handlers, rpcs, service_, CheckCompliance);
    CTC_BIND(handlers, rpcs, service_, CheckCall);
    CTC_BIND(handlers, rpcs, service_, CheckRecording);
    CTC_BIND(handlers, rpcs, service_, GetRecordingConfig);
    CTC_BIND(handlers, rpcs, service_, PutRecordingConfig);
    CTC_BIND(handlers, rpcs, service_, ListRecordings);
    CTC_BIND(handlers, rpcs, service_, GetRecording);
    CTC_BIND(handlers, rpcs, service_, GetRecordingMedia);
    CTC_BIND(handlers, rpcs, service_, ListSessionRecordings);
  }

  absl::Status Start() override {
    asio::co_spawn(executor_, consumer_.Run(), [](std::exception_ptr) {});
    keeps_house_ = true;
    asio::co_spawn(housekeeping_.get_executor(), KeepHouse(), [this](std::exception_ptr error) {
      if (error) observability::Error("the housekeeping of recording ended by an exception");
      keeps_house_ = false;
    });
    return absl::OkStatus();
  }

  Task<void> Stop() override {
    consumer_.Stop();
    sweeper_.Stop();
    stopping_ = true;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    boost::system::error_code ignored;
    while (keeps_house_) {
      asio::post(housekeeping_.get_executor(), [this] { housekeeping_.cancel(); });
      timer.expires_after(std::chrono::milliseconds(20));
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  Task<absl::Status> Ready() override { co_return absl::OkStatus(); }

 private:
  // What is done now and then: recordings whose retention ended.
  Task<void> KeepHouse() {
    boost::system::error_code ignored;
    while (!stopping_) {
      const absl::StatusOr<int> swept = co_await sweeper_.Sweep();
      if (!swept.ok()) {
        observability::Warn("recordings whose retention ended not deleted; will try again",
                            {{"error", swept.status()}});
      } else if (*swept > 0) {
        observability::Info("recordings deleted at the end of their retention",
                            {{"recordings", *swept}});
      }
      if (stopping_) break;
      housekeeping_.expires_after(absl::ToChronoNanoseconds(kSweepEvery));
      co_await housekeeping_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  asio::any_io_executor executor_;
  ProviderMedia media_;
  RecordingService service_;
  RecordingFollower follower_;
  RetentionSweeper sweeper_;
  events::FeedConsumer consumer_;
  asio::steady_timer housekeeping_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> keeps_house_{false};
};

}  // namespace

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment) {
  return std::make_unique<Wiring>(environment);
}

}  // namespace ctc::recording
