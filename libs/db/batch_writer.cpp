// The parts of the batch writer that are the same for every kind of item.
#include "libs/db/batch_writer.h"

#include <pthread.h>

#include "libs/db/session.h"
#include "libs/observability/log.h"

namespace ctc::db {

BatchMetrics::BatchMetrics(const std::string& name)
    : size(observability::MakeHistogram("ctc_db_batch_size", "Items committed by one transaction",
                                        {{"name", name}}, {1, 2, 4, 8, 16, 32, 64, 128, 256})),
      seconds(observability::MakeHistogram("ctc_db_batch_seconds", "Time to write one batch",
                                           {{"name", name}})),
      depth(observability::MakeGauge("ctc_db_queue_depth", "Work waiting for the database",
                                     {{"name", name}})),
      refused(observability::MakeCounter(
          "ctc_db_refused_total", "Work refused because the queue was full", {{"name", name}})) {}

absl::Status BatchQueueFull(const std::string& name) {
  base::ErrorDetail extra;
  extra.retry_after = absl::Seconds(1);
  return base::MakeError(base::kOverloaded, absl::StrCat("too much waits to be written: ", name),
                         std::move(extra));
}

absl::Status BatchTooLate(const std::string& name) {
  return base::MakeError(base::kDeadlineExceeded,
                         absl::StrCat("it could not be written in time: ", name));
}

absl::Status BatchResultMissing(const std::string& name) {
  return base::MakeError(base::kInternal, absl::StrCat("results do not fit the items: ", name));
}

absl::Status BatchOutOfTurn(const std::string& name) {
  return base::MakeError(base::kConflict, absl::StrCat("it met another batch: ", name));
}

std::thread StartBatchThread(const std::string& name, std::function<void()> loop) {
  return std::thread([name, loop = std::move(loop)] {
    // The kernel keeps 15 characters of a thread's name.
    pthread_setname_np(pthread_self(), ("w-" + name).substr(0, 15).c_str());
    const ThreadScope scope;
    loop();
  });
}

absl::Status RunBatchSafely(const std::string& name, const std::function<absl::Status()>& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    observability::Error("batch writer threw", {{"name", name}, {"what", e.what()}});
    return base::MakeError(base::kInternal, absl::StrCat("could not be written: ", name));
  }
}

}  // namespace ctc::db
