// Runs coroutines from a test.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/asio.h"

namespace ctc::testing {

// Threads that run coroutines, as in a server. Stops and joins when it goes.
class IoThreads {
 public:
  explicit IoThreads(int threads = 1) : work_(asio::make_work_guard(io_)) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~IoThreads() {
    work_.reset();
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
  }
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  asio::any_io_executor executor() { return io_.get_executor(); }
  asio::io_context& context() { return io_; }

  // Runs `task` on a strand of these threads and blocks until it returns.
  template <class T>
  T Run(Task<T> task) {
    asio::any_io_executor strand = asio::make_strand(io_);
    return asio::co_spawn(strand, std::move(task), asio::use_future).get();
  }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

// Runs `task`, and what it spawns until then, on this thread and returns its result.
template <class T>
T RunTask(asio::io_context& io, Task<T> task) {
  std::future<T> result = asio::co_spawn(io, std::move(task), asio::use_future);
  const auto work = asio::make_work_guard(io);
  io.restart();
  while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io.run_one();
  return result.get();
}

// The same for a task that stays on this thread. One that resumes from a thread of somebody's needs
// an io_context that outlives that thread, which lets go of it only after the result is there.
template <class T>
T RunTask(Task<T> task) {
  asio::io_context io;
  return RunTask(io, std::move(task));
}

}  // namespace ctc::testing
