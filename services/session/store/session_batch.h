// One transaction of the session writer: reads what it must, runs the pure functions, writes all of
// it in a few statements. Lives for one attempt; touches nothing but the connection and its own
// state.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "libs/db/batch_writer.h"
#include "libs/db/database.h"
#include "services/session/store/agent_load.h"
#include "services/session/store/changes.h"
#include "services/session/store/event_rows.h"
#include "services/session/store/session_cache.h"
#include "services/session/store/session_rows.h"
#include "services/session/store/transfer_rows.h"

namespace ctc::session::store {

// What this process's batches have come to: where the feed stands after the newest of them, and the
// sessions that the cache does not have yet, since that batch is not committed.
struct Newest {
  Position position;
  std::unordered_map<std::string, RecordPtr> records;  // by UUID
  // False when that batch found that another process had written: the cache is cleared with it.
  bool cache_is_current = true;
};

class SessionBatch {
 public:
  // Cache and `load` are current at `newest`, together with its records; `load` is cleared when
  // that turns out not to be so. `stamp` is this batch's alone.
  SessionBatch(db::Connection& connection, SessionCache& cache, AgentLoad& load, Newest& newest,
               int64_t stamp, absl::Time now)
      : connection_(connection),
        cache_(cache),
        load_(load),
        newest_batch_(newest),
        known_(newest.position),
        stamp_(stamp),
        now_(now) {}

  // Fills one result for each item. Once what is written is certain and in line, `newest` becomes
  // it and the turn is passed. Errors: the database's; ALREADY_EXISTS when one of several new
  // sessions meets a unique key: then each item is to be written alone.
  absl::Status Run(const std::vector<Item>& items, std::vector<absl::StatusOr<Written>>& results,
                   db::Turn& turn);
  // True when `load` counted a session that was not made after all.
  bool undone() const { return undone_; }

 private:
  // Whether the position before is assumed to be `known_`, or was read under the lock.
  enum class Start { kAssumed, kRead };
  absl::StatusOr<bool> Attempt(const std::vector<Item>& items,
                               std::vector<absl::StatusOr<Written>>& results, Start start,
                               db::Turn& turn);
  void Reset();
  absl::Status ReadPosition();
  db::RowsStatement MovePosition(const Position& after) const;
  absl::Status MoveBack();
  absl::Status LoadSessions(const std::vector<Item>& items);
  RecordPtr FindCurrent(const std::string& id);
  absl::StatusOr<Written> RunItem(const Item& item);
  absl::StatusOr<CreateOutcome> Create(const NewSession& create, Written& written);
  absl::Status CheckCapacity(const NewSession& create);
  ChangeOutcome Apply(const Change& change, Written& written);
  void ApplyFacts(const domain::Facts& facts, Record& record, std::vector<bool>* is_new,
                  Written& written);
  void ApplyFlow(const FlowChange& change, Record& record, Written& written);
  void ApplyStep(const PartyStep& step, Record& record, ChangeOutcome& outcome, Written& written);
  RecordPtr CreateSuccessor(const Record& given, Written& written);
  void NoteLegs(const domain::SessionState& before, const RecordPtr& record);
  void AddEvent(const Record& record, v1::CallEvent event, Written& written);
  std::vector<RecordPtr> NewestOf(const std::vector<std::string>& ids) const;
  Statements MakeStatements(const Position& after) const;
  absl::Status WriteAll(const Position& after, db::Turn& turn, bool& moved);
  // The result for a single item whose INSERT met a unique key.
  absl::StatusOr<Written> ResolveDuplicate(const NewSession& create, const absl::Status& duplicate);

  db::Connection& connection_;
  SessionCache& cache_;
  AgentLoad& load_;
  Newest& newest_batch_;
  const Position known_;
  const int64_t stamp_;
  const absl::Time now_;

  Position before_;
  bool undone_ = false;
  int64_t next_seq_ = 0;
  std::unordered_map<std::string, RecordPtr> newest_;  // by UUID
  std::vector<std::string> inserted_;
  std::vector<std::string> updated_;
  std::vector<std::string> submitted_;  // of these only the submission changed
  std::vector<std::string> rerouted_;
  std::vector<std::string> wrapped_up_;
  std::vector<std::string> advanced_;
  std::vector<EventPtr> events_;
  std::vector<LegRow> legs_;
  std::vector<TransferRow> transfers_;
  std::unordered_map<std::string, RecordPtr> guards_;  // of this batch's new sessions
  std::unordered_map<std::string, RecordPtr> keys_;
};

}  // namespace ctc::session::store
