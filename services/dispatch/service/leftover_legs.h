// Hangs up what is left of a call that ended, where the provider keeps a leg up after the others
// have left: nobody stays behind alone in a silent room. Harmless when repeated, so that the feed's
// cursor is written now and then only.
#pragma once

#include "libs/host/background.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/registry.h"
#include "services/dispatch/service/submission_feed.h"
#include "services/dispatch/store/submission_store.h"

namespace ctc::dispatch {

struct LeftoverLegsParts {
  SubmissionStore& submissions;
  const Registry& registry;
  Directory& directory;
  host::Background& background;
  rpc::Channel& session;
  const base::Clock& clock;
};

class LeftoverLegs {
 public:
  explicit LeftoverLegs(const LeftoverLegsParts& parts);

  // Follows the feed until Stop.
  Task<void> Follow() { return feed_.Follow(); }
  Task<void> Stop() { return feed_.Stop(); }

  // True when `event` says that a call has ended, or that a leg of an ended one lives. Handed over
  // is not ended: its legs live on in another session. Pure.
  static bool LeavesLegs(const session::v1::CallEvent& event);

 private:
  Task<absl::StatusOr<std::vector<Submission>>> Choose(const SubmissionFeed::Batch& batch);
  // Tries for a while: a leg that stays up is paid for.
  Task<void> HangUp(session::v1::CallEvent event);
  Task<absl::Status> HangUpOnce(const session::v1::CallEvent& event);

  LeftoverLegsParts parts_;
  SubmissionFeed feed_;
};

}  // namespace ctc::dispatch
