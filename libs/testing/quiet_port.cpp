#include "libs/testing/quiet_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace ctc::testing {
namespace {

// Linux gives 32768 and above; tools/asterisk takes 20000 to 21999 for RTP.
constexpr int kFirst = 22000;
constexpr int kPrograms = 2600;
constexpr int kPortsOfOne = 4;

bool IsFree(int type, int port) {
  const int descriptor = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const int on = 1;
  // What a connection of before has left behind takes no port from a listener.
  if (type == SOCK_STREAM) setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const void* const bytes = &address;
  const bool bound = bind(descriptor, static_cast<const sockaddr*>(bytes), sizeof(address)) == 0;
  close(descriptor);
  return bound;
}

bool IsFree(int port) { return IsFree(SOCK_STREAM, port) && IsFree(SOCK_DGRAM, port); }

}  // namespace

uint16_t QuietPort() {
  const int all = kPrograms * kPortsOfOne;
  const int own = static_cast<int>(getpid()) % kPrograms * kPortsOfOne;
  for (int i = 0; i < all; i += 2) {
    const int port = kFirst + (own + i) % all;
    if (IsFree(port) && IsFree(port + 1)) return static_cast<uint16_t>(port);
  }
  throw std::runtime_error("no port is free");
}

}  // namespace ctc::testing
