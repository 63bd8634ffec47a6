// The bridge from a thread of this library to a coroutine: a result handed over once, which resumes
// the waiting coroutine on its own executor. Private to this library.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <utility>

#include "libs/base/asio.h"

namespace ctc::db {

template <class T>
class Completion {
 public:
  Completion() = default;
  // Resumes the waiting coroutine with `value`. Called once, from any thread.
  void Complete(T value) { std::exchange(waiter_, nullptr)->Complete(std::move(value)); }

 private:
  template <class U, class Start>
  friend Task<U> Await(Start& start);

  struct Waiter {
    virtual ~Waiter() = default;
    virtual void Complete(T value) = 0;
  };

  template <class Handler>
  struct WaiterOf final : Waiter {
    using Executor = asio::associated_executor_t<Handler>;
    explicit WaiterOf(Handler h) : work(asio::get_associated_executor(h)), handler(std::move(h)) {}
    // The work guard goes with the handler: once the caller resumes, its loop may end and be gone,
    // so nothing of it may be touched here afterwards.
    void Complete(T value) override {
      const Executor executor = work.get_executor();
      asio::post(executor, [w = std::move(work), h = std::move(handler),
                            v = std::move(value)]() mutable { h(std::move(v)); });
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
