// Files over the edge: whole, by ranges, broken off, refused.
#include <catch2/catch.hpp>

#include "ctc/recording/v1/recording_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "services/gateway/service/edge_fixture_for_test.h"

namespace ctc::gateway {
namespace {

using recording::v1::GetRecordingMediaRequest;
using recording::v1::GetRecordingMediaResponse;

constexpr char kPath[] = "/api/v1/recordings/0190a1b2-c3d4-7abc-8def-0123456789ab/media";

std::string Audio(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i % 23);
  return bytes;
}

struct Files : EdgeFixture {
  explicit Files(size_t size) : audio(Audio(size)) {
    peers.On<GetRecordingMediaRequest, GetRecordingMediaResponse>(
        recording::v1::RecordingServiceRpc::kGetRecordingMedia,
        [this](const GetRecordingMediaRequest& request) { return Piece(request); });
  }
  absl::StatusOr<GetRecordingMediaResponse> Piece(const GetRecordingMediaRequest& request) {
    const auto begin = static_cast<size_t>(request.range().offset());
    if (begin >= breaks_at) return base::MakeError(base::kProviderError, "it broke");
    GetRecordingMediaResponse response;
    common::v1::MediaPiece& media = *response.mutable_media();
    media.set_content_type("audio/wav");
    media.set_total_bytes(static_cast<int64_t>(audio.size()));
    media.set_version(begin >= changes_at ? "v2" : "v1");
    media.set_file_name("a\"b/c.wav");
    const size_t most = std::min<size_t>(static_cast<size_t>(request.range().max_bytes()), 1000);
    media.set_data(begin < audio.size() ? audio.substr(begin, most) : "");
    return response;
  }
  Reply Get(const Headers& headers = {}) { return Send("GET", kPath, "", headers); }

  std::string audio;
  size_t breaks_at = SIZE_MAX;
  size_t changes_at = SIZE_MAX;
};

TEST_CASE("a file is served whole, however many pieces it has", "[rpc][media]") {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}, size_t{4321}}) {
    Files f(size);
    const Reply reply = f.Get();
    INFO(size);
    CHECK(reply.status == 200);
    CHECK(reply.body == f.audio);
    CHECK(reply.headers.at("content-type") == "audio/wav");
    CHECK(reply.headers.at("content-length") == std::to_string(size));
    CHECK(reply.headers.at("accept-ranges") == "bytes");
    CHECK(reply.headers.at("etag") == "\"v1\"");
    CHECK(reply.headers.at("cache-control") == "private, no-store");
    CHECK(reply.headers.at("content-disposition") == "inline; filename=\"abc.wav\"");
    CHECK(reply.headers.at("x-content-type-options") == "nosniff");
  }
}

TEST_CASE("ranges of a file", "[rpc][media]") {
  Files f(4321);
  const auto range = [&](const std::string& text) { return f.Get({{"Range", text}}); };
  Reply reply = range("bytes=500-2999");
  CHECK(reply.status == 206);
  CHECK(reply.headers.at("content-range") == "bytes 500-2999/4321");
  CHECK(reply.headers.at("content-length") == "2500");
  CHECK(reply.body == f.audio.substr(500, 2500));
  reply = range("bytes=0-");
  CHECK(reply.status == 206);
  CHECK(reply.body == f.audio);
  reply = range("bytes=-100");
  CHECK(reply.headers.at("content-range") == "bytes 4221-4320/4321");
  CHECK(reply.body == f.audio.substr(4221));
  reply = range("bytes=1-2,5-6");
  CHECK(reply.status == 200);
  CHECK(reply.body == f.audio);
  reply = range("bytes=5000-");
  CHECK(reply.status == 416);
  CHECK(reply.code() == "RANGE_NOT_SATISFIABLE");
  CHECK(reply.headers.at("content-range") == "bytes */4321");
}

TEST_CASE("a client's copy is compared by its ETag", "[rpc][media]") {
  Files f(2000);
  CHECK(f.Get({{"If-None-Match", "\"v1\""}}).status == 304);
  CHECK(f.Get({{"If-None-Match", "\"v0\", W/\"v1\""}}).status == 304);
  CHECK(f.Get({{"If-None-Match", "*"}}).status == 304);
  CHECK(f.Get({{"If-None-Match", "\"v0\""}}).status == 200);
  CHECK(f.Get({{"If-None-Match", "\"v1\""}, {"Range", "bytes=1-2"}}).status == 304);
  CHECK(f.Get({{"Range", "bytes=1-2"}, {"If-Range", "\"v1\""}}).body == f.audio.substr(1, 2));
  const Reply other = f.Get({{"Range", "bytes=1-2"}, {"If-Range", "\"v0\""}});
  CHECK(other.status == 200);
  CHECK(other.body == f.audio);
}

TEST_CASE("HEAD tells of a file without sending it", "[rpc][media]") {
  Files f(4321);
  const Reply reply = f.Send("HEAD", kPath);
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-length") == "4321");
  CHECK(reply.body.empty());
  for (const char* range : {"bytes=1-2", "bytes=-5", "bytes=9999-"}) {
    INFO(range);
    const Reply whole = f.Send("HEAD", kPath, "", {{"Range", range}});
    CHECK(whole.status == 200);
    CHECK(whole.headers.at("content-length") == "4321");
    CHECK(whole.headers.count("content-range") == 0);
  }
}

TEST_CASE("what fails before the first byte is a problem", "[rpc][media]") {
  Files f(4321);
  f.breaks_at = 0;
  const Reply reply = f.Get();
  CHECK(reply.status == 502);
  CHECK(reply.code() == "PROVIDER_ERROR");
  CHECK(reply.headers.at("content-type") == "application/problem+json");
}

TEST_CASE("what fails later breaks the answer off", "[rpc][media]") {
  Files f(4321);
  SECTION("because the source fails") { f.breaks_at = 2000; }
  SECTION("because it is another file now") { f.changes_at = 2000; }
  const Reply reply = f.Get();
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-length") == "4321");
  CHECK(reply.body == f.audio.substr(0, 2000));
}

TEST_CASE("the range is asked for by its header, not by parameters", "[rpc][media]") {
  Files f(100);
  const Reply reply = f.Send("GET", std::string(kPath) + "?range=1");
  CHECK(reply.status == 400);
  CHECK(reply.code() == "UNKNOWN_FIELD");
  CHECK(f.Get({{"Authorization", std::string("Bearer ") + kAgentToken}}).code() == "SCOPE_MISSING");
}

}  // namespace
}  // namespace ctc::gateway
