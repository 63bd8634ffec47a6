// The loop that follows the feed.
#include "libs/events/feed_consumer.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <utility>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/mutex.h"
#include "libs/observability/log.h"
#include "libs/observability/metrics.h"

namespace ctc::events {
namespace {

namespace sv1 = session::v1;

constexpr absl::Duration kPollWait = absl::Seconds(20);
constexpr absl::Duration kCallSlack = absl::Seconds(10);  // beyond what a poll waits for
// Between a page and the next, unless it was full: events that come close together are one page
// and one commit. What comes after a quiet moment is not kept waiting.
constexpr absl::Duration kGather = absl::Milliseconds(10);
constexpr absl::Duration kFirstBackOff = absl::Milliseconds(100);
constexpr absl::Duration kMaxBackOff = absl::Seconds(5);
constexpr int64_t kAtNewest = -1;

// Half of `limit` and a random part of the other half, so that consumers do not come back at once.
absl::Duration WithJitter(absl::Duration limit) {
  std::array<unsigned char, 2> bytes{};
  base::SystemRandom().Fill(bytes);
  return limit / 2 + limit / 2 * ((bytes[0] * 256.0 + bytes[1]) / 65536.0);
}

}  // namespace

struct FeedConsumer::State {
  State(rpc::Channel& channel, ConsumerOptions opts, LoadCursor load_cursor, Apply apply_batch)
      : session(channel),
        options(std::move(opts)),
        load(std::move(load_cursor)),
        apply(std::move(apply_batch)),
        lag(observability::MakeGauge("ctc_feed_lag_events",
                                     "Events of the feed that a consumer has yet to apply.",
                                     {{"consumer", options.name}})) {}

  Task<absl::StatusOr<sv1::ReadFeedResponse>> Read(int64_t after, absl::Duration wait);
  Task<absl::Status> FindCursor();
  Task<void> MeasureLag(const sv1::ReadFeedResponse& page);
  Task<absl::Status> Step();
  Task<void> Pause(absl::Duration wait);
  static Task<void> Loop(std::shared_ptr<State> self);

  rpc::Channel& session;
  const ConsumerOptions options;
  const LoadCursor load;
  const Apply apply;
  const observability::Gauge lag;
  std::atomic<bool> stopped{false};
  // Known after FindCursor. -1: nothing is committed yet.
  int64_t cursor = kAtNewest;
  bool cursor_known = false;
  base::Mutex mutex;
  // Lives as long as Run, for it must not outlive the executor; used on Run's strand only.
  std::weak_ptr<asio::steady_timer> timer ABSL_GUARDED_BY(mutex);
};

FeedConsumer::FeedConsumer(rpc::Channel& session, ConsumerOptions options, LoadCursor load,
                           Apply apply)
    : state_(std::make_shared<State>(session, std::move(options), std::move(load),
                                     std::move(apply))) {}

Task<void> FeedConsumer::Run() {
  // The state is held here: this object may go while the task waits.
  const std::shared_ptr<State> state = state_;
  asio::any_io_executor strand = asio::make_strand(co_await asio::this_coro::executor);
  const auto timer = std::make_shared<asio::steady_timer>(strand);
  {
    const base::MutexLock lock(state->mutex);
    state->timer = timer;
  }
  Task<void> loop = State::Loop(state);
  co_await asio::co_spawn(strand, std::move(loop), asio::use_awaitable);
}

void FeedConsumer::Stop() {
  state_->stopped = true;
  std::shared_ptr<asio::steady_timer> running;
  {
    const base::MutexLock lock(state_->mutex);
    running = state_->timer.lock();
  }
  if (!running) return;
  // On the loop's strand: a pause that begins after this finds its time over already.
  const auto executor = running->get_executor();
  asio::post(executor, [timer = std::move(running)] {
    timer->expires_at(asio::steady_timer::time_point::min());
  });
}

Task<absl::StatusOr<sv1::ReadFeedResponse>> FeedConsumer::State::Read(int64_t after,
                                                                      absl::Duration wait) {
  sv1::ReadFeedRequest request;
  request.set_after_seq(after);
  request.set_limit(options.batch_limit);
  request.set_wait_ms(static_cast<int32_t>(absl::ToInt64Milliseconds(wait)));
  const absl::Time deadline = base::SystemClock().Now() + wait + kCallSlack;
  rpc::Context context = rpc::Context::ForService(base::TenantId(), deadline);
  co_return co_await rpc::Call(session, sv1::SessionServiceRpc::kReadFeed, std::move(context),
                               request);
}

// Reads the durable cursor. A consumer that has none yet begins at the newest event and commits
// that position, so that a crash before its first event skips none.
Task<absl::Status> FeedConsumer::State::FindCursor() {
  absl::StatusOr<int64_t> loaded = co_await load();
  CTC_CO_RETURN_IF_ERROR(loaded.status());
  if (*loaded != kAtNewest) {
    cursor = *loaded;
  } else if (cursor == kAtNewest) {
    absl::StatusOr<sv1::ReadFeedResponse> newest = co_await Read(kAtNewest, absl::ZeroDuration());
    CTC_CO_RETURN_IF_ERROR(newest.status());
    if (stopped) co_return absl::OkStatus();
    const Batch none;
    absl::Status committed = co_await apply(none, newest->last_seq());
    CTC_CO_RETURN_IF_ERROR(committed);
    cursor = newest->last_seq();
  }
  cursor_known = true;
  co_return absl::OkStatus();
}

// A page that is not full ends at the newest event; behind a full one the feed is asked for its
// end.
Task<void> FeedConsumer::State::MeasureLag(const sv1::ReadFeedResponse& page) {
  auto waiting = static_cast<double>(page.events_size());
  if (page.events_size() >= options.batch_limit) {
    absl::StatusOr<sv1::ReadFeedResponse> newest = co_await Read(kAtNewest, absl::ZeroDuration());
    if (newest.ok()) waiting = static_cast<double>(newest->last_seq() - cursor);
  }
  lag.Set(waiting);
}

// One page: read, apply, go on.
Task<absl::Status> FeedConsumer::State::Step() {
  if (!cursor_known) {
    absl::Status found = co_await FindCursor();
    if (!found.ok() || stopped) co_return found;
  }
  absl::StatusOr<sv1::ReadFeedResponse> page = co_await Read(cursor, kPollWait);
  CTC_CO_RETURN_IF_ERROR(page.status());
  if (stopped || page->events_size() == 0) co_return absl::OkStatus();
  co_await MeasureLag(*page);
  if (stopped) co_return absl::OkStatus();

  const int64_t last_seq = page->last_seq();
  const bool full = page->events_size() >= options.batch_limit;
  Batch batch;
  batch.Swap(page->mutable_events());
  // Whether a failed commit took place is not known: the cursor must be read again.
  cursor_known = false;
  absl::Status applied = co_await apply(batch, last_seq);
  CTC_CO_RETURN_IF_ERROR(applied);
  cursor = last_seq;
  cursor_known = true;
  if (full) co_return absl::OkStatus();
  lag.Set(0);
  co_await Pause(kGather);
  co_return absl::OkStatus();
}

Task<void> FeedConsumer::State::Pause(absl::Duration wait) {
  std::shared_ptr<asio::steady_timer> sleeper;
  {
    const base::MutexLock lock(mutex);
    sleeper = timer.lock();
  }
  if (stopped || !sleeper) co_return;
  sleeper->expires_after(absl::ToChronoMilliseconds(wait));
  boost::system::error_code ignored;
  co_await sleeper->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<void> FeedConsumer::State::Loop(std::shared_ptr<State> self) {
  absl::Duration back_off = kFirstBackOff;
  bool failing = false;
  while (!self->stopped) {
    const absl::Status status = co_await self->Step();
    if (self->stopped) break;
    if (status.ok()) {
      if (failing)
        observability::Info("feed is followed again", {{"consumer", self->options.name}});
      failing = false;
      back_off = kFirstBackOff;
      continue;
    }
    if (!failing) {
      observability::Warn("feed cannot be followed; will try again",
                          {{"consumer", self->options.name}, {"error", status}});
    }
    failing = true;
    co_await self->Pause(WithJitter(back_off));
    back_off = std::min(back_off * 2, kMaxBackOff);
  }
}

}  // namespace ctc::events
