// The checks follow RFC 9112 sections 2 to 7; where it leaves a choice the stricter one is taken.
#include "libs/http/request_parser.h"

#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <array>

#include "libs/http/text.h"

namespace ctc::http {
namespace {

namespace bhttp = boost::beast::http;

constexpr size_t kMaxFields = 100;
constexpr size_t kBodyReserve = 16 << 10;  // an announced length alone takes no more memory

constexpr Refusal Malformed(std::string_view detail) { return {400, "MALFORMED_REQUEST", detail}; }

constexpr std::array<std::string_view, 7> kMethods = {"GET",   "POST",   "HEAD",   "PUT",
                                                      "PATCH", "DELETE", "OPTIONS"};

Refusal CheckMethod(std::string_view method) {
  if (std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end()) return {};
  if (method.empty() || !std::all_of(method.begin(), method.end(), IsTokenChar)) {
    return Malformed("the method is not a token");
  }
  if (method == "CONNECT" || method == "TRACE") {
    return {405, "METHOD_NOT_ALLOWED", "this method is not served"};
  }
  return {501, "METHOD_NOT_IMPLEMENTED", "this method is not known"};
}

Refusal CheckVersion(std::string_view version) {
  if (version == "HTTP/1.1") return {};
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() == 8 && version.starts_with("HTTP/") && digit(version[5]) &&
      version[6] == '.' && digit(version[7])) {
    return {505, "HTTP_VERSION_NOT_SUPPORTED", "only HTTP/1.1 is served"};
  }
  return Malformed("the request line does not end with an HTTP version");
}

Refusal CheckTarget(std::string_view target) {
  if (target.empty() || target.front() != '/') {
    return Malformed("the request target must be a path");
  }
  const bool clean = std::all_of(target.begin(), target.end(),
                                 [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  return clean ? Refusal() : Malformed("the request target has a character that must be encoded");
}

Refusal CheckRequestLine(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return Malformed("the request line needs a method, a target and a version");
  }
  if (const Refusal refusal = CheckVersion(line.substr(last + 1)); refusal.status != 0) {
    return refusal;
  }
  if (const Refusal refusal = CheckMethod(line.substr(0, first)); refusal.status != 0) {
    return refusal;
  }
  return CheckTarget(line.substr(first + 1, last - first - 1));
}

Refusal CheckHost(std::string_view value) {
  const bool clean = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > 0x20 && c < 0x7F &&
           std::string_view("/@,?#\\\"<>").find(c) == std::string_view::npos;
  });
  return clean ? Refusal() : Malformed("the Host header is not a host");
}

bool ParseLength(std::string_view text, uint64_t& out) {
  if (text.empty() || text.size() > 18) return false;
  out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    out = out * 10 + static_cast<uint64_t>(c - '0');
  }
  return true;
}

// Gathers what the fields say; one object for each head.
class FieldChecker {
 public:
  explicit FieldChecker(HeadInfo& info) : info_(info) {}

  Refusal Field(std::string_view line) {
    if (++count_ > kMaxFields) return {431, "HEADERS_TOO_LARGE", "too many header fields"};
    if (line.front() == ' ' || line.front() == '\t') return Malformed("a header line is folded");
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return Malformed("a header line has no name");
    }
    const std::string_view name = line.substr(0, colon);
    if (!std::all_of(name.begin(), name.end(), IsTokenChar)) {
      return Malformed("a header name is not a token");
    }
    const std::string_view value = TrimBlanks(line.substr(colon + 1));
    if (!std::all_of(value.begin(), value.end(), IsValueChar)) {
      return Malformed("a header value has a control character");
    }
    return Known(name, value);
  }

  Refusal End(uint64_t max_body_bytes) {
    if (hosts_ != 1) return Malformed("exactly one Host header is needed");
    if (info_.chunked && info_.content_length.has_value()) {
      return Malformed("Content-Length and Transfer-Encoding exclude each other");
    }
    if (info_.content_length.value_or(0) > max_body_bytes) {
      return {413, "BODY_TOO_LARGE", "the body is longer than allowed"};
    }
    return {};
  }

 private:
  Refusal Known(std::string_view name, std::string_view value) {
    switch (name.size()) {
      case 4:
        if (!EqualsIgnoreCase(name, "host")) return {};
        ++hosts_;
        return CheckHost(value);
      case 6:
        return EqualsIgnoreCase(name, "expect") ? Expect(value) : Refusal();
      case 10:
        if (EqualsIgnoreCase(name, "connection")) info_.close |= ListHas(value, "close");
        return {};
      case 14:
        return EqualsIgnoreCase(name, "content-length") ? Length(value) : Refusal();
      case 17:
        return EqualsIgnoreCase(name, "transfer-encoding") ? Encoding(value) : Refusal();
      default:
        return {};
    }
  }

  Refusal Expect(std::string_view value) {
    if (!EqualsIgnoreCase(value, "100-continue")) {
      return {417, "EXPECTATION_FAILED", "only 100-continue can be expected"};
    }
    info_.expect_continue = true;
    return {};
  }

  Refusal Length(std::string_view value) {
    uint64_t length = 0;
    if (info_.content_length.has_value()) return Malformed("there are two Content-Length headers");
    if (!ParseLength(value, length)) return Malformed("the Content-Length is not a number");
    info_.content_length = length;
    return {};
  }

  Refusal Encoding(std::string_view value) {
    if (info_.chunked) return Malformed("there are two Transfer-Encoding headers");
    if (!EqualsIgnoreCase(value, "chunked")) {
      const bool twice = value.find(',') != std::string_view::npos && ListHas(value, "chunked");
      return twice || value.empty()
                 ? Malformed("the Transfer-Encoding is ambiguous")
                 : Refusal{501, "ENCODING_NOT_IMPLEMENTED", "only chunked is understood"};
    }
    info_.chunked = true;
    return {};
  }

  HeadInfo& info_;
  size_t count_ = 0;
  size_t hosts_ = 0;
};

std::string_view TakeLine(std::string_view& head) {
  const size_t end = head.find('\r');
  const std::string_view line = head.substr(0, end);
  head.remove_prefix(end + 2);  // the scanner has seen the LF; a CR alone is found by the callers
  return line;
}

std::string ToString(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

size_t HeadScanner::Scan(std::string_view data) {
  while (!refused_) {
    const size_t lf = data.find('\n', scanned_);
    if (lf == std::string_view::npos) {
      scanned_ = data.size();
      return 0;
    }
    const size_t length = lf - line_start_;
    refused_ = length == 0 || data[lf - 1] != '\r' ||
               data.substr(line_start_, length - 1).find('\r') != std::string_view::npos;
    if (!refused_ && length == 1 && line_start_ > 0) return lf + 1;
    line_start_ = scanned_ = lf + 1;
  }
  return 0;
}

HeadInfo CheckHead(std::string_view head, uint64_t max_body_bytes) {
  HeadInfo info;
  info.refusal = CheckRequestLine(TakeLine(head));
  FieldChecker checker(info);
  while (info.refusal.status == 0) {
    const std::string_view line = TakeLine(head);
    if (line.empty()) {
      info.refusal = checker.End(max_body_bytes);
      break;
    }
    info.refusal = checker.Field(line);
  }
  return info;
}

std::string_view OriginOf(std::string_view head) {
  constexpr std::string_view kName = "\norigin:";
  constexpr std::string_view kLineEnd = "\r\n";
  const size_t last = head.find("\r\n\r\n");  // a body may follow
  if (last != std::string_view::npos) head = head.substr(0, last + kLineEnd.size());
  for (size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    if (!EqualsIgnoreCase(head.substr(at, kName.size()), kName)) continue;
    const std::string_view rest = head.substr(at + kName.size());
    const size_t end = rest.find_first_of(kLineEnd);
    return end == std::string_view::npos ? std::string_view() : TrimBlanks(rest.substr(0, end));
  }
  return {};
}

RequestParser::RequestParser(Request& request, uint64_t max_body_bytes, uint32_t max_header_bytes)
    : request_(request) {
  eager(true);
  body_limit(boost::optional<std::uint64_t>(max_body_bytes));
  header_limit(max_header_bytes);
}

void RequestParser::on_request_impl(bhttp::verb, View method, View target, int, Error&) {
  request_.method = ToString(method);
  request_.target = ToString(target);
  const size_t mark = request_.target.find('?');
  request_.path = request_.target.substr(0, mark);
  if (mark != std::string::npos) request_.query = request_.target.substr(mark + 1);
}

void RequestParser::on_response_impl(int, View, int, Error&) {}

void RequestParser::on_field_impl(bhttp::field, View name, View value, Error&) {
  if (!in_trailer_) request_.headers.Add(ToString(name), ToString(value));
}

void RequestParser::on_header_impl(Error&) { in_trailer_ = true; }

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) {
  if (length) request_.body.reserve(std::min<uint64_t>(*length, kBodyReserve));
}

std::size_t RequestParser::on_body_impl(View body, Error&) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t, View, Error&) {}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View body, Error&) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

void RequestParser::on_finish_impl(Error&) {}

Refusal RefusalOf(const boost::beast::error_code& error) {
  if (error == bhttp::error::body_limit) {
    return {413, "BODY_TOO_LARGE", "the body is longer than allowed"};
  }
  if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow) {
    return {431, "HEADERS_TOO_LARGE", "the header fields are longer than allowed"};
  }
  return Malformed("the request cannot be parsed");
}

}  // namespace ctc::http
