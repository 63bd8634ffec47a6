// What callers ask the session writer for, and what they get back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

// The next candidate account, written down before it is asked.
struct NextAttempt {
  std::string provider_id;
  common::v1::ProviderType::Value provider_type;
  std::string from_phone;
};

// A step of the submission.
struct SubmissionChange {
  v1::Session::Submission submission;
  std::string provider_call_id;             // with ACCEPTED
  std::optional<NextAttempt> next_attempt;  // with SENT of another candidate
  std::optional<v1::StoredRoute> route;     // when an outcome is to be remembered
};

// Makes the step in `record`.
void Submit(const SubmissionChange& submission, Record& record);
// True when the step was written before: with a fact that came meanwhile.
bool SaysNothingNew(const SubmissionChange& submission, const Record& record);

// A step of an inbound caller's way: `flow` holds the new one. The session is its agent's while it
// is offered, and stays the agent's who took it.
struct FlowChange {
  v1::StoredFlow flow;
  std::string explanation;  // for the timeline; no digits
};

// A step of a transfer or with one more party: what is committed together.
struct PartyStep {
  domain::Facts facts;
  std::vector<v1::CallEvent> events;           // type and detail; after those of the facts
  std::optional<v1::StoredTransfer> transfer;  // in place of the one with its id
  std::shared_ptr<const Record> successor;     // the session of the one who took over
  std::optional<absl::Time> watchdog_at;
};

// One change of one session. Applied to the newest state, inside the transaction.
struct Change {
  base::TenantId tenant;
  std::string id;  // UUID
  domain::Facts facts;
  std::optional<SubmissionChange> submission;
  std::optional<FlowChange> flow;  // after `facts`, before those of `decide`
  std::optional<v1::WrapUp> wrap_up;
  std::optional<absl::Time> watchdog_at;
  // Looks at the newest record and gives further facts, or refuses the change. May run twice.
  std::function<absl::StatusOr<domain::Facts>(const Record& newest)> decide;
  // The same for steps with more than facts.
  std::function<absl::StatusOr<PartyStep>(const Record& newest)> step;
};

struct ChangeOutcome {
  absl::Status status;       // NOT_FOUND, or the refusal of `decide`
  RecordPtr record;          // after the change; with OK
  RecordPtr successor;       // made by the step
  std::vector<bool> is_new;  // for each of Change.facts: false for a repetition, or no room
};

struct CreateOutcome {
  RecordPtr record;
  bool existed = false;  // by its Idempotency-Key: nothing was made
};

// One unit of the writer's queue: a session to make, or changes that are committed together.
struct Item {
  std::shared_ptr<const NewSession> create;
  std::vector<Change> changes;
};

// Where the feed and the writers of all processes stand: after which batch. Its stamp is the
// batch's own, so that a batch which was made upon another that failed never takes a third one's
// place in the feed for it.
struct Position {
  int64_t last_seq = -1;
  int64_t stamp = -1;
  friend bool operator==(const Position&, const Position&) = default;
};

struct Written {
  std::optional<CreateOutcome> created;
  std::vector<ChangeOutcome> changed;
  // For the cache and the feed, after the commit.
  std::vector<EventPtr> events;
  Position before;
  Position after;
};

}  // namespace ctc::session::store
