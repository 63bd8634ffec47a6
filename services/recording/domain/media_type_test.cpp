#include "services/recording/domain/media_type.h"

#include <catch2/catch.hpp>

using namespace ctc::recording;

TEST_CASE("audio is served under its registered name", "[media]") {
  CHECK(SafeMediaType("audio/x-wav") == "audio/wav");
  CHECK(SafeMediaType("Audio/WAV; rate=8000") == "audio/wav");
  CHECK(SafeMediaType("audio/mp3 ; x=y") == "audio/mpeg");
  CHECK(SafeMediaType("audio/mpeg") == "audio/mpeg");
  CHECK(SafeMediaType("audio/vnd.dlna.adts") == "audio/vnd.dlna.adts");
}

TEST_CASE("what is no audio is served as bytes", "[media]") {
  for (const char* type :
       {"", "text/html", "audio/", "audio", "image/svg+xml", "binary/octet-stream",
        "audio/wav\r\nSet-Cookie: a=b", "audio/w\xc3\xa4v"}) {
    CHECK(SafeMediaType(type) == "application/octet-stream");
  }
}

TEST_CASE("a file name ends as its type wants", "[media]") {
  CHECK(ExtensionOf("audio/wav") == ".wav");
  CHECK(ExtensionOf("audio/mpeg") == ".mp3");
  CHECK(ExtensionOf("application/octet-stream").empty());
}
