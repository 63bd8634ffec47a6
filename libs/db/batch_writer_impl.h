// The bodies of BatchWriter; included by batch_writer.h only.
#pragma once

#include <absl/strings/str_cat.h>

#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/db/batch_writer.h"
#include "libs/db/completion.h"

namespace ctc::db {

// Parts that do not depend on the template's types.
struct BatchMetrics {
  explicit BatchMetrics(const std::string& name);
  observability::Histogram size;
  observability::Histogram seconds;
  observability::Gauge depth;
  observability::Counter refused;
};
absl::Status BatchQueueFull(const std::string& name);
absl::Status BatchTooLate(const std::string& name);
absl::Status BatchResultMissing(const std::string& name);
// Names the writer's thread and readies it for the connector; `loop` is its body.
std::thread StartBatchThread(const std::string& name, std::function<void()> loop);
// Work that throws must not end the thread.
absl::Status RunBatchSafely(const std::string& name, const std::function<absl::Status()>& work);

template <class Item, class Result>
struct BatchWriter<Item, Result>::Pending {
  Item item;
  absl::Time deadline;
  Completion<absl::StatusOr<Result>> done;
};

template <class Item, class Result>
struct BatchWriter<Item, Result>::State {
  State(std::unique_ptr<Worker> w, BatchOptions o, WriteBatch write_batch, AfterCommit after)
      : worker(std::move(w)),
        options(std::move(o)),
        write(std::move(write_batch)),
        after_commit(std::move(after)),
        metrics(options.name) {}

  const std::unique_ptr<Worker> worker;
  const BatchOptions options;
  const WriteBatch write;
  const AfterCommit after_commit;
  const BatchMetrics metrics;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Pending> queue;  // under mutex
  std::deque<Pending> later;  // kSoon; under mutex
  // When the first of `later` has waited long enough; under mutex.
  absl::Duration later_due;
  bool stopping = false;  // under mutex

  bool LaterIsDue() const {
    return !later.empty() && (stopping || later.size() >= options.gather ||
                              base::SystemClock().Monotonic() >= later_due);
  }
  size_t waiting() const { return queue.size() + later.size(); }
  std::thread thread;
};

template <class Item, class Result>
BatchWriter<Item, Result>::BatchWriter(Database& database, BatchOptions options, WriteBatch write,
                                       AfterCommit after_commit)
    : state_(std::make_unique<State>(
          options.single_statement ? database.MakeSingleStatementWorker() : database.MakeWorker(),
          options, std::move(write), std::move(after_commit))) {
  state_->thread = StartBatchThread(state_->options.name, [this] { Loop(); });
}

template <class Item, class Result>
BatchWriter<Item, Result>::~BatchWriter() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  state_->thread.join();
}

template <class Item, class Result>
Task<absl::StatusOr<Result>> BatchWriter<Item, Result>::Write(Item item, absl::Time deadline,
                                                              Urgency urgency) {
  auto start = [&](Completion<absl::StatusOr<Result>> done) {
    Enqueue(Pending{std::move(item), deadline, std::move(done)}, urgency);
  };
  co_return co_await Await<absl::StatusOr<Result>>(start);
}

template <class Item, class Result>
void BatchWriter<Item, Result>::Enqueue(Pending pending, Urgency urgency) {
  State& state = *state_;
  {
    const std::lock_guard<std::mutex> lock(state.mutex);
    if (state.waiting() < state.options.queue_limit && !state.stopping) {
      std::deque<Pending>& queue = urgency == Urgency::kNow ? state.queue : state.later;
      queue.push_back(std::move(pending));
      if (&queue == &state.later && queue.size() == 1) {
        state.later_due = base::SystemClock().Monotonic() + state.options.patience;
      }
      state.metrics.depth.Set(static_cast<double>(state.waiting()));
      // The writer sleeps only while `queue` is empty and `later` is short.
      if (queue.size() == 1 || queue.size() == state.options.gather) state.wake.notify_one();
      return;
    }
  }
  state.metrics.refused.Add();
  pending.done.Complete(BatchQueueFull(state.options.name));
}

// Takes what waits, up to max_batch; waits for the first. False once stopped and empty.
template <class Item, class Result>
bool BatchWriter<Item, Result>::Collect(Batch& batch) {
  State& state = *state_;
  std::unique_lock<std::mutex> lock(state.mutex);
  while (!state.stopping && state.queue.empty() && !state.LaterIsDue()) {
    if (state.later.empty()) {
      state.wake.wait(lock);
    } else {
      const absl::Duration left = state.later_due - base::SystemClock().Monotonic();
      state.wake.wait_for(lock, absl::ToChronoMicroseconds(left + absl::Microseconds(1)));
    }
  }
  const auto take = [&](std::deque<Pending>& queue) {
    while (!queue.empty() && batch.size() < state.options.max_batch) {
      batch.push_back(std::move(queue.front()));
      queue.pop_front();
    }
  };
  const bool later_too = state.LaterIsDue();
  take(state.queue);
  if (later_too) take(state.later);
  state.metrics.depth.Set(static_cast<double>(state.waiting()));
  return !batch.empty();
}

template <class Item, class Result>
void BatchWriter<Item, Result>::Loop() {
  for (Batch batch; Collect(batch); batch.clear()) {
    const absl::Time now = base::SystemClock().Now();
    Batch timely;
    timely.reserve(batch.size());
    for (Pending& pending : batch) {
      if (now >= pending.deadline) {
        pending.done.Complete(BatchTooLate(state_->options.name));
      } else {
        timely.push_back(std::move(pending));
      }
    }
    if (!timely.empty()) WriteBatchOnce(std::move(timely));
  }
}

template <class Item, class Result>
void BatchWriter<Item, Result>::WriteBatchOnce(Batch batch) {
  State& state = *state_;
  const absl::Duration start = base::SystemClock().Monotonic();
  std::vector<Item> items;
  items.reserve(batch.size());
  for (Pending& pending : batch) items.push_back(std::move(pending.item));
  Results results;
  const absl::Status status = Attempt(items, results);
  if (!status.ok()) {
    results.assign(items.size(), status);
    if (items.size() > 1 && status.code() != absl::StatusCode::kUnavailable) {
      WriteAlone(items, results);
    }
  }
  state.metrics.size.Observe(static_cast<double>(items.size()));
  state.metrics.seconds.Observe(absl::ToDoubleSeconds(base::SystemClock().Monotonic() - start));
  if (state.after_commit) {
    const absl::Status ignored = RunBatchSafely(state.options.name, [&] {
      state.after_commit(items, results);
      return absl::OkStatus();
    });
  }
  std::vector<std::unique_ptr<Resumption>> resumptions;
  resumptions.reserve(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    resumptions.push_back(batch[i].done.Settle(std::move(results[i])));
  }
  ResumeAll(std::move(resumptions));
}

// One transaction for `items`.
template <class Item, class Result>
absl::Status BatchWriter<Item, Result>::Attempt(std::vector<Item>& items, Results& results) {
  const Work work = [&](Connection& connection) {
    return RunBatchSafely(state_->options.name, [&]() -> absl::Status {
      results.clear();
      results.reserve(items.size());
      CTC_RETURN_IF_ERROR(state_->write(connection, items, results));
      if (results.size() == items.size()) return absl::OkStatus();
      return BatchResultMissing(state_->options.name);
    });
  };
  return state_->worker->Run(work);
}

// A transaction for each item, so that only the one at fault fails.
template <class Item, class Result>
void BatchWriter<Item, Result>::WriteAlone(std::vector<Item>& items, Results& results) {
  std::vector<Item> one;
  Results answer;
  absl::Status status;
  for (size_t i = 0; i < items.size(); ++i) {
    if (status.code() == absl::StatusCode::kUnavailable) {
      results[i] = status;  // the database went away: do not wait for each of the rest
      continue;
    }
    one.clear();
    one.push_back(std::move(items[i]));
    status = Attempt(one, answer);
    items[i] = std::move(one.front());
    if (status.ok()) {
      results[i] = std::move(answer.front());
    } else {
      results[i] = status;
    }
  }
}

}  // namespace ctc::db
