#include "services/gateway/service/response_printer.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/timestamp.pb.h>

#include "ctc/common/v1/http.pb.h"
#include "libs/transcoding/json_writer.h"
#include "services/gateway/domain/etag.h"

namespace ctc::gateway {
namespace {

namespace pb = google::protobuf;

http::Response PrintRaw(const Route& route, const pb::Message& message) {
  const auto& raw = static_cast<const common::v1::HttpResponse&>(
      message.GetReflection()->GetMessage(message, route.raw_response));
  http::Response response;
  response.status = raw.status() == 0 ? 200 : raw.status();
  if (!raw.content_type().empty()) response.headers.Add("Content-Type", raw.content_type());
  response.body = raw.body();
  return response;
}

// Weak: it says that the resource did not change, not that each byte is the same.
std::string ETagOf(const Route& route, const pb::Message& shown) {
  const pb::Reflection& reflection = *shown.GetReflection();
  if (route.etag_version != nullptr) {
    return absl::StrCat("W/\"v", reflection.GetInt64(shown, route.etag_version), "\"");
  }
  if (route.etag_time == nullptr || !reflection.HasField(shown, route.etag_time)) return "";
  const auto& time =
      static_cast<const pb::Timestamp&>(reflection.GetMessage(shown, route.etag_time));
  return absl::StrCat("W/\"t", time.seconds(), ".", time.nanos(), "\"");
}

}  // namespace

http::Response PrintResponse(const Route& route, const pb::Message& message,
                             const http::Request& request) {
  if (route.raw_response != nullptr) return PrintRaw(route, message);
  http::Response response;
  response.status = route.success_status;
  if (response.status == 204) return response;
  const pb::Message* shown = &message;
  if (route.response_field != nullptr) {
    shown = &message.GetReflection()->GetMessage(message, route.response_field);
  }
  if (route.etag_version != nullptr || route.etag_time != nullptr) {
    if (std::string etag = ETagOf(route, *shown); !etag.empty()) {
      const std::string_view asked = request.headers.Get("If-None-Match");
      const bool same = NamesETag(asked, etag);
      response.headers.Add("ETag", std::move(etag));
      if (same) {
        response.status = 304;
        return response;
      }
    }
  }
  response.headers.Add("Content-Type", "application/json");
  response.headers.Add("Cache-Control", "no-cache");
  response.body.reserve(1024);
  transcoding::AppendJson(*shown, *route.response_table, response.body);
  return response;
}

}  // namespace ctc::gateway
