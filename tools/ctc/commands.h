// The operator's commands, one function each. They print to standard output, errors to standard
// error, and return the exit code: 0 done, 1 failed, 2 bad arguments.
#pragma once

#include <map>
#include <span>
#include <string>

namespace ctc::tool {

using Arguments = std::span<const char* const>;

int Serve(int argc, const char* const* argv);
int Migrate(Arguments arguments);
int KeysCreate(Arguments arguments);
int PrintSettings(Arguments arguments);
int PrintErrors(Arguments arguments);

}  // namespace ctc::tool
