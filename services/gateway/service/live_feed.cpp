#include "services/gateway/service/live_feed.h"

#include <boost/asio/post.hpp>

#include <algorithm>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/observability/log.h"
#include "libs/transcoding/json_writer.h"

namespace ctc::gateway {
namespace {

namespace SessionServiceRpc = session::v1::SessionServiceRpc;

constexpr int kReadLimit = 500;
constexpr int kLongPollMs = 2000;  // bounds how long Stop waits for the reader
constexpr absl::Duration kReadTimeout = absl::Seconds(30);
constexpr absl::Duration kIdlePause = absl::Seconds(60);  // woken by the first subscriber
constexpr absl::Duration kRetryPause = absl::Seconds(1);
constexpr absl::Duration kReaderPause = absl::Milliseconds(50);

bool Concerns(const FeedFilter& filter, const LiveEvent& event) {
  return event.tenant == filter.tenant &&
         (filter.agent_id.empty() || event.agent_id == filter.agent_id);
}

LiveEventPtr ToLiveEvent(const session::v1::CallEvent& event) {
  auto live = std::make_shared<LiveEvent>();
  live->seq = event.seq();
  live->tenant = event.tenant_id();
  live->agent_id = event.agent_id();
  live->type = event.type();
  live->json = transcoding::ToJson(event);
  return live;
}

}  // namespace

// Shared with wake-ups under way, which may come after the subscription went.
struct LiveFeed::Subscription::Waiter {
  Waiter(std::string tenant_id, asio::any_io_executor waiter_executor)
      : tenant(std::move(tenant_id)), executor(waiter_executor), timer(waiter_executor) {}
  const std::string tenant;
  const asio::any_io_executor executor;
  asio::steady_timer timer;  // this and what follows: on `executor` only
  bool nudged = false;       // Wake was called since Next began
};

LiveFeed::LiveFeed(rpc::Channel& session, const base::Clock& clock, asio::any_io_executor executor)
    : session_(session),
      clock_(clock),
      executor_(asio::make_strand(executor)),
      pause_(executor_),
      subscribers_gauge_(observability::MakeGauge("ctc_gateway_live_subscribers",
                                                  "Open event streams and WebSockets.")) {}

LiveFeed::~LiveFeed() = default;

namespace {

// A wake-up is posted to the waiter's executor: there it comes after a wait that has begun.
template <class WaiterPtr>
void PostWake(const WaiterPtr& waiter) {
  asio::post(waiter->executor, [waiter] { waiter->timer.cancel(); });
}

}  // namespace

void LiveFeed::Stop() {
  base::MutexLock lock(mutex_);
  stopped_ = true;
  for (const auto& waiter : waiters_) PostWake(waiter);
  asio::post(executor_, [this] { pause_.cancel(); });
}

bool LiveFeed::stopped() const {
  base::MutexLock lock(mutex_);
  return stopped_;
}

Task<absl::StatusOr<int64_t>> LiveFeed::NewestSeq() {
  session::v1::ReadFeedRequest request;
  request.set_after_seq(-1);
  rpc::Context context =
      rpc::Context::ForService(base::TenantId(), clock_.Now() + absl::Seconds(5));
  auto response =
      co_await rpc::Call(session_, SessionServiceRpc::kReadFeed, std::move(context), request);
  if (!response.ok()) co_return std::move(response).status();
  co_return response->last_seq();
}

Task<void> LiveFeed::Pause(absl::Duration time) {
  boost::system::error_code ignored;
  pause_.expires_after(absl::ToChronoNanoseconds(time));
  co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<void> LiveFeed::Run() {
  int64_t position = -1;
  int failures = 0;
  while (!stopped()) {
    bool listened = false;
    {
      base::MutexLock lock(mutex_);
      listened = !waiters_.empty();
    }
    if (!listened) {
      position = -1;
      Reset(-1);
      co_await Pause(kIdlePause);
      continue;
    }
    co_await ReadOnce(position, failures);
  }
}

Task<void> LiveFeed::ReadOnce(int64_t& position, int& failures) {
  session::v1::ReadFeedRequest request;
  request.set_after_seq(position);
  request.set_limit(kReadLimit);
  request.set_wait_ms(position < 0 ? 0 : kLongPollMs);
  rpc::Context context = rpc::Context::ForService(base::TenantId(), clock_.Now() + kReadTimeout);
  auto batch =
      co_await rpc::Call(session_, SessionServiceRpc::kReadFeed, std::move(context), request);
  if (!batch.ok()) {
    if (++failures == 1) observability::Warn("live feed not readable", {{"error", batch.status()}});
    co_await Pause(kRetryPause);
    co_return;
  }
  failures = 0;
  if (position < 0) {
    Reset(batch->last_seq());
  } else {
    Publish(*batch);
  }
  position = std::max(position, batch->last_seq());
}

void LiveFeed::Reset(int64_t position) {
  base::MutexLock lock(mutex_);
  ring_.clear();
  ring_from_ = position;
  ring_to_ = position;
}

void LiveFeed::Publish(const session::v1::ReadFeedResponse& batch) {
  std::vector<LiveEventPtr> events;
  events.reserve(static_cast<size_t>(batch.events_size()));
  for (const auto& event : batch.events()) events.push_back(ToLiveEvent(event));
  base::MutexLock lock(mutex_);
  for (LiveEventPtr& event : events) ring_.push_back(std::move(event));
  ring_to_ = std::max(ring_to_, batch.last_seq());
  while (ring_.size() > kRingEvents) {
    ring_from_ = ring_.front()->seq;
    ring_.pop_front();
  }
  for (const auto& waiter : waiters_) {
    const bool concerned = std::any_of(
        batch.events().begin(), batch.events().end(),
        [&](const session::v1::CallEvent& event) { return event.tenant_id() == waiter->tenant; });
    if (concerned) PostWake(waiter);
  }
}

bool LiveFeed::FromRing(const FeedFilter& filter, int64_t& after_seq,
                        std::vector<LiveEventPtr>& events) {
  base::MutexLock lock(mutex_);
  if (ring_to_ < 0 || after_seq < ring_from_) return false;
  const auto newer =
      std::partition_point(ring_.begin(), ring_.end(),
                           [&](const LiveEventPtr& event) { return event->seq <= after_seq; });
  for (auto event = newer; event != ring_.end(); ++event) {
    after_seq = (*event)->seq;
    if (!Concerns(filter, **event)) continue;
    events.push_back(*event);
    if (events.size() == kReadLimit) return true;
  }
  after_seq = std::max(after_seq, ring_to_);
  return true;
}

LiveFeed::Subscription::Subscription(LiveFeed& feed, FeedFilter filter, int64_t after_seq,
                                     asio::any_io_executor executor)
    : feed_(feed),
      filter_(std::move(filter)),
      after_seq_(after_seq),
      waiter_(std::make_shared<Waiter>(filter_.tenant, executor)) {
  base::MutexLock lock(feed_.mutex_);
  feed_.waiters_.push_back(waiter_);
  feed_.subscribers_gauge_.Set(static_cast<double>(feed_.waiters_.size()));
  asio::post(feed_.executor_, [&reader = feed_] { reader.pause_.cancel(); });
}

LiveFeed::Subscription::~Subscription() {
  base::MutexLock lock(feed_.mutex_);
  std::erase(feed_.waiters_, waiter_);
  feed_.subscribers_gauge_.Set(static_cast<double>(feed_.waiters_.size()));
}

void LiveFeed::Subscription::MoveTo(int64_t after_seq) { after_seq_ = after_seq; }

void LiveFeed::Subscription::Wake() {
  waiter_->nudged = true;
  waiter_->timer.cancel();
}

Task<void> LiveFeed::Subscription::WaitForWake(absl::Duration limit) {
  if (waiter_->nudged) co_return;
  boost::system::error_code ignored;
  waiter_->timer.expires_after(absl::ToChronoNanoseconds(limit));
  co_await waiter_->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<void> LiveFeed::Subscription::ReadBack(std::vector<LiveEventPtr>& events) {
  session::v1::ReadFeedRequest request;
  request.set_after_seq(after_seq_);
  request.set_limit(kReadLimit);
  request.set_tenant_id(filter_.tenant);
  rpc::Context context =
      rpc::Context::ForService(base::TenantId(filter_.tenant), feed_.clock_.Now() + kReadTimeout);
  const int64_t asked = after_seq_;
  auto batch =
      co_await rpc::Call(feed_.session_, SessionServiceRpc::kReadFeed, std::move(context), request);
  if (!batch.ok()) {
    co_await WaitForWake(kRetryPause);
    co_return;
  }
  if (after_seq_ != asked) co_return;  // moved while it was read
  for (const auto& event : batch->events()) {
    LiveEventPtr live = ToLiveEvent(event);
    if (Concerns(filter_, *live)) events.push_back(std::move(live));
  }
  after_seq_ = std::max(after_seq_, batch->last_seq());
  // Caught up, and the reader has not begun: it will say when it has something. A page of others'
  // events is no end: the next may hold some.
  if (batch->last_seq() <= asked) co_await WaitForWake(kReaderPause);
}

Task<std::vector<LiveEventPtr>> LiveFeed::Subscription::Next(absl::Duration limit) {
  const absl::Duration end = feed_.clock_.Monotonic() + limit;
  std::vector<LiveEventPtr> events;
  while (events.empty() && !feed_.stopped() && !waiter_->nudged) {
    const absl::Duration left = end - feed_.clock_.Monotonic();
    if (left <= absl::ZeroDuration()) break;
    if (!feed_.FromRing(filter_, after_seq_, events)) {
      co_await ReadBack(events);
    } else if (events.empty()) {
      co_await WaitForWake(left);
    }
  }
  waiter_->nudged = false;
  co_return events;
}

}  // namespace ctc::gateway
