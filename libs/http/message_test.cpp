#include "libs/http/message.h"

#include <catch2/catch.hpp>

#include "libs/http/response_writer.h"

namespace ctc::http {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("header names compare without case and keep their order", "[http][message]") {
  Headers headers;
  headers.Add("Accept", "a");
  headers.Add("accept", "b");
  CHECK(headers.Get("ACCEPT") == "a");
  CHECK(headers.Count("Accept") == 2);
  headers.Set("aCCept", "c");
  CHECK(headers.Count("Accept") == 1);
  CHECK(headers.Get("accept") == "c");
  CHECK(headers.Get("other").empty());
  CHECK_FALSE(headers.Has("other"));
}

TEST_CASE("percent-decoding refuses broken escapes and bad UTF-8", "[http][message]") {
  CHECK(Decode("a%20b+c", false).value() == "a b+c");
  CHECK(Decode("a%20b+c", true).value() == "a b c");
  CHECK(Decode("%C3%A4", false).value() == "\xc3\xa4");
  CHECK(Decode("%F0%9F%98%80", false).value() == "\xf0\x9f\x98\x80");
  for (const char* bad : {"%", "%2", "%zz", "a%4", "%C3", "%C0%AF", "%E0%80%AF", "%ED%A0%80",
                          "%F4%90%80%80", "%FF", "%80"}) {
    INFO(bad);
    CHECK(Decode(bad, false).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("what is encoded decodes to itself", "[http][message]") {
  std::string all;
  for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
  CHECK(Decode(Encode(all), false).value() == all);
  CHECK(Encode("a-b._~/+ ") == "a-b._~%2F%2B%20");
}

TEST_CASE("a form keeps the order and repeated names", "[http][message]") {
  CHECK(ParseForm("a=1&b=x+y&a=2&c&&d=%3D").value() ==
        Pairs{{"a", "1"}, {"b", "x y"}, {"a", "2"}, {"c", ""}, {"d", "="}});
  CHECK(ParseForm("").value().empty());
  CHECK_FALSE(ParseForm("a=%").ok());
}

TEST_CASE("a header value cannot split the response", "[http][message]") {
  Response response;
  response.headers.Add("X-Echo", "a\r\nSet-Cookie: evil");
  response.headers.Add("Content-Length", "999");
  response.headers.Add("Transfer-Encoding", "chunked");
  HeadPlan plan;
  plan.length = 3;
  std::string head;
  AppendHead(response, plan, head);
  CHECK(head.find("\r\nSet-Cookie") == std::string::npos);
  CHECK(head.find("999") == std::string::npos);
  CHECK(head.find("chunked") == std::string::npos);
  CHECK(head.ends_with("Content-Length: 3\r\n\r\n"));
}

TEST_CASE("statuses have the reason phrases of RFC 9110", "[http][message]") {
  CHECK(ReasonPhrase(200) == "OK");
  CHECK(ReasonPhrase(431) == "Request Header Fields Too Large");
  CHECK(ReasonPhrase(505) == "HTTP Version Not Supported");
  CHECK(ReasonPhrase(299) == "Status");
}

}  // namespace ctc::http
