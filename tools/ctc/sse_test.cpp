// The event stream, whole and cut.
#include "tools/ctc/sse.h"

#include <catch2/catch.hpp>

namespace ctc::tool {
namespace {

TEST_CASE("an event has its type, data and id") {
  EventParser parser;
  const auto events = parser.Feed("id: 7\nevent: session.ringing\ndata: {\"a\":1}\n\n");
  REQUIRE(events.size() == 1);
  CHECK(events[0].type == "session.ringing");
  CHECK(events[0].data == "{\"a\":1}");
  CHECK(parser.last_id() == "7");
}

TEST_CASE("bytes may be cut anywhere, and lines end in three ways") {
  const std::string stream =
      "id: 1\r\nevent: a\r\ndata: x\r\n\r\nid: 2\revent: b\rdata: y\r\rid: 3\ndata: z\n\n";
  for (size_t step = 1; step <= stream.size(); ++step) {
    EventParser parser;
    std::string seen;
    for (size_t at = 0; at < stream.size(); at += step) {
      for (const ServerEvent& event : parser.Feed(std::string_view(stream).substr(at, step))) {
        seen += event.type + "=" + event.data + ";";
      }
    }
    CHECK(seen == "a=x;b=y;=z;");
    CHECK(parser.last_id() == "3");
  }
}

TEST_CASE("comments, blocks of an id only and unknown fields make no event") {
  EventParser parser;
  CHECK(parser.Feed("id: 5\n: from 5\n\n").empty());
  CHECK(parser.last_id() == "5");
  CHECK(parser.Feed(": alive\n\ncolour: red\n\ndata\n\n").size() == 1);
  CHECK(parser.last_id() == "5");
}

TEST_CASE("data over several lines is one text") {
  EventParser parser;
  const auto events = parser.Feed("data: a\ndata:b\ndata:  c\n\n");
  REQUIRE(events.size() == 1);
  CHECK(events[0].data == "a\nb\n c");
}

TEST_CASE("an event that the break cut is neither told nor counted, so that it comes again") {
  EventParser parser;
  CHECK(parser.Feed("id: 8\ndata: whole\n\nid: 9\nevent: t\ndata: ha").size() == 1);
  parser.Break();
  CHECK(parser.last_id() == "8");
  const auto events = parser.Feed(": from 8\n\nid: 9\ndata: half\n\n");
  REQUIRE(events.size() == 1);
  CHECK(events[0].data == "half");
  CHECK(events[0].type.empty());
  CHECK(parser.last_id() == "9");
}

TEST_CASE("the server says how long to wait, within bounds") {
  EventParser parser;
  CHECK(parser.retry() == absl::Seconds(1));
  parser.Feed("retry: 2500\n\n");
  CHECK(parser.retry() == absl::Milliseconds(2500));
  parser.Feed("retry: 0\n\n");
  CHECK(parser.retry() == absl::Milliseconds(100));
  parser.Feed("retry: 99999999\n\n");
  CHECK(parser.retry() == absl::Seconds(30));
  parser.Feed("retry: soon\n\n");
  CHECK(parser.retry() == absl::Seconds(30));
}

}  // namespace
}  // namespace ctc::tool
