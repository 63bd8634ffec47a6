// Writes the webhook log in natural batches: new lines and the ends of applied ones share a commit.
// Thread-safe.
#pragma once

#include <string>
#include <variant>
#include <vector>

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
  // Events that are applied now.
  struct Ends {
    std::vector<std::string> applied;
    std::vector<std::string> duplicate;
    absl::Time at;
    size_t size() const { return applied.size() + duplicate.size(); }
  };

  // `queue` outlives this object; committed events with facts go into it, in the order of commits.
  LogWriter(db::Database& database, EventQueue& queue);

  // Returns when it is committed. Errors as of db::BatchWriter.
  Task<absl::Status> Add(NewEntry entry, absl::Time deadline);
  Task<absl::Status> End(Ends ends, absl::Time deadline);

 private:
  using Item = std::variant<NewEntry, Ends>;
  using Writer = db::BatchWriter<Item, bool>;
  static absl::Status WriteItems(db::Connection& connection, std::vector<Item>& items,
                                 Writer::Results& results);
  Task<absl::Status> Write(Item item, absl::Time deadline);
  void Publish(std::vector<Item>& items, const Writer::Results& results);

  EventQueue& queue_;
  Writer writer_;
};

}  // namespace ctc::webhook
