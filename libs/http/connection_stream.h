// The long answer of a server connection: chunked, or as it is when its length was announced.
#pragma once

#include <string>

#include "libs/http/connection.h"

namespace ctc::http {

class ConnectionStream final : public StreamWriter {
 public:
  ConnectionStream(Connection& connection, const Headers& headers);

  Task<absl::Status> Write(std::string chunk) override;
  bool draining() const override { return connection_.state_->draining(); }
  // Ends the body; false when the client cannot know that it is whole.
  Task<bool> Finish();

 private:
  Connection& connection_;
  const bool chunked_;
  const bool endless_;  // an event stream: ends when the server drains
  uint64_t remaining_ = 0;
  bool failed_ = false;
  bool said_last_ = false;
};

}  // namespace ctc::http
