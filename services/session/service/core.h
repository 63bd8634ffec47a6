// What the parts of the service share: references to what outlives them all.
#pragma once

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/rpc/channel.h"
#include "services/session/service/session_settings.h"
#include "services/session/store/session_reader.h"
#include "services/session/store/session_writer.h"

namespace ctc::session {

struct Core {
  const base::Clock& clock;
  base::IdGenerator& ids;
  const SessionSettings& settings;
  store::SessionReader& reader;
  store::SessionWriter& writer;
  store::FeedRing& ring;
  rpc::Channel& routing;
  rpc::Channel& recording;
  rpc::Channel& dispatch;

  // Until when our own writes may take, whatever the client's patience: work that began ends in a
  // truthful state.
  absl::Time WriteDeadline() const { return clock.Now() + settings.write_timeout; }
};

// The session, when the caller may see it. An agent sees its own; others are not there.
Task<absl::StatusOr<store::RecordPtr>> GetVisible(Core& core, const rpc::Context& context,
                                                  const std::string& id);

// One of our own facts: heard of now, by our clock.
domain::Fact OwnFact(const Core& core, v1::CallFact::Kind kind, v1::KnownBy source,
                     std::string event_key);

// CALL_NOT_LIVE with the session's status.
absl::Status NotLive(const store::Record& record, std::string_view detail);

// For the writing of what a provider was asked to do. Errors that say "nothing was done, try again"
// become UNAVAILABLE with `detail`: a repetition would ask the provider a second time.
absl::Status AfterOrder(const absl::Status& written, std::string_view detail);

// For what must end whether or not the client is still there.
rpc::Context ServiceContext(const rpc::Context& caller, absl::Time deadline);

}  // namespace ctc::session
