#include "services/routing/wiring.h"

#include <functional>

#include "ctc/routing/v1/ivr_service.rpc.h"
#include "ctc/routing/v1/queue_service.rpc.h"
#include "ctc/routing/v1/routing_service.rpc.h"
#include "libs/events/feed_consumer.h"
#include "libs/observability/log.h"
#include "services/routing/service/activity_follower.h"
#include "services/routing/service/ivr_service.h"
#include "services/routing/service/queue_service.h"
#include "services/routing/service/routing_service.h"

namespace ctc::routing {
namespace {

constexpr absl::Duration kReadyTimeout = absl::Seconds(2);

events::ConsumerOptions Options() {
  events::ConsumerOptions options;
  options.name = "routing";
  return options;
}

class Wiring final : public host::Service {
 public:
  explicit Wiring(const host::Environment& environment)
      : environment_(environment),
        directory_(environment.database, environment.clock),
        service_(environment.database, directory_, environment.peer("dispatch"), environment.clock,
                 environment.random),
        catalogue_(environment.database, environment.clock),
        ivr_(environment.database, directory_, catalogue_, environment.clock, environment.random),
        queues_(environment.database, directory_, catalogue_, environment.clock,
                environment.random),
        follower_(environment.database, directory_, environment.clock, environment.random),
        consumer_(environment.peer("session"), Options(),
                  std::bind_front(&ActivityFollower::LoadPosition, &follower_),
                  std::bind_front(&ActivityFollower::Apply, &follower_)) {}

  std::string_view name() const override { return "routing"; }

  void Bind(rpc::HandlerMap& handlers) override {
    namespace rpcs = v1::RoutingServiceRpc;
    CTC_BIND(handlers, rpcs, service_, CreateRoutingRule);
    CTC_BIND(handlers, rpcs, service_, ListRoutingRules);
    CTC_BIND(handlers, rpcs, service_, GetRoutingRule);
    CTC_BIND(handlers, rpcs, service_, UpdateRoutingRule);
    CTC_BIND(handlers, rpcs, service_, DeleteRoutingRule);
    CTC_BIND(handlers, rpcs, service_, SimulateRouting);
    CTC_BIND(handlers, rpcs, service_, CreateAgent);
    CTC_BIND(handlers, rpcs, service_, ListAgents);
    CTC_BIND(handlers, rpcs, service_, GetAgent);
    CTC_BIND(handlers, rpcs, service_, UpdateAgent);
    CTC_BIND(handlers, rpcs, service_, DeleteAgent);
    CTC_BIND(handlers, rpcs, service_, GetPresence);
    CTC_BIND(handlers, rpcs, service_, LogAgentActivity);
    CTC_BIND(handlers, rpcs, service_, ListAgentActivity);
    CTC_BIND(handlers, rpcs, service_, ChooseRoute);
    BindMenus(handlers);
    BindQueues(handlers);
  }

  absl::Status Start() override {
    asio::co_spawn(asio::make_strand(environment_.executor), consumer_.Run(),
                   [](std::exception_ptr lost) {
                     if (lost) observability::Error("routing's feed consumer ended");
                   });
    return absl::OkStatus();
  }

  Task<void> Stop() override {
    consumer_.Stop();
    co_return;
  }

  Task<absl::Status> Ready() override {
    co_return co_await environment_.database.Ping(environment_.clock.Now() + kReadyTimeout);
  }

 private:
  void BindMenus(rpc::HandlerMap& handlers) {
    namespace rpcs = v1::IvrServiceRpc;
    CTC_BIND(handlers, rpcs, ivr_, CreateIvrMenu);
    CTC_BIND(handlers, rpcs, ivr_, ListIvrMenus);
    CTC_BIND(handlers, rpcs, ivr_, GetIvrMenu);
    CTC_BIND(handlers, rpcs, ivr_, UpdateIvrMenu);
    CTC_BIND(handlers, rpcs, ivr_, DeleteIvrMenu);
    CTC_BIND(handlers, rpcs, ivr_, SimulateIvrMenu);
    CTC_BIND(handlers, rpcs, ivr_, ValidateIvrMenu);
    CTC_BIND(handlers, rpcs, ivr_, NextFlowStep);
  }

  void BindQueues(rpc::HandlerMap& handlers) {
    namespace rpcs = v1::QueueServiceRpc;
    CTC_BIND(handlers, rpcs, queues_, CreateQueue);
    CTC_BIND(handlers, rpcs, queues_, ListQueues);
    CTC_BIND(handlers, rpcs, queues_, GetQueue);
    CTC_BIND(handlers, rpcs, queues_, UpdateQueue);
    CTC_BIND(handlers, rpcs, queues_, DeleteQueue);
    CTC_BIND(handlers, rpcs, queues_, GetQueueLive);
  }

  const host::Environment& environment_;
  Directory directory_;
  RoutingService service_;
  Catalogue catalogue_;
  IvrService ivr_;
  QueueService queues_;
  ActivityFollower follower_;
  events::FeedConsumer consumer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment) {
  return std::make_unique<Wiring>(environment);
}

}  // namespace ctc::routing
