// Turns a Response into the bytes of its head. Pure but for the Date header.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/http/message.h"

namespace ctc::http {

// How the end of the body is told to the client.
enum class BodyFraming {
  kLength,   // Content-Length
  kChunked,  // a stream of unknown length
  kNone,     // no body by definition: 204, 304
  kOwn,      // the response brings its own Content-Length
};

struct HeadPlan {
  BodyFraming framing = BodyFraming::kLength;
  size_t length = 0;
  bool close = false;
  bool upgrade = false;  // says that the client has to open a WebSocket (RFC 9110 section 15.5.22)
};

// Appends status line and headers with the empty line.
void AppendHead(const Response& response, const HeadPlan& plan, std::string& out);

std::string_view ReasonPhrase(int status);

// The error body where the server's owner gave none.
Response PlainError(int status, std::string_view code, std::string_view detail);

}  // namespace ctc::http
