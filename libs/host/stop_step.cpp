#include "libs/host/stop_step.h"

#include <chrono>
#include <future>
#include <memory>

#include "libs/base/clock.h"
#include "libs/observability/log.h"

namespace ctc::host {

bool RunStep(const asio::any_io_executor& executor, std::string_view step, Task<void> task,
             absl::Duration limit) {
  const auto done = std::make_shared<std::promise<void>>();  // of a task that is left, too
  const auto future = done->get_future();
  const absl::Duration begun = base::SystemClock().Monotonic();
  asio::co_spawn(executor, std::move(task), [done](std::exception_ptr) { done->set_value(); });
  const bool ended = future.wait_for(absl::ToChronoNanoseconds(limit)) == std::future_status::ready;
  const int64_t took = absl::ToInt64Milliseconds(base::SystemClock().Monotonic() - begun);
  if (ended) {
    observability::Info("stopped", {{"step", step}, {"ms", took}});
  } else {
    observability::Warn("left at its work", {{"step", step}, {"ms", took}});
  }
  return ended;
}

}  // namespace ctc::host
