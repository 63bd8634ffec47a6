#include "services/gateway/service/key_sweep.h"

#include "libs/observability/log.h"

namespace ctc::gateway {
namespace {

constexpr absl::Duration kTurnTimeout = absl::Seconds(30);
constexpr absl::Duration kKeepFor = absl::Hours(24);

}  // namespace

Task<void> SweepOldKeys(IdempotencyStore& store, const base::Clock& clock, absl::Duration pause,
                        const std::atomic<bool>& stopping) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  boost::system::error_code ignored;
  while (!stopping) {
    const absl::Time now = clock.Now();
    const absl::StatusOr<int64_t> swept = co_await store.Sweep(now + kTurnTimeout, now - kKeepFor);
    if (!swept.ok()) {
      observability::Warn("idempotency keys not swept", {{"error", swept.status()}});
    }
    if (!swept.ok() || *swept < IdempotencyStore::kSweptAtOnce) co_return;
    timer.expires_after(absl::ToChronoNanoseconds(pause));
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace ctc::gateway
