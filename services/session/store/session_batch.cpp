// The steps of one transaction; read Run() first.
#include "services/session/store/session_batch.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/observability/log.h"
#include "services/session/domain/canonical_order.h"
#include "services/session/domain/feed_events.h"
#include "services/session/domain/fold.h"
#include "services/session/store/session_rows.h"

namespace ctc::session::store {
namespace {

absl::Status WithSession(const base::ErrorSpec& spec, std::string_view detail,
                         const std::string& session_id) {
  base::ErrorDetail extra;
  extra.metadata["session_id"] = session_id;
  return base::MakeError(spec, detail, std::move(extra));
}

absl::Status AlreadyRunning(const Record& running) {
  return WithSession(base::kCallAlreadyRunning, "This agent's call to this number is being placed",
                     running.session.session_id());
}

std::string KeyOf(const Record& record) {
  return record.tenant.value() + '\n' + record.idempotency_key;
}

v1::Leg::State StateOfLeg(const domain::SessionState& state, const std::string& id) {
  for (const v1::Leg& leg : state.legs) {
    if (leg.id() == id) return leg.state();
  }
  return v1::Leg::STATE_UNSPECIFIED;
}

bool IsOnlySubmission(const Change& change) {
  return change.submission && !change.submission->next_attempt && !change.watchdog_at &&
         !change.wrap_up;
}

void AddOnce(std::vector<std::string>& ids, const std::string& id) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

}  // namespace

absl::Status SessionBatch::Run(const std::vector<Item>& items,
                               std::vector<absl::StatusOr<Written>>& results, db::Turn& turn) {
  if (known_.stamp >= 0) {
    before_ = known_;
    CTC_ASSIGN_OR_RETURN(const bool done, Attempt(items, results, Start::kAssumed, turn));
    if (done) return absl::OkStatus();
    Reset();
    results.clear();
  }
  CTC_RETURN_IF_ERROR(ReadPosition());
  return Attempt(items, results, Start::kRead, turn).status();
}

// False when another process wrote since `known_`, or the batch before failed: all that was
// computed may be wrong.
absl::StatusOr<bool> SessionBatch::Attempt(const std::vector<Item>& items,
                                           std::vector<absl::StatusOr<Written>>& results,
                                           Start start, db::Turn& turn) {
  next_seq_ = before_.last_seq + 1;
  CTC_RETURN_IF_ERROR(LoadSessions(items));
  for (const Item& item : items) results.push_back(RunItem(item));
  const bool wrote = !inserted_.empty() || !updated_.empty() || !submitted_.empty();
  const Position after{next_seq_ - 1, wrote ? stamp_ : before_.stamp};
  // Without a write there is nothing whose lock would tell whether the start was right.
  if (!wrote && start == Start::kAssumed) return false;
  if (wrote) {
    bool moved = false;
    const absl::Status written = WriteAll(after, turn, moved);
    if (!moved && start == Start::kAssumed && db::IsDataError(written)) return false;
    if (absl::IsAlreadyExists(written) && items.size() == 1 && items[0].create != nullptr) {
      CTC_RETURN_IF_ERROR(MoveBack());
      results[0] = ResolveDuplicate(*items[0].create, written);
      if (absl::IsAlreadyExists(results[0].status())) return results[0].status();
      return true;
    }
    CTC_RETURN_IF_ERROR(written);
  }
  for (absl::StatusOr<Written>& result : results) {
    if (result.ok()) result->after = after;
  }
  return true;
}

void SessionBatch::Reset() {
  load_.Clear();
  newest_.clear();
  inserted_.clear();
  updated_.clear();
  submitted_.clear();
  rerouted_.clear();
  wrapped_up_.clear();
  advanced_.clear();
  events_.clear();
  legs_.clear();
  transfers_.clear();
  guards_.clear();
  keys_.clear();
}

// The row lock puts the writers of all processes in one line: the feed has no gaps, and a cache
// that was current before is current now when nobody else wrote.
absl::Status SessionBatch::ReadPosition() {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      connection_.Query("SELECT last_seq, writes FROM feed_sequence WHERE id = 1 FOR UPDATE"));
  if (rows.empty()) return absl::InternalError("the row of feed_sequence is missing");
  before_ = {rows[0].Int(0), rows[0].Int(1)};
  if (!(before_ == known_)) {
    load_.Clear();
    newest_batch_.records.clear();
  }
  return absl::OkStatus();
}

// Takes the same lock, and fails by a data error when the position is not the one assumed: the
// column takes no NULL. What is sent along with it is not done then.
db::RowsStatement SessionBatch::MovePosition(const Position& after) const {
  return db::RowsStatement::OfIntegers(
      "UPDATE feed_sequence SET last_seq = IF(last_seq = ? AND writes = ?, ?, NULL), writes = ?"
      " WHERE id = 1",
      {before_.last_seq, before_.stamp, after.last_seq, after.stamp});
}

// Nothing was written after all: the feed must have no gap.
absl::Status SessionBatch::MoveBack() {
  return connection_
      .Execute("UPDATE feed_sequence SET last_seq = ?, writes = ? WHERE id = 1",
               {before_.last_seq, before_.stamp})
      .status();
}

absl::Status SessionBatch::LoadSessions(const std::vector<Item>& items) {
  const bool cache_is_current = before_ == known_;
  std::vector<std::string> missing;
  for (const Item& item : items) {
    for (const Change& change : item.changes) {
      if (newest_.contains(change.id)) continue;
      RecordPtr cached = cache_is_current ? FindCurrent(change.id) : nullptr;
      if (cached == nullptr) missing.push_back(change.id);
      cached = cache_.foretold().Complete(std::move(cached));
      newest_[change.id] = std::move(cached);
    }
  }
  if (missing.empty()) return absl::OkStatus();
  CTC_ASSIGN_OR_RETURN(std::vector<Record> found, SelectByIds(connection_, missing));
  for (Record& record : found) {
    const std::string id = record.id();
    newest_[id] = cache_.foretold().Complete(std::make_shared<const Record>(std::move(record)));
  }
  return absl::OkStatus();
}

// What the batch before wrote is preferred among equals: the cache's may only show an acceptance.
RecordPtr SessionBatch::FindCurrent(const std::string& id) {
  RecordPtr cached = newest_batch_.cache_is_current ? cache_.Find(id) : nullptr;
  const auto found = newest_batch_.records.find(id);
  if (found == newest_batch_.records.end() || found->second == nullptr) return cached;
  const bool newer =
      cached == nullptr || cached->session.version() <= found->second->session.version();
  return newer ? found->second : cached;
}

absl::StatusOr<Written> SessionBatch::RunItem(const Item& item) {
  Written written;
  written.before = before_;
  if (item.create != nullptr) {
    CTC_ASSIGN_OR_RETURN(written.created, Create(*item.create, written));
  }
  for (const Change& change : item.changes) written.changed.push_back(Apply(change, written));
  return written;
}

absl::Status SessionBatch::CheckCapacity(const NewSession& create) {
  if (create.agent_capacity <= 0) return absl::OkStatus();
  CTC_ASSIGN_OR_RETURN(const AgentLoad::Sessions* live,
                       load_.Of(connection_, create.record.tenant, create.record.session.agent_id(),
                                newest_batch_.records, newest_));
  if (static_cast<int>(live->size()) < create.agent_capacity) return absl::OkStatus();
  return WithSession(base::kAgentBusy, "The agent has as many calls as the capacity allows",
                     live->begin()->second);
}

absl::StatusOr<CreateOutcome> SessionBatch::Create(const NewSession& create, Written& written) {
  const Record& given = create.record;
  if (!given.idempotency_key.empty()) {
    if (const auto twin = keys_.find(KeyOf(given)); twin != keys_.end()) {
      return CreateOutcome{twin->second, true};
    }
  }
  if (!given.dial_guard.empty()) {
    if (const auto twin = guards_.find(given.dial_guard); twin != guards_.end()) {
      return AlreadyRunning(*twin->second);
    }
  }
  CTC_RETURN_IF_ERROR(CheckCapacity(create));
  auto record = std::make_shared<Record>(given);
  record->session.set_version(1);
  *record->session.mutable_updated_at() = base::ToProto(now_);
  Refold(*record);
  newest_[record->id()] = record;
  inserted_.push_back(record->id());
  if (!record->idempotency_key.empty()) keys_[KeyOf(*record)] = record;
  if (!record->dial_guard.empty()) guards_[record->dial_guard] = record;
  load_.Note(*record);
  v1::CallEvent initiated = domain::InitiatedEvent(record->start.created_at);
  initiated.set_known_by(record->state.known_by);
  AddEvent(*record, std::move(initiated), written);
  return CreateOutcome{record, false};
}

ChangeOutcome SessionBatch::Apply(const Change& change, Written& written) {
  ChangeOutcome outcome;
  const auto found = newest_.find(change.id);
  if (found == newest_.end() || found->second == nullptr ||
      !(found->second->tenant == change.tenant)) {
    outcome.status = base::MakeError(base::kNotFound, "There is no such session");
    return outcome;
  }
  domain::Facts decided;
  if (change.decide) {
    absl::StatusOr<domain::Facts> facts = change.decide(*found->second);
    if (!facts.ok()) {
      outcome.status = facts.status();
      return outcome;
    }
    decided = *std::move(facts);
  }
  PartyStep step;
  if (change.step) {
    absl::StatusOr<PartyStep> taken = change.step(*found->second);
    if (!taken.ok()) {
      outcome.status = taken.status();
      return outcome;
    }
    step = *std::move(taken);
  }
  auto record = std::make_shared<Record>(*found->second);
  const domain::SessionState before = record->state;
  const bool submitted = change.submission && !SaysNothingNew(*change.submission, *record);
  if (submitted) {
    Submit(*change.submission, *record);
    if (change.submission->next_attempt || change.submission->route) {
      AddOnce(rerouted_, change.id);
    }
  }
  record->foretold = false;
  if (change.wrap_up) {
    *record->session.mutable_wrap_up() = *change.wrap_up;
    AddOnce(wrapped_up_, change.id);
  }
  if (change.watchdog_at) record->watchdog_at = change.watchdog_at;
  const size_t facts_before = record->facts.size();
  ApplyFacts(change.facts, *record, &outcome.is_new, written);
  if (change.flow) {
    load_.Forget(*record);
    ApplyFlow(*change.flow, *record, written);
  }
  ApplyFacts(decided, *record, nullptr, written);
  if (change.step) ApplyStep(step, *record, outcome, written);
  const bool changed = record->facts.size() != facts_before || submitted || change.wrap_up ||
                       change.watchdog_at || change.flow || step.transfer || !step.events.empty() ||
                       step.watchdog_at;
  if (!changed) {
    outcome.record = found->second;
    return outcome;
  }
  record->session.set_version(record->session.version() + 1);
  *record->session.mutable_updated_at() = base::ToProto(now_);
  if (!domain::IsLive(record->state.status)) record->watchdog_at = LookAfterEnd(*record, now_);
  if (change.wrap_up) {
    v1::CallEvent event;
    event.set_type("session.wrapped_up");
    *event.mutable_occurred_at() = base::ToProto(now_);
    event.set_old_status(record->state.status);
    event.set_new_status(record->state.status);
    event.set_known_by(v1::CLIENT);
    event.set_detail(change.wrap_up->disposition());
    AddEvent(*record, std::move(event), written);
  }
  const bool is_new_row =
      std::find(inserted_.begin(), inserted_.end(), change.id) != inserted_.end();
  const bool narrow = record->facts.size() == facts_before && IsOnlySubmission(change);
  if (!is_new_row) AddOnce(narrow ? submitted_ : updated_, change.id);
  newest_[change.id] = record;
  load_.Note(*record);
  NoteLegs(before, record);
  outcome.record = record;
  return outcome;
}

void SessionBatch::ApplyFacts(const domain::Facts& facts, Record& record, std::vector<bool>* is_new,
                              Written& written) {
  for (const domain::Fact& fact : facts) {
    const bool known = Knows(record, fact) || !HasRoomFor(record, fact);
    if (is_new != nullptr) is_new->push_back(!known);
    if (known) continue;
    const bool late = domain::IsLate(record.facts, fact);
    const domain::SessionState before = record.state;
    record.facts.push_back(fact);
    if (record.facts.size() == kMostFacts) {
      observability::Warn("a session takes no more facts but its end", {{"session", record.id()}});
    }
    Refold(record);
    for (v1::CallEvent& event : domain::DiffEvents(before, record.state, fact, late)) {
      AddEvent(record, std::move(event), written);
    }
  }
}

void SessionBatch::ApplyFlow(const FlowChange& change, Record& record, Written& written) {
  record.flow = change.flow;
  const routing::v1::FlowStep& step = record.flow.state().current();
  v1::Session& session = record.session;
  if (!record.state.answered_at) {
    session.clear_agent_id();
    if (!step.dial().agent_id().empty()) session.set_agent_id(step.dial().agent_id());
    if (step.has_dial()) session.set_agent_phone(step.dial().phone());
    record.start = StartOf(session);
    record.record_requested |= step.dial().record();
  }
  AddOnce(advanced_, record.id());
  v1::CallEvent event;
  event.set_type("session.flow");
  *event.mutable_occurred_at() = base::ToProto(now_);
  event.set_old_status(record.state.status);
  event.set_new_status(record.state.status);
  event.set_known_by(v1::SUBMISSION);
  event.set_detail(change.explanation);
  AddEvent(record, std::move(event), written);
}

void SessionBatch::ApplyStep(const PartyStep& step, Record& record, ChangeOutcome& outcome,
                             Written& written) {
  ApplyFacts(step.facts, record, nullptr, written);
  if (step.transfer) {
    const v1::StoredTransfer& next = *step.transfer;
    auto same = std::find_if(record.transfers.begin(), record.transfers.end(), [&](const auto& t) {
      return t.transfer().id() == next.transfer().id();
    });
    if (same == record.transfers.end()) same = record.transfers.emplace(same);
    *same = next;
    transfers_.push_back({record.tenant, next});
  }
  for (v1::CallEvent event : step.events) {
    *event.mutable_occurred_at() = base::ToProto(now_);
    event.set_old_status(record.state.status);
    event.set_new_status(record.state.status);
    event.set_known_by(v1::SUBMISSION);
    AddEvent(record, std::move(event), written);
  }
  if (step.watchdog_at) record.watchdog_at = step.watchdog_at;
  if (step.successor) outcome.successor = CreateSuccessor(*step.successor, written);
}

// It begins in the middle of a call: joined from the first moment.
RecordPtr SessionBatch::CreateSuccessor(const Record& given, Written& written) {
  auto record = std::make_shared<Record>(given);
  record->session.set_version(1);
  *record->session.mutable_updated_at() = base::ToProto(now_);
  Refold(*record);
  newest_[record->id()] = record;
  inserted_.push_back(record->id());
  load_.Note(*record);
  AddEvent(*record, domain::InitiatedEvent(record->start.created_at), written);
  v1::CallEvent joined;
  joined.set_type("session.connected");
  joined.set_old_status(v1::Session::INITIATED);
  joined.set_new_status(record->state.status);
  *joined.mutable_occurred_at() = base::ToProto(record->start.created_at);
  joined.set_known_by(v1::SUBMISSION);
  AddEvent(*record, std::move(joined), written);
  NoteLegs(domain::SessionState(), record);
  return record;
}

// A leg is written when the provider's id of it becomes known, so that it can be found by it, and
// when it ends; what is in between is in the session's facts.
void SessionBatch::NoteLegs(const domain::SessionState& before, const RecordPtr& record) {
  for (int i = 0; i < record->session.legs_size(); ++i) {
    const v1::Leg& leg = record->session.legs(i);
    bool had_id = false;
    for (const v1::Leg& old : before.legs) {
      had_id |= old.id() == leg.id() && old.provider_leg_id() == leg.provider_leg_id();
    }
    const bool new_id = !leg.provider_leg_id().empty() && !had_id;
    const bool ended =
        leg.state() == v1::Leg::ENDED && StateOfLeg(before, leg.id()) != v1::Leg::ENDED;
    if (new_id || ended) legs_.push_back({record, i});
  }
}

void SessionBatch::AddEvent(const Record& record, v1::CallEvent event, Written& written) {
  Describe(record, now_, event);
  event.set_seq(next_seq_++);
  const auto placed = std::make_shared<const v1::CallEvent>(std::move(event));
  written.events.push_back(placed);
  events_.push_back(placed);
}

std::vector<RecordPtr> SessionBatch::NewestOf(const std::vector<std::string>& ids) const {
  std::vector<RecordPtr> records;
  records.reserve(ids.size());
  for (const std::string& id : ids) records.push_back(newest_.at(id));
  return records;
}

Statements SessionBatch::MakeStatements(const Position& after) const {
  Statements statements{MovePosition(after)};
  InsertRecords(NewestOf(inserted_), statements);
  UpdateRecords(NewestOf(updated_), statements);
  UpdateSubmissions(NewestOf(submitted_), statements);
  Append(InsertEvents(events_), statements);
  Append(UpsertLegs(legs_), statements);
  Append(UpsertTransfers(transfers_, now_), statements);
  return statements;
}

// In one round trip with the commit, unless there is something of what changes rarely. `moved` when
// the position was the one assumed.
absl::Status SessionBatch::WriteAll(const Position& after, db::Turn& turn, bool& moved) {
  const Statements statements = MakeStatements(after);
  const bool is_all = rerouted_.empty() && wrapped_up_.empty() && advanced_.empty();
  const db::StatementDone progress = [&](size_t done) {
    moved = true;
    // The later the next batch is begun, the more it takes along: it is made while this one is
    // flushed.
    if (done < statements.size()) return;
    newest_batch_ = {after, newest_, before_ == known_};
    turn.Pass();
  };
  CTC_RETURN_IF_ERROR(connection_.ExecuteAll(
      statements, is_all ? db::Ending::kCommit : db::Ending::kStay, progress));
  for (const RecordPtr& record : NewestOf(rerouted_)) {
    CTC_RETURN_IF_ERROR(UpdateRoute(connection_, *record));
  }
  for (const RecordPtr& record : NewestOf(wrapped_up_)) {
    CTC_RETURN_IF_ERROR(UpdateWrapUp(connection_, *record));
  }
  for (const RecordPtr& record : NewestOf(advanced_)) {
    CTC_RETURN_IF_ERROR(UpdateFlow(connection_, *record));
  }
  return absl::OkStatus();
}

absl::StatusOr<Written> SessionBatch::ResolveDuplicate(const NewSession& create,
                                                       const absl::Status& duplicate) {
  const Record& given = create.record;
  undone_ = true;
  if (!given.idempotency_key.empty()) {
    CTC_ASSIGN_OR_RETURN(std::vector<Record> twins,
                         SelectByIdempotencyKey(connection_, given.tenant, given.idempotency_key));
    if (!twins.empty()) {
      Written written;
      written.before = written.after = before_;
      RecordPtr twin = std::make_shared<const Record>(std::move(twins.front()));
      written.created = CreateOutcome{cache_.foretold().Complete(std::move(twin)), true};
      return written;
    }
  }
  if (!given.dial_guard.empty()) {
    CTC_ASSIGN_OR_RETURN(const std::vector<Record> twins,
                         SelectByDialGuard(connection_, given.dial_guard));
    if (!twins.empty()) return AlreadyRunning(twins.front());
  }
  return duplicate;
}

}  // namespace ctc::session::store
