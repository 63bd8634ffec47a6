// Deletes lines of the webhook log that were kept long enough. Any number of processes may do so at
// once.
#pragma once

#include "libs/base/clock.h"
#include "libs/db/database.h"
#include "libs/host/background.h"

namespace ctc::webhook {

class LogSweeper {
 public:
  // The references outlive this object. `keep` is how long a line is kept after it came.
  LogSweeper(db::Database& database, const base::Clock& clock, host::Background& background,
             absl::Duration keep)
      : database_(database), clock_(clock), background_(background), keep_(keep) {}

  // Sweeps now and then, until `background` stops. On its strand, as Sweep.
  Task<void> Run();
  // All that are old, so many at a time that others get their turn between. Returns how many.
  Task<absl::StatusOr<int64_t>> Sweep();

 private:
  db::Database& database_;
  const base::Clock& clock_;
  host::Background& background_;
  const absl::Duration keep_;
};

}  // namespace ctc::webhook
