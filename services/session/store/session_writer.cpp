// Batches, and what follows a commit.
#include "services/session/store/session_writer.h"

#include "libs/base/error_catalogue.h"

namespace ctc::session::store {
namespace {

// A failure after which it is not known what the database holds.
bool IsDoubtful(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsInternal(status) ||
         absl::IsDeadlineExceeded(status) || absl::IsAborted(status);
}

// Far from those of all other writers, and with room to count up from.
int64_t FirstStamp(base::Random& random) {
  uint64_t stamp = 0;
  random.Fill({reinterpret_cast<unsigned char*>(&stamp), sizeof stamp});
  return static_cast<int64_t>(stamp >> 2);
}

}  // namespace

SessionWriter::SessionWriter(db::Database& database, const base::Clock& clock, base::Random& random,
                             SessionCache& cache, FeedRing& ring)
    : clock_(clock),
      cache_(cache),
      ring_(ring),
      feed_seq_(observability::MakeGauge("ctc_session_feed_seq", "Newest position of the feed")),
      stamp_(FirstStamp(random)) {
  db::BatchOptions options;
  options.name = "session";
  options.lanes = 2;
  queue_ = std::make_unique<db::BatchWriter<Item, Written>>(
      database, options,
      [this](db::Connection& connection, std::vector<Item>& items, Results& results,
             db::Turn& turn) { return Write(connection, items, results, turn); },
      [this](std::vector<Item>& items, Results& results) { AfterCommit(items, results); });
}

Task<absl::StatusOr<CreateOutcome>> SessionWriter::Create(NewSession create, absl::Time deadline) {
  Item item;
  item.create = std::make_shared<const NewSession>(std::move(create));
  absl::StatusOr<Written> written = co_await queue_->Write(std::move(item), deadline);
  if (!written.ok()) co_return written.status();
  co_return *std::move(written->created);
}

Task<absl::StatusOr<std::vector<ChangeOutcome>>> SessionWriter::ApplyAll(
    std::vector<Change> changes, absl::Time deadline, db::Urgency urgency) {
  Item item;
  item.changes = std::move(changes);
  absl::StatusOr<Written> written = co_await queue_->Write(std::move(item), deadline, urgency);
  if (!written.ok()) co_return written.status();
  co_return std::move(written->changed);
}

Task<absl::StatusOr<RecordPtr>> SessionWriter::Apply(Change change, absl::Time deadline,
                                                     db::Urgency urgency) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  absl::StatusOr<std::vector<ChangeOutcome>> outcomes =
      co_await ApplyAll(std::move(changes), deadline, urgency);
  if (!outcomes.ok()) co_return outcomes.status();
  ChangeOutcome& outcome = outcomes->front();
  if (!outcome.status.ok()) co_return outcome.status;
  co_return std::move(outcome.record);
}

RecordPtr SessionWriter::Foretell(const RecordPtr& record, const std::string& provider_call_id) {
  RecordPtr next = Foretold::Completed(*record, provider_call_id);
  // Noted first: a change that is written from now on finds it, in the cache or there.
  cache_.foretold().Add(*next);
  if (cache_.Replace(record, next)) return next;
  cache_.foretold().Drop(next->id());
  return nullptr;
}

std::vector<Change> SessionWriter::TakeForetold(Foretold::Which which, size_t limit) {
  std::vector<Change> changes;
  for (Foretold::Acceptance& acceptance : cache_.foretold().Take(which, limit)) {
    Change& change = changes.emplace_back();
    change.tenant = std::move(acceptance.tenant);
    change.id = std::move(acceptance.session);
    change.submission = SubmissionChange{
        v1::Session::ACCEPTED, std::move(acceptance.provider_call_id), std::nullopt, std::nullopt};
  }
  return changes;
}

Task<absl::Status> SessionWriter::Refresh(absl::Time deadline) {
  if (batches_.exchange(0) > 0) co_return absl::OkStatus();
  Item nothing;
  const absl::StatusOr<Written> written = co_await queue_->Write(std::move(nothing), deadline);
  batches_ = 0;
  co_return written.status();
}

absl::Status SessionWriter::Write(db::Connection& connection, std::vector<Item>& items,
                                  Results& results, db::Turn& turn) {
  if (doubtful_.exchange(false)) load_.Clear();
  if (turn.alone()) newest_ = {known_, {}, true};
  SessionBatch batch(connection, cache_, load_, newest_, ++stamp_, clock_.Now());
  const absl::Status status = batch.Run(items, results, turn);
  if (!status.ok() || batch.undone()) doubtful_ = true;
  return status;
}

void SessionWriter::AfterCommit(std::vector<Item>& items, Results& results) {
  ++batches_;
  bool doubtful = false;
  // Items of one transaction have the same position; those written alone follow each other.
  for (size_t i = 0; i < items.size(); ++i) {
    if (results[i].ok()) {
      Publish(*results[i]);
    } else if (IsDoubtful(results[i].status())) {
      doubtful = true;
      Forget(items[i]);
    }
  }
  if (doubtful) {
    known_ = Position{};
    doubtful_ = true;
  }
  feed_seq_.Set(static_cast<double>(known_.last_seq));
}

void SessionWriter::Publish(const Written& written) {
  const bool same_transaction = written.after == known_;
  if (!same_transaction) {
    if (!(written.before == known_)) {
      // Somebody else wrote in between.
      cache_.Clear();
      others_wrote_ = true;
      ring_.SkipTo(written.before.last_seq);
    }
    known_ = written.after;
  }
  if (written.created) cache_.Put(written.created->record);
  for (const ChangeOutcome& outcome : written.changed) {
    if (outcome.record != nullptr) Keep(outcome.record);
    if (outcome.successor != nullptr) cache_.Put(outcome.successor);
  }
  ring_.Append(written.events);
  Count(written);
}

void SessionWriter::Keep(const RecordPtr& written) {
  const RecordPtr shown = cache_.foretold().AfterWrite(written);
  cache_.Put(shown);
  // An acceptance that was foretold between the two was put upon the record before this one.
  const RecordPtr newest = cache_.foretold().AfterWrite(shown);
  if (newest != shown) cache_.Put(newest);
}

void SessionWriter::Forget(const Item& item) {
  for (const Change& change : item.changes) cache_.Drop(change.id);
}

void SessionWriter::Count(const Written& written) const {
  for (const EventPtr& placed : written.events) {
    const v1::CallEvent& event = *placed;
    if (event.type() != "session.ended") continue;
    observability::MakeCounter(
        "ctc_session_calls_total", "Ended calls",
        {{"status", v1::Session::Status_Name(event.new_status())},
         {"end_reason", v1::EndReason_Name(event.end_reason())},
         {"provider_type", common::v1::ProviderType::Value_Name(event.provider_type())}})
        .Add();
  }
}

}  // namespace ctc::session::store
