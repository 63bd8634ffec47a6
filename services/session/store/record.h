// A session as the store keeps it: the session shown to clients, and the facts it is the fold of.
// Records are immutable once shared; a change makes a new one.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctc/session/v1/call_event.pb.h"
#include "ctc/session/v1/stored.pb.h"
#include "libs/base/ids.h"
#include "services/session/domain/state.h"

namespace ctc::session::store {

struct Record {
  base::TenantId tenant;
  v1::Session session;  // with its legs
  domain::CallStart start;
  domain::Facts facts;
  domain::SessionState state;  // Fold(start, facts)
  v1::StoredRoute route;
  v1::StoredFlow flow;                        // of an inbound call
  std::vector<v1::StoredTransfer> transfers;  // oldest first
  std::string agent_label;                    // see StoredFacts.agent_label
  bool record_requested = false;
  std::string idempotency_key;
  std::string dial_guard;  // 16 bytes while INITIATED or RINGING, else empty
  std::optional<absl::Time> watchdog_at;
  bool foretold = false;  // its submission is shown already, and not written yet

  const std::string& id() const { return session.id(); }
};
using RecordPtr = std::shared_ptr<const Record>;

// A session to be made. `record` holds everything that is fixed; its state is folded here.
struct NewSession {
  Record record;
  int agent_capacity = 0;  // calls at once of a registered agent; 0: no limit
};

// What is fixed of a session, for its fold.
domain::CallStart StartOf(const v1::Session& session);

// Starts, times and figures of `record.session` from its facts. Frees the dial guard and the
// watchdog once they have no more to do.
void Refold(Record& record);

// When an ended session is to be looked at again, since somebody of it may still be in the call:
// the order to hang up may have failed, or never left. Soon, until a quarter of an hour after the
// last fact was received; never for a call of two parties.
std::optional<absl::Time> LookAfterEnd(const Record& record, absl::Time now);

// The transfer that is under way, the one with this id, the one that made the next session; nullptr
// when there is none.
const v1::StoredTransfer* OpenTransfer(const Record& record);
const v1::StoredTransfer* FindTransfer(const Record& record, const std::string& id);
const v1::StoredTransfer* HandedOver(const Record& record);

// True when `fact` is known already.
bool Knows(const Record& record, const domain::Fact& fact);

// Each fact costs a look at all of them, in the one writer: a session keeps no more, but for our
// own word, and for ends, of which it keeps up to twice as many.
inline constexpr size_t kMostFacts = 1000;
bool HasRoomFor(const Record& record, const domain::Fact& fact);

// The event with what every event of a session tells: ids, agent, provider, campaign.
void Describe(const Record& record, absl::Time recorded_at, v1::CallEvent& event);

// An event of the feed: never changed once it has its place, and shared by all who pass it on.
using EventPtr = std::shared_ptr<const v1::CallEvent>;

}  // namespace ctc::session::store
