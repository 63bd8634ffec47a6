#include "libs/host/background.h"

#include <boost/asio/post.hpp>
#include <chrono>

#include "libs/observability/log.h"

namespace ctc::host {

void Background::Spawn(std::string name, std::function<Task<void>()> task) {
  asio::post(strand_, [this, name = std::move(name), task = std::move(task)]() mutable {
    if (stopping_) return;
    ++running_;
    asio::co_spawn(strand_, std::move(task), [this, name = std::move(name)](std::exception_ptr e) {
      --running_;
      if (e) observability::Error("a background task ended by an exception", {{"task", name}});
    });
  });
}

Task<bool> Background::Sleep(absl::Duration duration) {
  if (stopping_) co_return false;
  asio::steady_timer timer(strand_, absl::ToChronoNanoseconds(duration));
  timers_.insert(&timer);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  timers_.erase(&timer);
  co_return !stopping_;
}

int Background::OnStop(std::function<void()> wake) {
  wakers_.emplace(++next_id_, std::move(wake));
  return next_id_;
}

void Background::RemoveOnStop(int id) { wakers_.erase(id); }

Task<void> Background::Stop() {
  asio::post(strand_, [this] {
    stopping_ = true;
    for (asio::steady_timer* timer : timers_) timer->cancel();
    for (auto& [id, wake] : wakers_) wake();
    stopped_ = true;
  });
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!stopped_ || running_ > 0) {
    timer.expires_after(std::chrono::milliseconds(5));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace ctc::host
