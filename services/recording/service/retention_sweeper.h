// Deletes the audio of recordings whose retention ended, where it lies with us, and marks them
// DELETED. Any number of processes may do so at once: what is deleted twice is gone once, and only
// one of them marks it.
#pragma once

#include <atomic>

#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/rpc/channel.h"
#include "services/recording/service/media_source.h"
#include "services/recording/store/retention_store.h"

namespace ctc::recording {

class RetentionSweeper {
 public:
  RetentionSweeper(db::Database& database, const base::Clock& clock, base::Random& random,
                   MediaSource& media, rpc::Channel& sessions)
      : database_(database),
        clock_(clock),
        ids_(clock, random),
        media_(media),
        sessions_(sessions) {}

  // Looks at all that are due, a page at a time, until Stop; returns how many it marked. What
  // cannot be deleted is left for the next sweep and keeps nothing else back. Errors: UNAVAILABLE
  // and the like, when somebody who is needed for all is away.
  Task<absl::StatusOr<int>> Sweep();
  void Stop() { stopping_ = true; }

 private:
  Task<absl::StatusOr<bool>> Delete(DueRecording recording);

  db::Database& database_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
  MediaSource& media_;
  rpc::Channel& sessions_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace ctc::recording
