// Errors as part of the product: each carries a stable code from the catalogue, the fields at fault
// and what to do next, inside an absl::Status. Values are immutable; thread-safe.
#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ctc::base {

// One line of the catalogue. `action` tells the caller what to do next.
struct ErrorSpec {
  std::string_view code;
  absl::StatusCode status;
  int http_status;
  std::string_view title;
  std::string_view action;
};

struct FieldError {
  std::string field;   // path in the request, as "metadata.note"
  std::string detail;  // what is wrong with it
};

// What travels beside code and message. `metadata` holds values a client may use, as "session_id"
// of the call at hand or "legal" with the transitions allowed; never a secret.
struct ErrorDetail {
  std::string code;
  int http_status = 500;
  std::string title;
  std::string action;
  std::vector<FieldError> fields;
  std::map<std::string, std::string> metadata;
  std::optional<absl::Duration> retry_after;
};

// An error of the catalogue. `detail` is for people and becomes the status message.
absl::Status MakeError(const ErrorSpec& spec, std::string_view detail);
absl::Status MakeError(const ErrorSpec& spec, std::string_view detail, ErrorDetail extra);

// VALIDATION_FAILED for one field; the most common error.
absl::Status InvalidField(std::string_view field, std::string_view detail);

// The detail of an error; made up from the status code where none was attached.
ErrorDetail DetailOf(const absl::Status& status);

// True when `status` carries this catalogue code.
bool IsError(const absl::Status& status, const ErrorSpec& spec);

// Attaches a detail that came over the wire.
absl::Status WithDetail(absl::Status status, const ErrorDetail& detail);

}  // namespace ctc::base
