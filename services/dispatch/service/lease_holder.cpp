#include "services/dispatch/service/lease_holder.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>

namespace ctc::dispatch {
namespace {

// Empty when the system does not tell; then no holder can be known to be dead.
std::string ThisPlace() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  struct stat space = {};
  if (boot.empty() || ::stat("/proc/self/ns/pid", &space) != 0) return "";
  return boot + "." + std::to_string(space.st_ino);
}

}  // namespace

std::string NameHolder(std::string_view token) {
  return std::string(token) + "@" + ThisPlace() + ":" + std::to_string(::getpid());
}

bool IsDeadHolder(std::string_view holder) {
  const size_t at = holder.find('@');
  const size_t colon = holder.rfind(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon < at) return false;
  const std::string place = ThisPlace();
  if (place.empty() || holder.substr(at + 1, colon - at - 1) != place) return false;
  pid_t process = 0;
  const std::string_view digits = holder.substr(colon + 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), process);
  if (parsed.ec != std::errc() || process <= 0) return false;
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

}  // namespace ctc::dispatch
