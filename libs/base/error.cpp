// Errors of the catalogue inside absl::Status: the detail travels as one payload, each text behind
// its length.
#include "libs/base/error.h"

#include <absl/strings/cord.h>

#include <array>
#include <cstdint>
#include <utility>

#include "libs/base/error_catalogue.h"

namespace ctc::base {
namespace {

constexpr char kTypeUrl[] = "ctc.error.v1";

void PutNumber(std::string& out, int64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
  }
}

void PutText(std::string& out, std::string_view text) {
  PutNumber(out, static_cast<int64_t>(text.size()));
  out.append(text);
}

// Reads what the Put functions wrote; after the first fault everything reads as empty.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}
  bool ok() const { return ok_; }

  int64_t Number() {
    if (data_.size() < 8) {
      ok_ = false;
      data_ = {};
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < 8; ++i) {
      value |= static_cast<uint64_t>(static_cast<unsigned char>(data_[i])) << (8 * i);
    }
    data_.remove_prefix(8);
    return static_cast<int64_t>(value);
  }

  std::string Text() {
    const int64_t size = Number();
    if (size < 0 || static_cast<uint64_t>(size) > data_.size()) {
      ok_ = false;
      data_ = {};
      return "";
    }
    std::string text(data_.substr(0, static_cast<size_t>(size)));
    data_.remove_prefix(static_cast<size_t>(size));
    return text;
  }

 private:
  std::string_view data_;
  bool ok_ = true;
};

std::string Encode(const ErrorDetail& detail) {
  std::string out;
  PutText(out, detail.code);
  PutNumber(out, detail.http_status);
  PutText(out, detail.title);
  PutText(out, detail.action);
  PutNumber(out, static_cast<int64_t>(detail.fields.size()));
  for (const FieldError& field : detail.fields) {
    PutText(out, field.field);
    PutText(out, field.detail);
  }
  PutNumber(out, static_cast<int64_t>(detail.metadata.size()));
  for (const auto& [name, value] : detail.metadata) {
    PutText(out, name);
    PutText(out, value);
  }
  PutNumber(out, detail.retry_after ? absl::ToInt64Milliseconds(*detail.retry_after) : -1);
  return out;
}

std::optional<ErrorDetail> Decode(std::string_view data) {
  Reader in(data);
  ErrorDetail detail;
  detail.code = in.Text();
  detail.http_status = static_cast<int>(in.Number());
  detail.title = in.Text();
  detail.action = in.Text();
  for (int64_t n = in.Number(); n > 0 && in.ok(); --n) {
    FieldError field;
    field.field = in.Text();
    field.detail = in.Text();
    detail.fields.push_back(std::move(field));
  }
  for (int64_t n = in.Number(); n > 0 && in.ok(); --n) {
    std::string name = in.Text();
    detail.metadata[std::move(name)] = in.Text();
  }
  if (const int64_t millis = in.Number(); millis >= 0) {
    detail.retry_after = absl::Milliseconds(millis);
  }
  if (!in.ok()) return std::nullopt;
  return detail;
}

// The entry for a status that came from elsewhere, as from gRPC itself.
const ErrorSpec& SpecFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kValidationFailed;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kAlreadyExists:
      return kAlreadyExists;
    case absl::StatusCode::kUnauthenticated:
      return kUnauthenticated;
    case absl::StatusCode::kPermissionDenied:
      return kScopeMissing;
    case absl::StatusCode::kResourceExhausted:
      return kRateLimited;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
      return kUnavailable;
    case absl::StatusCode::kDeadlineExceeded:
      return kDeadlineExceeded;
    case absl::StatusCode::kAborted:
      return kConflict;
    case absl::StatusCode::kFailedPrecondition:
      return kInUse;
    case absl::StatusCode::kUnimplemented:
      return kCapabilityMissing;
    default:
      return kInternal;
  }
}

void Fill(ErrorDetail& detail, const ErrorSpec& spec) {
  detail.code = spec.code;
  detail.http_status = spec.http_status;
  detail.title = spec.title;
  detail.action = spec.action;
}

constexpr std::array kAll = {
    &kValidationFailed,     &kMalformedJson,
    &kUnknownField,         &kUnsupportedMediaType,
    &kBodyTooLarge,         &kNotFound,
    &kRouteNotFound,        &kMethodNotAllowed,
    &kAlreadyExists,        &kInUse,
    &kUnauthenticated,      &kTenantRequired,
    &kTenantMismatch,       &kScopeMissing,
    &kRateLimited,          &kOverloaded,
    &kIdempotencyKeyReused, &kIdempotencyInProgress,
    &kIllegalTransition,    &kCallNotLive,
    &kCallAlreadyRunning,   &kAgentBusy,
    &kTransferOpen,         &kTransferState,
    &kTransferLimit,        &kPartyLimit,
    &kNoAgentAvailable,     &kAgentInactive,
    &kBlockedByPolicy,      &kNoActiveProvider,
    &kProvidersUnavailable, &kProviderUnreachable,
    &kProviderError,        &kProviderRefused,
    &kProviderRateLimited,  &kProviderCredentials,
    &kProviderTimeout,      &kSubmissionUnknown,
    &kInvalidDestination,   &kCapabilityMissing,
    &kRecordingNotReady,    &kRecordingMissing,
    &kRangeNotSatisfiable,  &kSignatureMissing,
    &kSignatureInvalid,     &kWebhookOutsideWindow,
    &kWebhookUnreadable,    &kUnknownSession,
    &kUnknownProviderType,  &kUnavailable,
    &kDeadlineExceeded,     &kConflict,
    &kDatabaseBusy,         &kInternal,
};

}  // namespace

absl::Status MakeError(const ErrorSpec& spec, std::string_view detail) {
  return MakeError(spec, detail, ErrorDetail());
}

absl::Status MakeError(const ErrorSpec& spec, std::string_view detail, ErrorDetail extra) {
  Fill(extra, spec);
  return WithDetail(absl::Status(spec.status, absl::string_view(detail.data(), detail.size())),
                    extra);
}

absl::Status InvalidField(std::string_view field, std::string_view detail) {
  ErrorDetail extra;
  extra.fields.push_back({std::string(field), std::string(detail)});
  return MakeError(kValidationFailed, std::string(field) + ": " + std::string(detail),
                   std::move(extra));
}

ErrorDetail DetailOf(const absl::Status& status) {
  if (const auto payload = status.GetPayload(kTypeUrl)) {
    if (auto detail = Decode(std::string(*payload))) return *std::move(detail);
  }
  ErrorDetail detail;
  Fill(detail, SpecFor(status.code()));
  return detail;
}

bool IsError(const absl::Status& status, const ErrorSpec& spec) {
  return !status.ok() && status.code() == spec.status && DetailOf(status).code == spec.code;
}

absl::Status WithDetail(absl::Status status, const ErrorDetail& detail) {
  const std::string encoded = Encode(detail);
  // Through string_view: Debian's gcc-built Cord(std::string&&) has a name that clang does not
  // find.
  status.SetPayload(kTypeUrl, absl::Cord(absl::string_view(encoded)));
  return status;
}

std::span<const ErrorSpec* const> AllErrors() { return kAll; }

}  // namespace ctc::base
