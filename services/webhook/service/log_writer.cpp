// The batches of the webhook log.
#include "services/webhook/service/log_writer.h"

#include <utility>

#include "services/webhook/store/webhook_log.h"

namespace ctc::webhook {
namespace {

using Entries = std::vector<LogWriter::NewEntry>;

db::BatchOptions Options() {
  db::BatchOptions options;
  options.name = "webhook_log";
  options.max_batch = store::kMostAtOnce;
  options.repeatable = true;
  return options;
}

// May run again for the same lines, so nothing is moved out of them.
absl::Status WriteEntries(db::Connection& connection, Entries& entries,
                          std::vector<absl::StatusOr<bool>>& results) {
  std::vector<const LogEntry*> lines;
  lines.reserve(entries.size());
  for (const LogWriter::NewEntry& added : entries) lines.push_back(&added.entry);
  results.assign(entries.size(), true);
  return store::Insert(connection, lines);
}

}  // namespace

LogWriter::LogWriter(db::Database& database, EventQueue& queue)
    : queue_(queue),
      writer_(database, Options(), WriteEntries,
              [this](Entries& entries, Writer::Results& results) { Publish(entries, results); }) {}

void LogWriter::Publish(Entries& entries, const Writer::Results& results) {
  std::vector<WaitingEvent> events;
  for (size_t i = 0; i < entries.size(); ++i) {
    NewEntry& added = entries[i];
    if (!results[i].ok() || added.facts.facts_size() == 0) continue;
    WaitingEvent event;
    event.id = std::move(added.entry.id);
    event.received_at = added.entry.received_at;
    event.facts = std::move(added.facts);
    events.push_back(std::move(event));
  }
  if (!events.empty()) queue_.Push(std::move(events));
}

Task<absl::Status> LogWriter::Add(NewEntry entry, absl::Time deadline) {
  const absl::StatusOr<bool> written = co_await writer_.Write(std::move(entry), deadline);
  co_return written.status();
}

}  // namespace ctc::webhook
