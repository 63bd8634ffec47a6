// The one way to write what an agent does: the line of its day and where it stands by it, in the
// caller's transaction. Thread-safe, as it holds nothing that changes.
#pragma once

#include <string>

#include "ctc/routing/v1/routing.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "services/routing/domain/presence.h"

namespace ctc::routing {

class AgentDay {
 public:
  // `ids` outlives it.
  AgentDay(base::TenantId tenant, base::IdGenerator& ids) : tenant_(std::move(tenant)), ids_(ids) {}

  // A client's line, at `created_at`. Gets its id, and, unless it `has_duration`, how long the
  // activity before it lasted.
  absl::Status Say(db::Connection& c, v1::AgentActivity& line, bool has_duration) const;
  // The agent let a queue's call ring: a break until it says that it is back. Nothing for one who
  // does not wait for calls any more.
  absl::Status Miss(db::Connection& c, const std::string& agent_id, absl::Time now) const;
  // `feed_seq` is the event's, which changes where the agent stands: it is registered, or was when
  // the call began.
  absl::Status Follow(db::Connection& c, const CallNews& news, int64_t feed_seq) const;

 private:
  const base::TenantId tenant_;
  base::IdGenerator& ids_;
};

}  // namespace ctc::routing
