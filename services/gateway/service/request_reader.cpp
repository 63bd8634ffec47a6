#include "services/gateway/service/request_reader.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>

#include <bitset>

#include "ctc/common/v1/http.pb.h"
#include "libs/base/error_catalogue.h"
#include "libs/transcoding/field_text.h"
#include "libs/transcoding/json_reader.h"

namespace ctc::gateway {
namespace {

namespace pb = google::protobuf;

bool IsJson(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const absl::string_view trimmed =
      absl::StripAsciiWhitespace(absl::string_view(type.data(), type.size()));
  return absl::EqualsIgnoreCase(trimmed, "application/json") ||
         absl::EqualsIgnoreCase(trimmed, "application/merge-patch+json");
}

absl::Status ReadBody(const Route& route, const http::Request& request, pb::Message& message) {
  if (request.body.empty() && !route.body_required) return absl::OkStatus();
  const std::string_view type = request.headers.Get("Content-Type");
  if (!type.empty() && !IsJson(type)) {
    return base::MakeError(base::kUnsupportedMediaType, "The body must be application/json.");
  }
  pb::Message* target = &message;
  if (route.body_field != nullptr) {
    target = message.GetReflection()->MutableMessage(&message, route.body_field);
  }
  return transcoding::ReadJson(request.body, *route.body_table, *target);
}

absl::Status UnknownParameter(std::string_view name) {
  base::ErrorDetail extra;
  const std::string_view clipped = transcoding::Clip(name, transcoding::kMaxNameBytes);
  extra.fields.push_back({std::string(clipped), "is not known here"});
  return base::MakeError(base::kUnknownField, "The query has a parameter that is not known.",
                         std::move(extra));
}

absl::Status ReadQuery(const Route& route, const http::Request& request, pb::Message& message) {
  if (request.query.empty()) return absl::OkStatus();
  auto parameters = http::ParseForm(request.query);
  if (!parameters.ok()) {
    return base::MakeError(base::kValidationFailed, "The query string cannot be decoded.");
  }
  std::bitset<transcoding::kMaxFields> seen;
  for (const auto& [name, value] : *parameters) {
    const transcoding::FieldEntry* field = route.request_table->Find(name);
    // With `body: "*"` nothing is left for the query.
    const bool elsewhere = route.takes_body && (route.body_field == nullptr ||
                                                (field && field->field == route.body_field));
    if (field == nullptr || elsewhere || field->field == route.media_range) {
      return UnknownParameter(name);
    }
    for (const transcoding::FieldEntry* bound : route.path_fields) {
      if (bound == field) return UnknownParameter(name);
    }
    const size_t index = static_cast<size_t>(field->index);
    if (!field->repeated && seen.test(index)) return base::InvalidField(name, "is there twice");
    seen.set(index);
    CTC_RETURN_IF_ERROR(transcoding::SetFromText(value, *field, message));
  }
  return absl::OkStatus();
}

absl::Status ReadPath(const Route& route, const PathMatch& match, pb::Message& message) {
  for (size_t i = 0; i < route.path_fields.size(); ++i) {
    const transcoding::FieldEntry& field = *route.path_fields[i];
    auto value = http::Decode(match.variables[i], false);
    if (!value.ok()) return base::InvalidField(field.field->name(), "cannot be decoded");
    // A body that repeats what the path says may not contradict it.
    if (field.type == pb::FieldDescriptor::CPPTYPE_STRING && !field.repeated) {
      std::string scratch;
      const std::string& given =
          message.GetReflection()->GetStringReference(message, field.field, &scratch);
      if (!given.empty() && given != *value) {
        return base::InvalidField(field.field->name(), "is another one than in the path");
      }
    }
    CTC_RETURN_IF_ERROR(transcoding::SetFromText(*value, field, message));
  }
  return absl::OkStatus();
}

void FillRaw(const Route& route, const http::Request& request, const std::string& public_url,
             pb::Message& message) {
  auto& raw = static_cast<common::v1::HttpRequest&>(
      *message.GetReflection()->MutableMessage(&message, route.raw_request));
  raw.set_method(request.method);
  raw.set_url(public_url + request.target);
  raw.set_query(request.query);
  for (const auto& [name, value] : request.headers.all()) {
    common::v1::HttpRequest::Header& header = *raw.add_headers();
    header.set_name(absl::AsciiStrToLower(name));
    header.set_value(value);
  }
  raw.set_body(request.body);
  raw.set_remote_address(request.remote_address);
}

}  // namespace

absl::StatusOr<rpc::MessagePtr> ReadRequest(const Route& route, const PathMatch& match,
                                            const http::Request& request,
                                            const std::string& public_url) {
  rpc::MessagePtr message(route.request->New());
  if (route.raw_request != nullptr) {
    FillRaw(route, request, public_url, *message);
  } else {
    if (route.takes_body) CTC_RETURN_IF_ERROR(ReadBody(route, request, *message));
    CTC_RETURN_IF_ERROR(ReadQuery(route, request, *message));
  }
  CTC_RETURN_IF_ERROR(ReadPath(route, match, *message));
  return message;
}

}  // namespace ctc::gateway
