#include "services/gateway/domain/etag.h"

#include <catch2/catch.hpp>

namespace ctc::gateway {
namespace {

TEST_CASE("an ETag is found in If-None-Match, weak or strong, alone or in a list",
          "[gateway][etag]") {
  for (const char* header : {"\"v1\"", "W/\"v1\"", "*", " * ", "\"v0\", \"v1\"", "\"v0\",W/\"v1\"",
                             " \"v1\" , \"v2\"", "\"a,b\", \"v1\"", "\"\", \"v1\"", ",, \"v1\""}) {
    INFO(header);
    CHECK(NamesETag(header, "\"v1\""));
    CHECK(NamesETag(header, "W/\"v1\""));
  }
}

TEST_CASE("no other ETag, and nothing that is none, is taken for it", "[gateway][etag]") {
  for (const char* header : {"", " ", "\"v0\"", "v1", "\"v11\"", "\"v1", "w/\"v1\"", "\"x\" v1",
                             "\"a, \"v1\"", "*, \"v0\"", "\"v0\"; \"v1\""}) {
    INFO(header);
    CHECK_FALSE(NamesETag(header, "\"v1\""));
  }
}

}  // namespace
}  // namespace ctc::gateway
