#include "services/gateway/service/readiness.h"

#include <boost/asio/post.hpp>

#include <utility>

namespace ctc::gateway {
namespace {

constexpr absl::Duration kKeepFor = absl::Milliseconds(500);

}  // namespace

Readiness::Readiness(Question question, const base::Clock& clock)
    : question_(std::move(question)), clock_(clock) {}

Task<absl::Status> Readiness::Ask() {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const Turn turn =
      std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
  bool first = false;
  {
    base::MutexLock lock(mutex_);
    if (clock_.Monotonic() - answered_at_ < kKeepFor) co_return answer_;
    first = !std::exchange(asking_, true);
    if (!first) waiting_.push_back(turn);
  }
  if (first) {
    absl::Status answer = co_await question_();
    Keep(answer);
    co_return answer;
  }
  boost::system::error_code ignored;
  co_await turn->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  base::MutexLock lock(mutex_);
  co_return answer_;
}

void Readiness::Keep(const absl::Status& answer) {
  std::vector<Turn> waiting;
  {
    base::MutexLock lock(mutex_);
    answer_ = answer;
    answered_at_ = clock_.Monotonic();
    asking_ = false;
    waiting.swap(waiting_);
  }
  // Posted to the executor of each: there it comes after a wait that has begun.
  for (const Turn& turn : waiting) {
    asio::post(turn->get_executor(), [turn] { turn->cancel(); });
  }
}

}  // namespace ctc::gateway
