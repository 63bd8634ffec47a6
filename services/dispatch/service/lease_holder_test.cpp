#include "services/dispatch/service/lease_holder.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace ctc::dispatch {
namespace {

// A process id that was this machine's a moment ago and is nobody's now.
pid_t EndedProcess() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

std::string WithProcess(const std::string& holder, pid_t process) {
  return holder.substr(0, holder.rfind(':') + 1) + std::to_string(process) + "/3";
}

TEST_CASE("a holder is dead when its process is gone", "[dispatch][lease]") {
  const std::string alive = NameHolder("dispatch-x");
  CHECK_FALSE(IsDeadHolder(alive));
  CHECK_FALSE(IsDeadHolder(alive + "/3"));
  CHECK(IsDeadHolder(WithProcess(alive, EndedProcess())));
}

TEST_CASE("of a holder elsewhere nothing is known", "[dispatch][lease]") {
  const pid_t gone = EndedProcess();
  CHECK_FALSE(IsDeadHolder(""));
  CHECK_FALSE(IsDeadHolder("dispatch-x"));
  CHECK_FALSE(IsDeadHolder("dispatch-x@:1"));
  CHECK_FALSE(IsDeadHolder("dispatch-x@another-machine.1:" + std::to_string(gone)));
  CHECK_FALSE(IsDeadHolder(WithProcess(NameHolder("x"), 0)));
  CHECK_FALSE(IsDeadHolder(NameHolder("x").substr(0, NameHolder("x").rfind(':') + 1) + "word"));
}

}  // namespace
}  // namespace ctc::dispatch
