// Writes the webhook log in natural batches: the lines that wait share a transaction. Thread-safe.
#pragma once

#include "libs/db/batch_writer.h"
#include "services/webhook/domain/log_entry.h"
#include "services/webhook/service/event_queue.h"

namespace ctc::webhook {

class LogWriter {
 public:
  // A line, with the facts to be applied once it is committed; none for a refused event.
  struct NewEntry {
    LogEntry entry;
    session::v1::ApplyFactsRequest facts;
  };

  // `queue` outlives this object; committed events with facts go into it, in the order of commits.
  LogWriter(db::Database& database, EventQueue& queue);

  // Returns when it is committed. Errors as of db::BatchWriter.
  Task<absl::Status> Add(NewEntry entry, absl::Time deadline);

 private:
  using Writer = db::BatchWriter<NewEntry, bool>;
  void Publish(std::vector<NewEntry>& entries, const Writer::Results& results);

  EventQueue& queue_;
  Writer writer_;
};

}  // namespace ctc::webhook
