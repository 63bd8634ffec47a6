// One process that hosts some services, from configuration to graceful end: the whole of main().
#pragma once

#include <map>
#include <string>

#include "libs/host/service.h"

namespace ctc::host {

struct Program {
  std::string name;     // "ctc-session", for logs and --help
  std::string summary;  // one line for --help
  std::map<std::string, ServiceFactory> services;
};

// Runs until SIGTERM or SIGINT. Order of start: settings -> log -> database and schema check ->
// services made and bound -> gRPC and admin ports -> background work -> ready. The end is the
// reverse, with a limit for each step; a second signal ends at once. Exit codes: 0 drained, 1 could
// not start, 2 bad arguments.
int RunProgram(const Program& program, int argc, const char* const* argv);

}  // namespace ctc::host
