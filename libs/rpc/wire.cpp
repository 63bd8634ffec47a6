// See wire.h.
#include "libs/rpc/wire.h"

#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/any.pb.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "libs/base/error.h"

namespace ctc::rpc {
namespace {

constexpr char kDomain[] = "ctc";
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kTenant[] = "x-ctc-tenant";
constexpr char kSubject[] = "x-ctc-subject";
constexpr char kRole[] = "x-ctc-role";
constexpr char kAgent[] = "x-ctc-agent";
constexpr char kScopes[] = "x-ctc-scopes";
constexpr char kRequestId[] = "x-request-id";
constexpr char kTraceparent[] = "traceparent";
constexpr char kIdempotencyKey[] = "idempotency-key";
constexpr char kPrefer[] = "prefer";
constexpr char kRespondAsync[] = "respond-async";

struct RoleName {
  Role role;
  std::string_view name;
};
constexpr RoleName kRoleNames[] = {{Role::kAgent, "agent"},
                                   {Role::kSupervisor, "supervisor"},
                                   {Role::kAdmin, "admin"},
                                   {Role::kService, "service"}};

Role RoleFromNumber(int number) {
  return number >= 0 && number <= static_cast<int>(Role::kService) ? static_cast<Role>(number)
                                                                   : Role::kNone;
}

// Metadata values may hold visible ASCII only; anything else would end the call with INTERNAL.
bool FitsMetadata(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

template <class Message>
void Pack(const Message& message, google::rpc::Status& proto) {
  proto.add_details()->PackFrom(message);
}

void ReadErrorInfo(const v1::ErrorInfo& info, base::ErrorDetail& detail) {
  detail.code = info.reason();
  detail.metadata.insert(info.metadata().begin(), info.metadata().end());
}

void ReadBadRequest(const google::rpc::BadRequest& bad, base::ErrorDetail& detail) {
  for (const auto& violation : bad.field_violations()) {
    detail.fields.push_back({violation.field(), violation.description()});
  }
}

void ReadRetryInfo(const google::rpc::RetryInfo& retry, base::ErrorDetail& detail) {
  detail.retry_after =
      absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
}

void ReadPresentation(v1::ErrorPresentation& presentation, base::ErrorDetail& detail) {
  detail.http_status = presentation.http_status();
  detail.title = std::move(*presentation.mutable_title());
  detail.action = std::move(*presentation.mutable_action());
}

void WriteRetryInfo(absl::Duration delay, google::rpc::Status& proto) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(absl::IDivDuration(delay, absl::Seconds(1), &delay));
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  Pack(retry, proto);
}

}  // namespace

std::string_view FindMetadata(const Metadata& metadata, std::string_view name) {
  const auto it = metadata.find(grpc::string_ref(name.data(), name.size()));
  return it == metadata.end() ? std::string_view()
                              : std::string_view(it->second.data(), it->second.size());
}

std::map<std::string, std::string> ContextToMetadata(const Context& context) {
  std::map<std::string, std::string> out;
  const auto put = [&out](const char* name, const std::string& value) {
    if (!value.empty() && FitsMetadata(value)) out[name] = value;
  };
  put(kTenant, context.tenant.value());
  put(kSubject, context.principal.subject);
  for (const RoleName& entry : kRoleNames) {
    if (entry.role == context.principal.role) put(kRole, std::string(entry.name));
  }
  put(kAgent, context.principal.agent_id);
  put(kScopes, absl::StrJoin(context.principal.scopes, ","));
  put(kRequestId, context.request_id);
  put(kTraceparent, context.traceparent);
  put(kIdempotencyKey, context.idempotency_key);
  if (context.prefer_async) put(kPrefer, kRespondAsync);
  return out;
}

Context ContextFromMetadata(const Metadata& metadata, absl::Time deadline) {
  const auto text = [&metadata](const char* name) {
    return std::string(FindMetadata(metadata, name));
  };
  Context context;
  context.tenant = base::TenantId(text(kTenant));
  context.principal.subject = text(kSubject);
  for (const RoleName& entry : kRoleNames) {
    if (FindMetadata(metadata, kRole) == entry.name) context.principal.role = entry.role;
  }
  context.principal.agent_id = text(kAgent);
  context.principal.scopes = absl::StrSplit(text(kScopes), ',', absl::SkipEmpty());
  context.request_id = text(kRequestId);
  context.traceparent = text(kTraceparent);
  context.idempotency_key = text(kIdempotencyKey);
  context.prefer_async = FindMetadata(metadata, kPrefer) == kRespondAsync;
  context.deadline = deadline;
  return context;
}

v1::CallContext ContextToFrame(const Context& context, absl::Time now) {
  v1::CallContext frame;
  frame.set_tenant(context.tenant.value());
  frame.set_subject(context.principal.subject);
  frame.set_role(static_cast<v1::CallContext::Role>(context.principal.role));
  frame.set_agent_id(context.principal.agent_id);
  for (const std::string& scope : context.principal.scopes) frame.add_scopes(scope);
  frame.set_request_id(context.request_id);
  frame.set_traceparent(context.traceparent);
  if (context.deadline != absl::InfiniteFuture()) {
    // A call that is late must not become one without limit.
    frame.set_timeout_us(std::max<int64_t>(1, absl::ToInt64Microseconds(context.deadline - now)));
  }
  frame.set_idempotency_key(context.idempotency_key);
  frame.set_prefer_async(context.prefer_async);
  return frame;
}

Context ContextFromFrame(v1::CallContext frame, absl::Time now) {
  Context context;
  context.tenant = base::TenantId(std::move(*frame.mutable_tenant()));
  context.principal.subject = std::move(*frame.mutable_subject());
  context.principal.role = RoleFromNumber(frame.role());
  context.principal.agent_id = std::move(*frame.mutable_agent_id());
  context.principal.scopes.assign(frame.scopes().begin(), frame.scopes().end());
  context.request_id = std::move(*frame.mutable_request_id());
  context.traceparent = std::move(*frame.mutable_traceparent());
  if (frame.timeout_us() > 0) context.deadline = now + absl::Microseconds(frame.timeout_us());
  context.idempotency_key = std::move(*frame.mutable_idempotency_key());
  context.prefer_async = frame.prefer_async();
  return context;
}

google::rpc::Status StatusToProto(const absl::Status& status) {
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(std::string(status.message()));
  if (status.ok()) return proto;
  const base::ErrorDetail detail = base::DetailOf(status);
  v1::ErrorInfo info;
  info.set_reason(detail.code);
  info.set_domain(kDomain);
  info.mutable_metadata()->insert(detail.metadata.begin(), detail.metadata.end());
  auto* any = proto.add_details();
  any->set_type_url(kErrorInfoUrl);
  any->set_value(info.SerializeAsString());
  if (!detail.fields.empty()) {
    google::rpc::BadRequest bad;
    for (const base::FieldError& field : detail.fields) {
      auto* violation = bad.add_field_violations();
      violation->set_field(field.field);
      violation->set_description(field.detail);
    }
    Pack(bad, proto);
  }
  if (detail.retry_after) WriteRetryInfo(*detail.retry_after, proto);
  v1::ErrorPresentation presentation;
  presentation.set_http_status(detail.http_status);
  presentation.set_title(detail.title);
  presentation.set_action(detail.action);
  Pack(presentation, proto);
  return proto;
}

absl::Status StatusFromProto(const google::rpc::Status& proto) {
  if (proto.code() == 0) return absl::OkStatus();
  absl::Status status(static_cast<absl::StatusCode>(proto.code()), proto.message());
  base::ErrorDetail detail = base::DetailOf(status);  // for what a foreign server leaves out
  detail.retry_after.reset();
  bool found = false;
  for (const google::protobuf::Any& any : proto.details()) {
    v1::ErrorInfo info;
    google::rpc::BadRequest bad;
    google::rpc::RetryInfo retry;
    v1::ErrorPresentation presentation;
    if (any.type_url() == kErrorInfoUrl && info.ParseFromString(any.value())) {
      ReadErrorInfo(info, detail);
    } else if (any.Is<google::rpc::BadRequest>() && any.UnpackTo(&bad)) {
      ReadBadRequest(bad, detail);
    } else if (any.Is<google::rpc::RetryInfo>() && any.UnpackTo(&retry)) {
      ReadRetryInfo(retry, detail);
    } else if (any.Is<v1::ErrorPresentation>() && any.UnpackTo(&presentation)) {
      ReadPresentation(presentation, detail);
    } else {
      continue;
    }
    found = true;
  }
  return found ? base::WithDetail(std::move(status), detail) : status;
}

grpc::Status StatusToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      StatusToProto(status).SerializeAsString());
}

absl::Status StatusFromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status proto;
  if (!status.error_details().empty() && proto.ParseFromString(status.error_details()) &&
      proto.code() == status.error_code()) {
    return StatusFromProto(proto);
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

grpc::ByteBuffer ToBuffer(const google::protobuf::MessageLite& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

bool FromBuffer(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message) {
  grpc::ByteBuffer copy(buffer);  // shares the bytes; the reader wants to write to its buffer
  grpc::ProtoBufferReader reader(&copy);
  return reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
}

}  // namespace ctc::rpc
