// The bridge from a thread of this library to a coroutine: a result handed over once, which resumes
// the waiting coroutine on its own executor. Private to this library.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libs/base/asio.h"

namespace ctc::db {

class Resumption;

// Resumes them all, in order within a loop. A loop is entered once for several of them: waking a
// thread costs more than the work that most of them then do. From any thread.
void ResumeAll(std::vector<std::unique_ptr<Resumption>> resumptions);

// A coroutine that has its result and waits to go on.
class Resumption {
 public:
  virtual ~Resumption() = default;
  virtual asio::any_io_executor executor() const = 0;
  // Goes on, at once where the calling thread runs the coroutine's loop. Called once.
  virtual void Resume() = 0;
};

template <class T>
class Completion {
 public:
  Completion() = default;
  // Resumes the waiting coroutine with `value`. Called once, from any thread.
  void Complete(T value) {
    std::vector<std::unique_ptr<Resumption>> one;
    one.push_back(Settle(std::move(value)));
    ResumeAll(std::move(one));
  }
  // Hands `value` over; the coroutine goes on when the caller resumes it. Called instead of
  // Complete.
  std::unique_ptr<Resumption> Settle(T value) {
    waiter_->value = std::move(value);
    return std::move(waiter_);
  }

 private:
  template <class U, class Start>
  friend Task<U> Await(Start& start);

  struct Waiter : Resumption {
    std::optional<T> value;
  };

  template <class Handler>
  struct WaiterOf final : Waiter {
    using Executor = asio::associated_executor_t<Handler>;
    explicit WaiterOf(Handler h) : work(asio::get_associated_executor(h)), handler(std::move(h)) {}
    asio::any_io_executor executor() const override { return work.get_executor(); }
    // The work guard goes with the handler: once the caller resumes, its loop may end and be gone,
    // so nothing of it may be touched here afterwards.
    void Resume() override {
      const Executor executor = work.get_executor();
      asio::dispatch(executor, [w = std::move(work), h = std::move(handler),
                                v = *std::move(this->value)]() mutable { h(std::move(v)); });
    }
    asio::executor_work_guard<Executor> work;  // keeps the caller's loop running while it waits
    Handler handler;
  };

  explicit Completion(std::unique_ptr<Waiter> waiter) : waiter_(std::move(waiter)) {}

  std::unique_ptr<Waiter> waiter_;
};

// Calls `start(completion)` and waits until that completion is given its value.
template <class T, class Start>
Task<T> Await(Start& start) {
  auto begin = [&start](auto handler) {
    using Handler = std::decay_t<decltype(handler)>;
    using Waiter = typename Completion<T>::template WaiterOf<Handler>;
    start(Completion<T>(std::make_unique<Waiter>(std::move(handler))));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(T)>(
      begin, asio::use_awaitable);
}

}  // namespace ctc::db
