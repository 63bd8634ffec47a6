#include "services/gateway/service/problem.h"

#include <absl/strings/str_cat.h>

#include <cmath>

#include "libs/base/error_catalogue.h"
#include "libs/transcoding/json_writer.h"

namespace ctc::gateway {
namespace {

using transcoding::AppendJsonString;

// Errors without a detail of the catalogue: by google.rpc.Code, as google/rpc/code.proto maps them.
base::ErrorDetail FullDetail(const absl::Status& status) {
  base::ErrorDetail detail = base::DetailOf(status);
  if (detail.title.empty()) detail.title = base::kInternal.title;
  if (detail.code.empty()) detail.code = base::kInternal.code;
  return detail;
}

bool IsMasked(const absl::Status& status, const base::ErrorDetail& detail) {
  return status.code() == absl::StatusCode::kInternal ||
         status.code() == absl::StatusCode::kUnknown ||
         status.code() == absl::StatusCode::kDataLoss || detail.code == base::kInternal.code;
}

void AppendMember(std::string_view name, std::string_view value, std::string& out) {
  absl::StrAppend(&out, ",\"", absl::string_view(name.data(), name.size()), "\":");
  AppendJsonString(value, out);
}

void AppendErrors(const base::ErrorDetail& detail, std::string& out) {
  out += ",\"errors\":[";
  bool first = true;
  for (const base::FieldError& error : detail.fields) {
    if (!first) out += ',';
    first = false;
    out += "{\"field\":";
    AppendJsonString(error.field, out);
    AppendMember("detail", error.detail, out);
    out += '}';
  }
  out += ']';
}

void AppendMetadata(const base::ErrorDetail& detail, std::string& out) {
  if (detail.metadata.empty()) return;
  out += ",\"metadata\":{";
  bool first = true;
  for (const auto& [name, value] : detail.metadata) {
    if (!first) out += ',';
    first = false;
    AppendJsonString(name, out);
    out += ':';
    AppendJsonString(value, out);
  }
  out += '}';
}

std::string Body(const base::ErrorDetail& detail, std::string_view text, std::string_view instance,
                 std::string_view request_id) {
  std::string out;
  out.reserve(512);
  out += "{\"success\":false";
  AppendMember("type", "urn:ctc:error:" + detail.code, out);
  AppendMember("title", detail.title, out);
  absl::StrAppend(&out, ",\"status\":", detail.http_status);
  AppendMember("detail", text, out);
  if (!instance.empty()) AppendMember("instance", instance, out);
  AppendMember("code", detail.code, out);
  AppendErrors(detail, out);
  AppendMetadata(detail, out);
  if (!detail.action.empty()) AppendMember("action", detail.action, out);
  AppendMember("request_id", request_id, out);
  out += '}';
  return out;
}

int RetryAfterSeconds(const base::ErrorDetail& detail) {
  if (detail.retry_after) {
    return std::max(1, static_cast<int>(std::ceil(absl::ToDoubleSeconds(*detail.retry_after))));
  }
  return detail.http_status == 503 || detail.http_status == 429 ? 1 : 0;
}

http::Response Respond(const base::ErrorDetail& detail, std::string body) {
  http::Response response;
  response.status = detail.http_status;
  response.headers.Add("Content-Type", "application/problem+json");
  response.headers.Add("Cache-Control", "no-store");
  if (const int seconds = RetryAfterSeconds(detail); seconds > 0) {
    response.headers.Add("Retry-After", std::to_string(seconds));
  }
  if (detail.http_status == 401) response.headers.Add("WWW-Authenticate", "Bearer");
  response.body = std::move(body);
  return response;
}

}  // namespace

http::Response ProblemResponse(const absl::Status& status, std::string_view instance,
                               std::string_view request_id) {
  base::ErrorDetail detail = FullDetail(status);
  std::string text(status.message());
  if (IsMasked(status, detail)) {
    detail.code = base::kInternal.code;
    detail.title = base::kInternal.title;
    detail.action = base::kInternal.action;
    detail.http_status = base::kInternal.http_status;
    detail.fields.clear();
    detail.metadata.clear();
    text = "An error of ours; the request_id finds it in our log.";
  }
  if (text.empty()) text = detail.title;
  return Respond(detail, Body(detail, text, instance, request_id));
}

int HttpStatusOf(const absl::Status& status) {
  const base::ErrorDetail detail = FullDetail(status);
  return IsMasked(status, detail) ? base::kInternal.http_status : detail.http_status;
}

http::Response ServerProblem(int status, std::string_view code, std::string_view detail_text,
                             std::string_view request_id) {
  base::ErrorDetail detail;
  detail.code = code;
  detail.http_status = status;
  detail.title = "The request was refused before it was read";
  if (code == base::kBodyTooLarge.code) detail.action = base::kBodyTooLarge.action;
  if (code == base::kOverloaded.code) detail.action = base::kOverloaded.action;
  return Respond(detail, Body(detail, detail_text, "", request_id));
}

}  // namespace ctc::gateway
