#include "services/gateway/service/media.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "ctc/common/v1/media.pb.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "services/gateway/domain/byte_range.h"
#include "services/gateway/domain/etag.h"

namespace ctc::gateway {
namespace {

using common::v1::MediaPiece;

constexpr int32_t kPieceBytes = 512 << 10;

Task<absl::StatusOr<MediaPiece>> Ask(MediaCall& call, int64_t offset, int32_t max_bytes) {
  google::protobuf::Message& message = *call.message;
  auto& range = static_cast<common::v1::ByteRange&>(
      *message.GetReflection()->MutableMessage(&message, call.route.media_range));
  range.set_offset(offset);
  range.set_max_bytes(max_bytes);
  rpc::Context context = call.context;
  context.deadline = call.clock.Now() + call.route.timeout;
  absl::StatusOr<rpc::MessagePtr> answer = co_await call.channel.Call(
      call.route.rpc_path, std::move(context), message, *call.route.response);
  if (!answer.ok()) co_return answer.status();
  const google::protobuf::Reflection& reflection = *(*answer)->GetReflection();
  co_return std::move(
      static_cast<MediaPiece&>(*reflection.MutableMessage(answer->get(), call.route.media)));
}

// Sends [offset, end), of which `first` is the beginning.
Task<void> SendPieces(std::shared_ptr<MediaCall> call, std::string version, std::string first,
                      int64_t offset, int64_t end, http::StreamWriter& writer) {
  while (true) {
    offset += static_cast<int64_t>(first.size());
    if (const absl::Status sent = co_await writer.Write(std::move(first)); !sent.ok()) co_return;
    if (offset >= end) co_return;
    const auto wanted = static_cast<int32_t>(std::min<int64_t>(end - offset, kPieceBytes));
    absl::StatusOr<MediaPiece> piece = co_await Ask(*call, offset, wanted);
    const bool goes_on = piece.ok() && piece->version() == version && !piece->data().empty();
    if (!goes_on) {  // the client sees an answer shorter than announced
      observability::Warn("a file could not be sent to its end",
                          {{"request_id", call->context.request_id},
                           {"route", call->route.name},
                           {"error", piece.status()}});
      co_return;
    }
    first = std::move(*piece->mutable_data());
    first.resize(std::min(first.size(), static_cast<size_t>(wanted)));
  }
}

// Nothing but what a file name may be made of gets into the header.
std::string Disposition(std::string_view file_name) {
  std::string name;
  for (char c : file_name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    if (plain) name += c;
  }
  return name.empty() ? "inline" : absl::StrCat("inline; filename=\"", name, "\"");
}

http::Response HeadOf(const MediaPiece& piece, const std::string& version) {
  http::Response response;
  response.headers.Add("Accept-Ranges", "bytes");
  response.headers.Add("ETag", version);
  // Conversations of people: kept by nobody on the way.
  response.headers.Add("Cache-Control", "private, no-store");
  response.headers.Add("Content-Disposition", Disposition(piece.file_name()));
  return response;
}

}  // namespace

Task<absl::StatusOr<http::Response>> AnswerMedia(std::shared_ptr<MediaCall> call,
                                                 const http::Request& request) {
  // Of any other method a range means nothing (RFC 9110, section 14.2).
  std::optional<RangeSpec> range;
  if (request.method == "GET") range = ParseRange(request.headers.Get("Range"));
  // Where the last bytes begin is known with the length only.
  const bool suffix = range.has_value() && range->suffix.has_value();
  const int64_t guess = range.has_value() && !suffix ? range->first : 0;
  CTC_CO_ASSIGN_OR_RETURN(MediaPiece piece, co_await Ask(*call, guess, suffix ? 1 : kPieceBytes));
  const std::string version = absl::StrCat("\"", piece.version(), "\"");
  http::Response response = HeadOf(piece, version);
  if (NamesETag(request.headers.Get("If-None-Match"), version)) {
    response.status = 304;
    co_return response;
  }
  if (!RangeHolds(request.headers.Get("If-Range"), version)) range.reset();
  const int64_t total = piece.total_bytes();
  ByteSpan span{0, total};
  if (range.has_value()) {
    const std::optional<ByteSpan> wanted = Resolve(*range, total);
    if (!wanted.has_value()) {
      base::ErrorDetail extra;
      extra.metadata["total_bytes"] = std::to_string(total);
      co_return base::MakeError(base::kRangeNotSatisfiable,
                                absl::StrCat("There are ", total, " bytes."), std::move(extra));
    }
    span = *wanted;
    response.status = 206;
    response.headers.Add("Content-Range", ContentRange(span, total));
  }
  if (span.begin != guess || suffix) {
    CTC_CO_ASSIGN_OR_RETURN(piece, co_await Ask(*call, span.begin, kPieceBytes));
  }
  const int64_t length = span.end - span.begin;
  std::string first = std::move(*piece.mutable_data());
  first.resize(static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(first.size()), length)));
  response.headers.Add("Content-Type", piece.content_type());
  response.headers.Add("Content-Length", std::to_string(length));
  response.stream = [call = std::move(call), version = piece.version(), first = std::move(first),
                     span](http::StreamWriter& writer) {
    return SendPieces(call, version, first, span.begin, span.end, writer);
  };
  co_return response;
}

}  // namespace ctc::gateway
