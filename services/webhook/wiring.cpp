// The objects of the webhook service, in the order they need each other.
#include "services/webhook/wiring.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "ctc/webhook/v1/webhook_service.rpc.h"
#include "libs/host/background.h"
#include "services/webhook/service/applier.h"
#include "services/webhook/service/event_queue.h"
#include "services/webhook/service/flow_intake.h"
#include "services/webhook/service/intake.h"
#include "services/webhook/service/log_rpc.h"
#include "services/webhook/service/log_sweeper.h"
#include "services/webhook/service/log_writer.h"

namespace ctc::webhook {
namespace {

constexpr size_t kQueueLimit = 16384;
constexpr absl::Duration kReadyTimeout = absl::Seconds(2);
constexpr char kLogDays[] = "webhook.log_days";
constexpr int64_t kMostLogDays = 36500;

class WebhookService final : public host::Service {
 public:
  explicit WebhookService(const host::Environment& environment)
      : environment_(environment),
        queue_(kQueueLimit),
        log_(environment_.database, queue_),
        applier_(environment_.executor, environment_.peer("session"), environment_.database, queue_,
                 environment_.clock, environment_.random, ApplierOptions()),
        reception_(log_, environment_.clock, environment_.random),
        intake_(environment_.peer("dispatch"), environment_.peer("session"), reception_, log_,
                environment_.clock),
        flows_(environment_.peer("dispatch"), environment_.peer("session"), reception_, log_),
        log_rpc_(environment_.peer("session"), environment_.database, environment_.clock),
        keep_(absl::Hours(24) * environment_.settings.Int(kLogDays)),
        background_(environment_.executor),
        sweeper_(environment_.database, environment_.clock, background_, keep_) {}

  std::string_view name() const override { return "webhook"; }

  void Bind(rpc::HandlerMap& handlers) override {
    CTC_BIND(handlers, v1::WebhookServiceRpc, intake_, ReceiveWebhook);
    CTC_BIND(handlers, v1::WebhookServiceRpc, intake_, IngestFacts);
    CTC_BIND(handlers, v1::WebhookServiceRpc, flows_, ReceiveFlow);
    CTC_BIND(handlers, v1::WebhookServiceRpc, flows_, IngestFlow);
    CTC_BIND(handlers, v1::WebhookServiceRpc, log_rpc_, ListWebhookLogs);
    CTC_BIND(handlers, v1::WebhookServiceRpc, log_rpc_, GetWebhookLog);
    CTC_BIND(handlers, v1::WebhookServiceRpc, log_rpc_, ReplayWebhook);
  }

  absl::Status Start() override {
    applier_.Start();
    if (keep_ > absl::ZeroDuration()) {
      background_.Spawn("webhook log", [this] { return sweeper_.Run(); });
    }
    return absl::OkStatus();
  }

  Task<void> Stop() override {
    co_await applier_.Stop();
    co_await background_.Stop();
  }

  Task<absl::Status> Ready() override {
    co_return co_await environment_.database.Ping(environment_.clock.Now() + kReadyTimeout);
  }

 private:
  const host::Environment environment_;
  EventQueue queue_;
  LogWriter log_;
  Applier applier_;
  Reception reception_;
  Intake intake_;
  FlowIntake flows_;
  LogRpc log_rpc_;
  const absl::Duration keep_;  // zero: for ever
  host::Background background_;
  LogSweeper sweeper_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment) {
  const int64_t days = environment.settings.Int(kLogDays);
  if (days < 0 || days > kMostLogDays) {
    return absl::InvalidArgumentError(
        absl::StrCat(kLogDays, ": is ", days, "; must be 0 to ", kMostLogDays));
  }
  return std::make_unique<WebhookService>(environment);
}

}  // namespace ctc::webhook
