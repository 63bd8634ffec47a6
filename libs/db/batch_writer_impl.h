// The bodies of BatchWriter; included by batch_writer.h only.
#pragma once

#include <absl/strings/str_cat.h>

#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/db/batch_order.h"
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
absl::Status BatchOutOfTurn(const std::string& name);
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
  State(BatchOptions o, WriteInTurn write_batch, AfterCommit after)
      : options(std::move(o)),
        write(std::move(write_batch)),
        after_commit(std::move(after)),
        metrics(options.name) {}

  const BatchOptions options;
  const WriteInTurn write;
  const AfterCommit after_commit;
  const BatchMetrics metrics;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Pending> queue;  // under mutex
  std::deque<Pending> later;  // kSoon; under mutex
  // When the first of `later` has waited long enough; under mutex.
  absl::Duration later_due;
  bool stopping = false;  // under mutex
  BatchOrder order{mutex, [this] {
                     if (HasWork()) wake.notify_one();
                   }};

  bool LaterIsDue() const {
    return !later.empty() && (stopping || later.size() >= options.gather ||
                              base::SystemClock().Monotonic() >= later_due);
  }
  bool HasWork() const { return stopping || !queue.empty() || LaterIsDue(); }
  size_t waiting() const { return queue.size() + later.size(); }
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
};

// The turn of one batch.
template <class Item, class Result>
struct BatchWriter<Item, Result>::Making final : Turn {
  explicit Making(BatchOrder& o) : order(o) {}
  bool alone() const override { return place.alone; }
  void Pass() override { order.Pass(place); }

  BatchOrder& order;
  BatchOrder::Place place;
};

template <class Item, class Result>
BatchWriter<Item, Result>::BatchWriter(Database& database, BatchOptions options, WriteInTurn write,
                                       AfterCommit after_commit)
    : state_(
          std::make_unique<State>(std::move(options), std::move(write), std::move(after_commit))) {
  State& state = *state_;
  for (int lane = 0; lane < state.options.lanes; ++lane) {
    state.workers.push_back(state.options.repeatable ? database.MakeRepeatableWorker()
                                                     : database.MakeWorker());
    Worker& worker = *state.workers.back();
    state.threads.push_back(
        StartBatchThread(state.options.name, [this, &worker] { Loop(worker); }));
  }
}

template <class Item, class Result>
BatchWriter<Item, Result>::BatchWriter(Database& database, BatchOptions options, WriteBatch write,
                                       AfterCommit after_commit)
    : BatchWriter(
          database, std::move(options),
          [write = std::move(write)](Connection& connection, std::vector<Item>& items,
                                     Results& results, Turn& turn [[maybe_unused]]) {
            return write(connection, items, results);
          },
          std::move(after_commit)) {}

template <class Item, class Result>
BatchWriter<Item, Result>::~BatchWriter() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
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
      // A lane sleeps only while `queue` is empty and `later` is short, or another has the turn.
      if (queue.size() == 1 || queue.size() == state.options.gather) state.wake.notify_one();
      return;
    }
  }
  state.metrics.refused.Add();
  pending.done.Complete(BatchQueueFull(state.options.name));
}

// Takes the turn and what waits, up to max_batch; waits for both. False once stopped and empty.
template <class Item, class Result>
bool BatchWriter<Item, Result>::Collect(Batch& batch, Making& turn) {
  State& state = *state_;
  std::unique_lock<std::mutex> lock(state.mutex);
  while (!state.HasWork() || state.order.taken()) {
    if (state.later.empty() || state.order.taken()) {
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
  if (batch.empty()) return false;
  state.order.Take(turn.place);
  return true;
}

template <class Item, class Result>
void BatchWriter<Item, Result>::Loop(Worker& worker) {
  for (;;) {
    Batch batch;
    Making turn(state_->order);
    if (!Collect(batch, turn)) return;
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
    if (timely.empty()) {
      state_->order.Finish(turn.place);
    } else {
      WriteBatchOnce(worker, std::move(timely), turn);
    }
  }
}

template <class Item, class Result>
void BatchWriter<Item, Result>::WriteBatchOnce(Worker& worker, Batch batch, Making& turn) {
  State& state = *state_;
  const absl::Duration start = base::SystemClock().Monotonic();
  std::vector<Item> items;
  items.reserve(batch.size());
  for (Pending& pending : batch) items.push_back(std::move(pending.item));
  Results results;
  const absl::Status status = Attempt(worker, items, results, turn);
  if (!status.ok()) WriteAgain(worker, items, results, turn, status);
  state.metrics.size.Observe(static_cast<double>(items.size()));
  state.metrics.seconds.Observe(absl::ToDoubleSeconds(base::SystemClock().Monotonic() - start));
  state.order.AwaitOlder(turn.place);
  if (state.after_commit) {
    const absl::Status ignored = RunBatchSafely(state.options.name, [&] {
      state.after_commit(items, results);
      return absl::OkStatus();
    });
  }
  state.order.Finish(turn.place);
  std::vector<std::unique_ptr<Resumption>> resumptions;
  resumptions.reserve(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    resumptions.push_back(batch[i].done.Settle(std::move(results[i])));
  }
  ResumeAll(std::move(resumptions));
}

// One transaction for `items`.
template <class Item, class Result>
absl::Status BatchWriter<Item, Result>::Attempt(Worker& worker, std::vector<Item>& items,
                                                Results& results, Making& turn) {
  const Work work = [&](Connection& connection) {
    return RunBatchSafely(state_->options.name, [&]() -> absl::Status {
      // A deadlock has the worker run this again; others may have been made upon it meanwhile.
      if (!turn.place.held) return BatchOutOfTurn(state_->options.name);
      results.clear();
      results.reserve(items.size());
      CTC_RETURN_IF_ERROR(state_->write(connection, items, results, turn));
      if (results.size() == items.size()) return absl::OkStatus();
      return BatchResultMissing(state_->options.name);
    });
  };
  return worker.Run(work);
}

// After a failure: once more as a whole when it met others, else each item for itself.
template <class Item, class Result>
void BatchWriter<Item, Result>::WriteAgain(Worker& worker, std::vector<Item>& items,
                                           Results& results, Making& turn,
                                           const absl::Status& why) {
  absl::Status status = why;
  if (absl::IsAborted(status)) {
    state_->order.AwaitAlone(turn.place);
    status = Attempt(worker, items, results, turn);
    if (status.ok()) return;
  }
  results.assign(items.size(), status);
  if (items.size() == 1 || absl::IsUnavailable(status)) return;
  state_->order.AwaitAlone(turn.place);
  WriteAlone(worker, items, results, turn);
}

// A transaction for each item, so that only the one at fault fails.
template <class Item, class Result>
void BatchWriter<Item, Result>::WriteAlone(Worker& worker, std::vector<Item>& items,
                                           Results& results, Making& turn) {
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
    status = Attempt(worker, one, answer, turn);
    items[i] = std::move(one.front());
    if (status.ok()) {
      results[i] = std::move(answer.front());
    } else {
      results[i] = status;
    }
  }
}

}  // namespace ctc::db
