// Keeps one event socket for each active Asterisk account of the installation. Lives on the
// background strand.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "services/dispatch/service/event_socket.h"

namespace ctc::dispatch {

class EventSockets {
 public:
  EventSockets(const EventSocketParts& parts, Directory& directory)
      : parts_(parts), directory_(directory) {}

  // Starts and stops sockets after accounts changed.
  Task<absl::Status> Refresh(absl::Time deadline);

 private:
  EventSocketParts parts_;
  Directory& directory_;
  int64_t instances_ = 0;
  std::map<std::string, std::shared_ptr<EventSocket>> sockets_;  // by account
};

}  // namespace ctc::dispatch
