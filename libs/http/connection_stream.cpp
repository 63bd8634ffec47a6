#include "libs/http/connection_stream.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <utility>

namespace ctc::http {

ConnectionStream::ConnectionStream(Connection& connection, const Headers& headers)
    : connection_(connection),
      chunked_(!headers.Has("Content-Length")),
      endless_(headers.Get("Content-Type").starts_with("text/event-stream")) {
  if (!chunked_) {
    const std::string length(headers.Get("Content-Length"));
    if (!absl::SimpleAtoi(length, &remaining_)) failed_ = true;
  }
}

Task<absl::Status> ConnectionStream::Write(std::string chunk) {
  if (failed_ || connection_.stopped_) co_return absl::UnavailableError("the client is gone");
  if (endless_ && draining() && std::exchange(said_last_, true)) {
    co_return absl::UnavailableError("the server is going away");
  }
  if (chunk.empty()) co_return absl::OkStatus();
  std::string head;
  if (chunked_) {
    head = absl::StrCat(absl::Hex(chunk.size()), "\r\n");
    chunk.append("\r\n");
  } else if (chunk.size() > remaining_) {
    failed_ = true;
    co_return absl::OutOfRangeError("more than the Content-Length announced");
  } else {
    remaining_ -= chunk.size();
  }
  if (!co_await connection_.WriteAll(head, chunk)) {
    failed_ = true;
    co_return absl::UnavailableError("the client is gone or too slow");
  }
  co_return absl::OkStatus();
}

Task<bool> ConnectionStream::Finish() {
  if (failed_ || connection_.stopped_) co_return false;
  if (!chunked_) co_return remaining_ == 0;
  co_return co_await connection_.WriteAll("0\r\n\r\n", "");
}

}  // namespace ctc::http
