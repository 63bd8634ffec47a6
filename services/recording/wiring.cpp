#include "services/recording/wiring.h"

#include <functional>

#include "ctc/recording/v1/recording_service.rpc.h"
#include "libs/events/feed_consumer.h"
#include "libs/host/background.h"
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
        background_(env.executor) {}

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
    CTC_BIND(handlers, rpcs, service_, GetComplianceRule);
    CTC_BIND(handlers, rpcs, service_, UpdateComplianceRule);
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
    background_.Spawn("retention", [this] { return KeepHouse(); });
    return absl::OkStatus();
  }

  Task<void> Stop() override {
    consumer_.Stop();
    sweeper_.Stop();
    co_await background_.Stop();
  }

  Task<absl::Status> Ready() override { co_return absl::OkStatus(); }

 private:
  // What is done now and then: recordings whose retention ended.
  Task<void> KeepHouse() {
    do {
      const absl::StatusOr<int> swept = co_await sweeper_.Sweep();
      if (!swept.ok()) {
        observability::Warn("recordings whose retention ended not deleted; will try again",
                            {{"error", swept.status()}});
      } else if (*swept > 0) {
        observability::Info("recordings deleted at the end of their retention",
                            {{"recordings", *swept}});
      }
    } while (co_await background_.Sleep(kSweepEvery));
  }

  asio::any_io_executor executor_;
  ProviderMedia media_;
  RecordingService service_;
  RecordingFollower follower_;
  RetentionSweeper sweeper_;
  events::FeedConsumer consumer_;
  host::Background background_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment) {
  return std::make_unique<Wiring>(environment);
}

}  // namespace ctc::recording
