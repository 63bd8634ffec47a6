// Status lines, headers and the Date header, which is formatted once a second for each thread.
#include "libs/http/response_writer.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "libs/http/text.h"

namespace ctc::http {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 36> kReasons = {{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

void AppendNumber(size_t number, std::string& out) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void AppendDate(std::string& out) {
  thread_local std::time_t last = 0;
  thread_local std::array<char, 40> text{};
  thread_local size_t length = 0;
  // lint-allow(clock): RFC 9110 6.6.1 wants the wall clock; no test depends on it
  const std::time_t now = std::time(nullptr);
  if (now != last) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    length = std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    last = now;
  }
  out.append(text.data(), length);
}

// The server alone decides the framing.
bool IsFraming(std::string_view name, BodyFraming framing) {
  if (EqualsIgnoreCase(name, "content-length")) return framing != BodyFraming::kOwn;
  return EqualsIgnoreCase(name, "transfer-encoding") || EqualsIgnoreCase(name, "connection");
}

// A value that came from outside must not end the line (response splitting).
void AppendValue(std::string_view value, std::string& out) {
  if (std::all_of(value.begin(), value.end(), IsValueChar)) {
    out.append(value);
    return;
  }
  for (const char c : value) out.push_back(IsValueChar(c) ? c : ' ');
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  const auto* it = std::lower_bound(kReasons.begin(), kReasons.end(), status,
                                    [](const auto& reason, int s) { return reason.first < s; });
  return it != kReasons.end() && it->first == status ? it->second : "Status";
}

void AppendHead(const Response& response, const HeadPlan& plan, std::string& out) {
  out.append("HTTP/1.1 ");
  AppendNumber(static_cast<size_t>(std::clamp(response.status, 100, 999)), out);
  out.push_back(' ');
  out.append(ReasonPhrase(response.status));
  out.append("\r\n");
  AppendDate(out);
  for (const auto& [name, value] : response.headers.all()) {
    if (IsFraming(name, plan.framing)) continue;
    out.append(name);
    out.append(": ");
    AppendValue(value, out);
    out.append("\r\n");
  }
  if (plan.framing == BodyFraming::kLength) {
    out.append("Content-Length: ");
    AppendNumber(plan.length, out);
    out.append("\r\n");
  } else if (plan.framing == BodyFraming::kChunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  if (plan.upgrade) out.append("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  if (plan.close) {
    out.append(plan.upgrade ? "Connection: close, Upgrade\r\n" : "Connection: close\r\n");
  }
  out.append("\r\n");
}

Response PlainError(int status, std::string_view code, std::string_view detail) {
  Response response;
  response.status = status;
  response.headers.Add("Content-Type", "text/plain; charset=utf-8");
  response.body = std::string(code) + ": " + std::string(detail) + "\n";
  return response;
}

}  // namespace ctc::http
