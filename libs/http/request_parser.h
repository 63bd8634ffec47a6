// Reads one request from bytes: strict checks of the head first, then Beast's parser, which also
// decodes chunked bodies. Beast alone lets pass what proxies read differently (bare LF, folded
// lines, several Host or Content-Length headers), and that is how requests are smuggled.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

#include "libs/http/message.h"

namespace ctc::http {

// Why a request is refused; status 0 when it is not.
struct Refusal {
  int status = 0;
  std::string_view code;
  std::string_view detail;
};

// What the head says about the framing and the connection.
struct HeadInfo {
  Refusal refusal;
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool close = false;            // Connection: close
  bool expect_continue = false;  // wants 100 before it sends the body
};

// Finds the end of a head while its bytes come in, each byte looked at once.
class HeadScanner {
 public:
  // `data` starts at the request's first byte and only grows between calls. Returns the head's
  // length with the empty line, or 0 while it is not complete. Stops at a bare LF: refused().
  size_t Scan(std::string_view data);
  bool refused() const { return refused_; }
  void Reset() { *this = HeadScanner(); }

 private:
  size_t line_start_ = 0;
  size_t scanned_ = 0;
  bool refused_ = false;
};

// `head` ends with the empty line.
HeadInfo CheckHead(std::string_view head, uint64_t max_body_bytes);

// The value of the first Origin field, "" without one. Of any head, also one that is refused or not
// complete.
std::string_view OriginOf(std::string_view head);

// Fills `request` as bytes are put in; see Beast's basic_parser.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser(Request& request, uint64_t max_body_bytes, uint32_t max_header_bytes);

 private:
  using Error = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb verb, View method, View target, int version,
                       Error& error) override;
  void on_response_impl(int status, View reason, int version, Error& error) override;
  void on_field_impl(boost::beast::http::field field, View name, View value, Error& error) override;
  void on_header_impl(Error& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error& error) override;
  std::size_t on_body_impl(View body, Error& error) override;
  void on_chunk_header_impl(std::uint64_t size, View extensions, Error& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, View body, Error& error) override;
  void on_finish_impl(Error& error) override;

  Request& request_;
  bool in_trailer_ = false;
};

// The refusal for an error of the parser.
Refusal RefusalOf(const boost::beast::error_code& error);

}  // namespace ctc::http
