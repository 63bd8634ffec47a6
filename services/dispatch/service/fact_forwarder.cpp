#include "services/dispatch/service/fact_forwarder.h"

#include <algorithm>

#include "ctc/webhook/v1/webhook_service.rpc.h"
#include "libs/observability/log.h"

namespace ctc::dispatch {
namespace {

constexpr size_t kBatch = 64;
constexpr size_t kMaxPayload = 4 << 10;
constexpr absl::Duration kTimeout = absl::Seconds(10);
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(5);

// Errors that the same request would meet again, however often it is sent.
bool IsPoison(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument ||
         status.code() == absl::StatusCode::kNotFound ||
         status.code() == absl::StatusCode::kFailedPrecondition ||
         status.code() == absl::StatusCode::kOutOfRange;
}

}  // namespace

FactForwarder::FactForwarder(rpc::Channel& webhook, host::Background& background,
                             const base::Clock& clock, AccountPtr account)
    : webhook_(webhook),
      background_(background),
      clock_(clock),
      account_(std::move(account)),
      dropped_(observability::MakeCounter("ctc_dispatch_facts_refused_total",
                                          "Facts that the webhook service refused for good.")),
      wake_(background.strand()) {}

void FactForwarder::Add(providers::asterisk::FactNote note) {
  // Never sent: not kept either, since many may wait.
  if (note.payload.size() > kMaxPayload) std::string().swap(note.payload);
  notes_.push_back(std::move(note));
  wake_.cancel();
}

void FactForwarder::Close() {
  closed_ = true;
  wake_.cancel();
}

Task<void> FactForwarder::WaitForNotes() {
  const int waker = background_.OnStop([this] { wake_.cancel(); });
  while (notes_.empty() && !closed_ && !background_.stopping()) {
    wake_.expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  background_.RemoveOnStop(waker);
}

webhook::v1::IngestFactsRequest FactForwarder::MakeRequest(size_t count) const {
  webhook::v1::IngestFactsRequest request;
  request.set_provider_type(account_->config.provider_type());
  request.set_provider_id(account_->config.id());
  request.set_event_type(count == 1 ? notes_.front().event_type : "Batch");
  std::string& payload = *request.mutable_payload();
  for (size_t i = 0; i < count; ++i) {
    const providers::asterisk::FactNote& note = notes_[i];
    for (const session::v1::SessionFact& fact : note.facts) *request.add_facts() = fact;
    if (!payload.empty() && !note.payload.empty()) payload += '\n';
    payload += note.payload;
  }
  return request;
}

Task<absl::Status> FactForwarder::SendFirst(size_t count) {
  const webhook::v1::IngestFactsRequest request = MakeRequest(count);
  rpc::Context context = rpc::Context::ForService(account_->tenant, clock_.Now() + kTimeout);
  const auto answer = co_await rpc::Call(webhook_, webhook::v1::WebhookServiceRpc::kIngestFacts,
                                         std::move(context), request);
  co_return answer.status();
}

Task<void> FactForwarder::Run() {
  const std::shared_ptr<FactForwarder> self = shared_from_this();
  absl::Duration pause = kFirstPause;
  size_t batch = kBatch;
  while (true) {
    co_await WaitForNotes();
    if (notes_.empty()) co_return;  // closed or stopping, and all is sent
    const size_t count = std::min(batch, notes_.size());
    const absl::Status sent = co_await SendFirst(count);
    if (sent.ok() || (count == 1 && IsPoison(sent))) {
      if (!sent.ok()) {
        dropped_.Add();
        observability::Error("a fact was refused for good",
                             {{"provider", account_->config.id()}, {"error", sent}});
      }
      notes_.erase(notes_.begin(), notes_.begin() + static_cast<ptrdiff_t>(count));
      pause = kFirstPause;
      // After a refusal one by one, until the bad one was found; then together again.
      batch = sent.ok() && batch > 1 ? kBatch : std::min(batch * 2, kBatch);
      continue;
    }
    if (IsPoison(sent)) {
      batch = 1;
      continue;
    }
    observability::Warn("facts wait for the webhook service",
                        {{"waiting", notes_.size()}, {"error", sent}});
    if (!co_await background_.Sleep(pause)) co_return;
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace ctc::dispatch
