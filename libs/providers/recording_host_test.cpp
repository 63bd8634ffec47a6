#include "libs/providers/recording_host.h"

#include <catch2/catch.hpp>

namespace ctc::providers {
namespace {

constexpr std::string_view kHosts[] = {"example.com", "s3.amazonaws.com/bucket"};

TEST_CASE("recordings are fetched from listed hosts only", "[recording]") {
  for (const char* url : {"https://example.com/a.mp3", "http://rec.Example.com:8080/a",
                          "https://example.com", "https://s3.amazonaws.com/bucket/a.mp3"}) {
    INFO(url);
    CHECK(IsAtHost(url, kHosts));
  }
  for (const char* url :
       {"https://badexample.com/a", "https://example.com.evil.io/a", "https://example.com@evil.io/",
        "ftp://example.com/a", "https://evil.io/example.com", "https://evil.io\\@example.com/",
        "https://s3.amazonaws.com/bucket2/a", "https://s3.amazonaws.com/bucket/../other/a",
        "https://s3.amazonaws.com/", "https:///a", "", "example.com/a", "https://example.com/ a"}) {
    INFO(url);
    CHECK_FALSE(IsAtHost(url, kHosts));
  }
}

TEST_CASE("the account's own host is the same host and port", "[recording]") {
  CHECK(IsAtHostOf("http://127.0.0.1:81/r", "http://127.0.0.1:81/"));
  CHECK_FALSE(IsAtHostOf("http://127.0.0.1:82/r", "http://127.0.0.1:81/"));
  CHECK_FALSE(IsAtHostOf("", ""));
}

}  // namespace
}  // namespace ctc::providers
