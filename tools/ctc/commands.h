// The operator's commands, one function each. They print to standard output, errors to standard
// error, and return the exit code: 0 done, 1 failed, 2 bad arguments.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "libs/base/status.h"
#include "libs/db/database.h"
#include "libs/host/service.h"

namespace ctc::tool {

using Arguments = std::span<const char* const>;

int Serve(int argc, const char* const* argv);
int Migrate(Arguments arguments);
int KeysCreate(Arguments arguments);
int PrintSettings(Arguments arguments);
int PrintErrors(Arguments arguments);
int Providers(Arguments arguments);
int Sessions(Arguments arguments);
int Webhooks(Arguments arguments);
int Doctor(Arguments arguments);

// What they share: an error told, a usage told, and the exit code of it; the database.
int Fail(std::string_view command, const absl::Status& status);
int Usage(const char* text, bool asked_for);
absl::StatusOr<std::unique_ptr<db::Database>> OpenDatabase(const host::Settings& settings);

}  // namespace ctc::tool
