// The head scanner, the head's checks and the parser, in the order in which a connection uses them.
#include <boost/asio/buffer.hpp>

#include "libs/http/request_parser.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

constexpr uint64_t kMaxBody = 1 << 16;
constexpr uint32_t kMaxHead = 1 << 14;

// As the bytes come in one by one.
size_t ScanInPieces(std::string_view bytes, bool& refused) {
  http::HeadScanner scanner;
  for (size_t end = 1; end <= bytes.size(); ++end) {
    const size_t length = scanner.Scan(bytes.substr(0, end));
    refused = scanner.refused();
    if (length > 0 || refused) return length;
  }
  return 0;
}

void CheckParsed(const http::Request& request) {
  Require(!request.method.empty(), "a request has a method");
  Require(!request.target.empty() && request.target.front() == '/', "a target is a path");
  Require(request.body.size() <= kMaxBody, "a body keeps its limit");
  Require(request.headers.Count("host") == 1, "one Host, as RFC 9112 3.2 wants");
  for (const auto& [name, value] : request.headers.all()) {
    Require(!name.empty() && name.find_first_of("\r\n\0 :", 0, 5) == std::string::npos,
            "a header's name is a token");
    Require(value.find_first_of("\r\n\0", 0, 3) == std::string::npos,
            "a header's value is one line");
  }
}

}  // namespace

void HttpRequest(std::string_view bytes) {
  if (bytes.size() > kMaxHead + kMaxBody) return;
  http::HeadScanner scanner;
  const size_t length = scanner.Scan(bytes);
  bool refused = false;
  Require(ScanInPieces(bytes.substr(0, kMaxHead), refused) == length || length > kMaxHead,
          "a head ends at the same byte however it comes in");
  if (length == 0 || scanner.refused()) return;
  const http::HeadInfo info = http::CheckHead(bytes.substr(0, length), kMaxBody);
  if (info.refusal.status != 0) {
    Require(info.refusal.status >= 400 && info.refusal.status < 600, "a refusal is an error");
    return;
  }
  Require(!(info.chunked && info.content_length.has_value()),
          "a body has one framing: two are how requests are smuggled");
  http::Request request;
  http::RequestParser parser(request, kMaxBody, kMaxHead);
  boost::beast::error_code error;
  size_t used = 0;
  while (!error && !parser.is_done()) {
    const size_t n = parser.put(asio::buffer(bytes.data() + used, bytes.size() - used), error);
    used += n;
    if (n == 0) break;
  }
  if (error && error != boost::beast::http::error::need_more) {
    Require(http::RefusalOf(error).status >= 400, "an error of the parser has a status");
    return;
  }
  if (!parser.is_done()) return;
  CheckParsed(request);
  if (info.content_length) {
    Require(request.body.size() == *info.content_length, "a body is as long as announced");
  }
  if (!info.chunked && !info.content_length) {
    Require(request.body.empty(), "no framing, no body");
  }
}

}  // namespace ctc::fuzz
