#include "services/dispatch/service/flow_asker.h"

#include <algorithm>

#include "ctc/webhook/v1/webhook_service.rpc.h"

namespace ctc::dispatch {
namespace {

// Longer than a restart of the webhook service, shorter than a caller's patience.
constexpr absl::Duration kPatience = absl::Seconds(12);
constexpr absl::Duration kTimeout = absl::Seconds(5);
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(1);

bool IsWorthATry(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kAborted ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

}  // namespace

Task<absl::StatusOr<providers::asterisk::FlowAnswer>> FlowAsker::Ask(
    providers::asterisk::FlowQuestion question) {
  const std::shared_ptr<FlowAsker> self = shared_from_this();
  webhook::v1::IngestFlowRequest request;
  request.set_provider_type(account_->config.provider_type());
  request.set_provider_id(account_->config.id());
  request.set_session(question.session);
  request.set_provider_call_id(question.provider_call_id);
  request.set_from_phone(question.from_phone);
  request.set_to_phone(question.to_phone);
  *request.mutable_input() = std::move(question.input);
  const absl::Time give_up = clock_.Now() + kPatience;
  absl::Duration pause = kFirstPause;
  while (true) {
    rpc::Context context =
        rpc::Context::ForService(account_->tenant, std::min(clock_.Now() + kTimeout, give_up));
    auto answer = co_await rpc::Call(webhook_, webhook::v1::WebhookServiceRpc::kIngestFlow,
                                     std::move(context), request);
    if (answer.ok()) {
      providers::asterisk::FlowAnswer step;
      step.session = answer->session();
      step.step = std::move(*answer->mutable_step());
      co_return step;
    }
    if (!IsWorthATry(answer.status()) || clock_.Now() + pause >= give_up) co_return answer.status();
    if (!co_await background_.Sleep(pause)) co_return answer.status();
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace ctc::dispatch
