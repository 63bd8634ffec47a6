// The batches of the webhook log.
#include "services/webhook/service/log_writer.h"

#include <utility>

#include "services/webhook/store/webhook_log.h"

namespace ctc::webhook {
namespace {

db::BatchOptions Options() {
  db::BatchOptions options;
  options.name = "webhook_log";
  return options;
}

void AppendTo(std::vector<std::string>& to, const std::vector<std::string>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

LogWriter::LogWriter(db::Database& database, EventQueue& queue)
    : queue_(queue),
      writer_(
          database, Options(), WriteItems,
          [this](std::vector<Item>& items, Writer::Results& results) { Publish(items, results); }) {
}

// May run again for the same items, so nothing is moved out of them.
absl::Status LogWriter::WriteItems(db::Connection& connection, std::vector<Item>& items,
                                   Writer::Results& results) {
  std::vector<const LogEntry*> entries;
  Ends ends;
  for (const Item& item : items) {
    if (const auto* added = std::get_if<NewEntry>(&item)) {
      entries.push_back(&added->entry);
    } else {
      const auto& ended = std::get<Ends>(item);
      AppendTo(ends.applied, ended.applied);
      AppendTo(ends.duplicate, ended.duplicate);
      ends.at = ended.at;
    }
    results.emplace_back(true);
  }
  if (!entries.empty()) CTC_RETURN_IF_ERROR(store::Insert(connection, entries));
  CTC_RETURN_IF_ERROR(store::MarkDone(connection, ends.applied, kApplied, ends.at));
  return store::MarkDone(connection, ends.duplicate, kDuplicate, ends.at);
}

void LogWriter::Publish(std::vector<Item>& items, const Writer::Results& results) {
  std::vector<WaitingEvent> events;
  for (size_t i = 0; i < items.size(); ++i) {
    auto* added = std::get_if<NewEntry>(&items[i]);
    if (added == nullptr || !results[i].ok() || added->facts.facts_size() == 0) continue;
    WaitingEvent event;
    event.id = std::move(added->entry.id);
    event.received_at = added->entry.received_at;
    event.facts = std::move(added->facts);
    events.push_back(std::move(event));
  }
  if (!events.empty()) queue_.Push(std::move(events));
}

Task<absl::Status> LogWriter::Write(Item item, absl::Time deadline) {
  absl::StatusOr<bool> written = co_await writer_.Write(std::move(item), deadline);
  co_return written.status();
}

Task<absl::Status> LogWriter::Add(NewEntry entry, absl::Time deadline) {
  Item item(std::move(entry));
  co_return co_await Write(std::move(item), deadline);
}

Task<absl::Status> LogWriter::End(Ends ends, absl::Time deadline) {
  Item item(std::move(ends));
  co_return co_await Write(std::move(item), deadline);
}

}  // namespace ctc::webhook
