// Requests that servers and proxies read differently, byte by byte over a raw socket. Each case is
// followed by a second request, which a confused server would answer: it must never be seen.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>

#include "libs/http/raw_socket_for_test.h"
#include "libs/http/server.h"
#include "libs/testing/run_task.h"

namespace ctc::http {
namespace {

struct FramingCase {
  std::string name;
  std::string bytes;
  std::vector<int> allowed;  // statuses; an answerless close is allowed everywhere
};

constexpr std::string_view kSecond = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n";

std::string Get(const std::string& headers) { return "GET / HTTP/1.1\r\n" + headers + "\r\n"; }
std::string Post(const std::string& headers, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}
std::string Chunked(const std::string& body) {
  return Post("Transfer-Encoding: chunked\r\n", body);
}
std::string Bytes(std::string_view text) { return std::string(text); }

std::vector<FramingCase> Cases() {
  using namespace std::string_view_literals;
  return {
      // Lengths.
      {"length and chunked",
       Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       {400}},
      {"chunked and length",
       Post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
       {400}},
      {"two different lengths",
       Post("Content-Length: 5\r\nContent-Length: 6\r\n", "abcdef"),
       {400}},
      {"two equal lengths", Post("Content-Length: 5\r\nContent-Length: 5\r\n", "abcde"), {400}},
      {"a list of lengths", Post("Content-Length: 5, 5\r\n", "abcde"), {400}},
      {"negative length", Post("Content-Length: -1\r\n", ""), {400}},
      {"length with plus", Post("Content-Length: +5\r\n", "abcde"), {400}},
      {"hexadecimal length", Post("Content-Length: 0x5\r\n", "abcde"), {400}},
      {"empty length", Post("Content-Length:\r\n", "abcde"), {400}},
      {"length with letters", Post("Content-Length: 5a\r\n", "abcde"), {400}},
      {"length with a space inside", Post("Content-Length: 1 2\r\n", "abcde"), {400}},
      {"length above 64 bits",
       Post("Content-Length: 18446744073709551621\r\n", "abcde"),
       {400, 413}},
      {"length of 10 GB", Post("Content-Length: 10000000000\r\n", ""), {413}},
      {"length with a vertical tab", Post("Content-Length: \v5\r\n", "abcde"), {400}},
      {"blank before the colon of the length", Post("Content-Length : 5\r\n", "abcde"), {400}},
      // Transfer-Encoding.
      {"unknown encoding", Post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), {501}},
      {"identity", Post("Transfer-Encoding: identity\r\n", "0\r\n\r\n"), {400, 501}},
      {"gzip then chunked", Post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), {400, 501}},
      {"chunked not last", Post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), {400, 501}},
      {"chunked twice", Post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), {400}},
      {"two encoding headers",
       Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       {400}},
      {"chunked and identity headers",
       Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
       {400, 501}},
      {"empty encoding", Post("Transfer-Encoding:\r\n", "0\r\n\r\n"), {400, 501}},
      {"quoted chunked", Post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), {400, 501}},
      {"chunked with a parameter",
       Post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"),
       {400, 501}},
      {"blank before the colon of the encoding",
       Post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
       {400}},
      {"encoding behind a folded line", Post("X: a\r\n Transfer-Encoding: chunked\r\n", ""), {400}},
      {"encoding folded itself",
       Post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
       {400, 501}},
      {"encoding after a bare CR", Post("X: a\rTransfer-Encoding: chunked\r\n", ""), {400}},
      // Chunks.
      {"chunk size with 0x", Chunked("0x5\r\nabcde\r\n0\r\n\r\n"), {400}},
      {"negative chunk size", Chunked("-5\r\nabcde\r\n0\r\n\r\n"), {400}},
      {"chunk size with plus", Chunked("+5\r\nabcde\r\n0\r\n\r\n"), {400}},
      {"empty chunk size", Chunked("\r\nabcde\r\n0\r\n\r\n"), {400}},
      {"chunk size with letters", Chunked("5g\r\nabcde\r\n0\r\n\r\n"), {400}},
      {"chunk size above 64 bits", Chunked("FFFFFFFFFFFFFFFFF\r\nabcde\r\n0\r\n\r\n"), {400, 413}},
      {"chunk of 4 GB", Chunked("FFFFFFFF\r\nabcde\r\n"), {400, 413}},
      {"chunk longer than its size", Chunked("2\r\nabcde\r\n0\r\n\r\n"), {400}},
      {"chunk ended by LF", Chunked("5\nabcde\n0\n\n"), {400}},
      {"chunk data ended by LF", Chunked("5\r\nabcde\n0\r\n\r\n"), {400}},
      {"blank before the chunk size", Chunked(" 5\r\nabcde\r\n0\r\n\r\n"), {400}},
      {"bare CR in a chunk extension", Chunked("5;a\rb\r\nabcde\r\n0\r\n\r\n"), {400}},
      // Lines.
      {"bare LF throughout", Bytes("GET / HTTP/1.1\nHost: a\n\n"), {400}},
      {"bare LF after a header", Get("Host: a\nX: b\r\n"), {400}},
      {"bare CR as line end", Bytes("GET / HTTP/1.1\rHost: a\r\r"), {400, 408}},
      {"bare CR inside a value", Get("Host: a\r\nX: b\rc\r\n"), {400}},
      {"folded header", Get("Host: a\r\nX: b\r\n c\r\n"), {400}},
      {"folded by a tab", Get("Host: a\r\nX: b\r\n\tc\r\n"), {400}},
      {"blank before the first header", Get(" Host: a\r\n"), {400}},
      {"header without colon", Get("Host: a\r\nNonsense\r\n"), {400}},
      {"header without name", Get("Host: a\r\n: b\r\n"), {400}},
      {"blank before a colon", Get("Host: a\r\nX : b\r\n"), {400}},
      {"tab before a colon", Get("Host: a\r\nX\t: b\r\n"), {400}},
      {"NUL in a name", Get("Host: a\r\n" + Bytes("X\0Y: b\r\n"sv)), {400}},
      {"NUL in a value", Get("Host: a\r\n" + Bytes("X: b\0c\r\n"sv)), {400}},
      {"control character in a value", Get("Host: a\r\nX: b\x01\r\n"), {400}},
      {"DEL in a value", Get("Host: a\r\nX: b\x7f\r\n"), {400}},
      {"non-ASCII name", Get("Host: a\r\nX\xc3\xa4: b\r\n"), {400}},
      {"parenthesis in a name", Get("Host: a\r\nX(Y): b\r\n"), {400}},
      // Hosts.
      {"no Host", Get("X: b\r\n"), {400}},
      {"two Hosts", Get("Host: a\r\nHost: b\r\n"), {400}},
      {"two equal Hosts", Get("Host: a\r\nhost: a\r\n"), {400}},
      {"empty Host", Get("Host:\r\n"), {400}},
      {"Host with a path", Get("Host: a/b\r\n"), {400}},
      {"Host with user", Get("Host: u@a\r\n"), {400}},
      {"list of Hosts", Get("Host: a, b\r\n"), {400}},
      // Request line.
      {"absolute-form", Bytes("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"absolute-form of another host", Bytes("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"asterisk-form", Bytes("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"authority-form", Bytes("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), {400, 405}},
      {"TRACE", Bytes("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"), {405}},
      {"unknown method", Bytes("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), {501}},
      {"lower-case method", Bytes("get / HTTP/1.1\r\nHost: a\r\n\r\n"), {400, 501}},
      {"method that is no token", Bytes("G{T / HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"no method", Bytes(" / HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"no target", Bytes("GET HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"two spaces before the target", Bytes("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"two spaces before the version", Bytes("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"tab in the request line", Bytes("GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"space in the target", Bytes("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"NUL in the target", Bytes("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"sv), {400}},
      {"fragment in the target", Bytes("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"non-ASCII target", Bytes("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"), {400}},
      {"HTTP/0.9", Bytes("GET /\r\n\r\n"), {400, 505}},
      {"HTTP/1.0", Bytes("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), {400, 505}},
      {"HTTP/1.2", Bytes("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), {505}},
      {"HTTP/2.0 by name", Bytes("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), {505}},
      {"HTTP/2 preface", Bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), {400, 505}},
      {"lower-case version", Bytes("GET / http/1.1\r\nHost: a\r\n\r\n"), {400, 505}},
      {"version with a leading zero", Bytes("GET / HTTP/01.1\r\nHost: a\r\n\r\n"), {400, 505}},
      {"version with a blank after it", Bytes("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), {400, 505}},
      {"another protocol", Bytes("GET / ICE/1.1\r\nHost: a\r\n\r\n"), {400, 505}},
      {"TLS client hello", Bytes("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv), {400}},
      {"nothing but blank lines", Bytes("\r\n\r\n\r\n\r\n"), {400}},
      // Sizes.
      {"request line of 64 KB",
       "GET /" + std::string(65536, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
       {400, 414, 431}},
      {"header value of 64 KB", Get("Host: a\r\nX: " + std::string(65536, 'a') + "\r\n"), {431}},
      {"header name of 64 KB",
       Get("Host: a\r\n" + std::string(65536, 'a') + ": b\r\n"),
       {400, 431}},
      {"a thousand headers",
       [] {
         std::string headers = "Host: a\r\n";
         for (int i = 0; i < 1000; ++i) headers += "X: b\r\n";
         return Get(headers);
       }(),
       {431}},
      {"expectation unknown", Post("Expect: miracles\r\nContent-Length: 1\r\n", "a"), {417}},
  };
}

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("an ambiguous request gets at most one refusal and its connection is closed",
          "[http][framing]") {
  std::atomic<int> handled = 0;
  ctc::testing::IoThreads io(2);
  Handler handler = [&](const Request&) -> Task<Response> {
    ++handled;
    co_return Response();
  };
  ServerOptions options;
  options.header_timeout = absl::Seconds(5);
  options.body_timeout = absl::Seconds(5);
  const auto server = Server::Start(io.executor(), options, handler);
  REQUIRE(server.ok());
  const std::vector<FramingCase> cases = Cases();
  REQUIRE(cases.size() >= 57);
  for (const FramingCase& framing : cases) {
    INFO(framing.name);
    RawSocket client = RawSocket::Connect((*server)->port());
    client.Send(framing.bytes + std::string(kSecond));
    const std::string answer = client.ReceiveAll();
    INFO(answer);
    CHECK(client.closed());
    CHECK(Count(answer, "\r\nDate: ") <= 1);
    if (!answer.empty()) {
      REQUIRE(answer.size() > 12);
      const int status = std::stoi(answer.substr(9, 3));
      CHECK(std::count(framing.allowed.begin(), framing.allowed.end(), status) == 1);
    }
    CHECK(handled == 0);
  }
}

TEST_CASE("a proper request in unusual clothes is served", "[http][framing]") {
  ctc::testing::IoThreads io;
  Handler handler = [](const Request& request) -> Task<Response> {
    Response response;
    response.body = request.method + " " + request.path + " " + request.query + " " + request.body;
    co_return response;
  };
  const auto server = Server::Start(io.executor(), ServerOptions(), handler);
  REQUIRE(server.ok());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a  "},
      {"GET /a?b=c?d HTTP/1.1\r\nhOsT:a\r\n\r\n", "GET /a b=c?d "},
      {"GET / HTTP/1.1\r\nHost: [::1]:80\r\nX:\r\nY: \xc3\xa4 \t\r\n\r\n", "GET /  "},
      {Chunked("5;name=\"v\"\r\nabcde\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"),
       "POST /  abcde0123456789"},
      {Post("Content-Length: 005\r\n", "abcde"), "POST /  abcde"},
      {Post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"), "POST /  "},
      {Post("Content-Length: 0\r\n", ""), "POST /  "},
  };
  for (const auto& [bytes, expected] : cases) {
    INFO(bytes);
    RawSocket client = RawSocket::Connect((*server)->port());
    client.Send(bytes);
    const std::string answer = client.ReceiveText("\r\n\r\n" + expected);
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with("\r\n\r\n" + expected));
  }
}

TEST_CASE("a trailer never becomes a header of the request", "[http][framing]") {
  ctc::testing::IoThreads io;
  Handler handler = [](const Request& request) -> Task<Response> {
    Response response;
    response.body = std::string(request.headers.Get("X-Tenant-ID")) + "|";
    co_return response;
  };
  const auto server = Server::Start(io.executor(), ServerOptions(), handler);
  REQUIRE(server.ok());
  RawSocket client = RawSocket::Connect((*server)->port());
  client.Send(Chunked("1\r\na\r\n0\r\nX-Tenant-ID: evil\r\n\r\n"));
  CHECK(client.ReceiveText("|").ends_with("\r\n\r\n|"));
}

}  // namespace ctc::http
