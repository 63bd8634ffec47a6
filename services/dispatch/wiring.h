// Makes the dispatch service: every object of it, in order, by constructor. See README.md beside
// this file.
#pragma once

#include "libs/host/service.h"

namespace ctc::dispatch {

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment);

}  // namespace ctc::dispatch
