#include "services/gateway/service/routes.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "ctc/common/v1/http.pb.h"
#include "ctc/dispatch/v1/provider_service.pb.h"
#include "ctc/gateway/v1/gateway_service.pb.h"
#include "ctc/recording/v1/recording_service.pb.h"
#include "ctc/routing/v1/ivr_service.pb.h"
#include "ctc/routing/v1/queue_service.pb.h"
#include "ctc/routing/v1/routing_service.pb.h"
#include "ctc/session/v1/session_service.pb.h"
#include "ctc/session/v1/transfer_service.pb.h"
#include "ctc/stats/v1/stats_service.pb.h"
#include "ctc/webhook/v1/webhook_service.pb.h"
#include "google/api/annotations.pb.h"

namespace ctc::gateway {
namespace {

namespace pb = google::protobuf;

constexpr absl::Duration kDefaultTimeout = absl::Seconds(15);

absl::Status Unsupported(const pb::MethodDescriptor* rpc, std::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat(rpc->full_name(), ": ", absl::string_view(why.data(), why.size())));
}

// "session" of "ctc.session.v1".
std::string ServiceName(const pb::MethodDescriptor* rpc) {
  const std::string& package = rpc->file()->package();
  const size_t from = package.find('.') + 1;
  return package.substr(from, package.find('.', from) - from);
}

bool SetPattern(const google::api::HttpRule& rule, Route& route) {
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      route.http_method = "GET";
      route.path_template = rule.get();
      return true;
    case google::api::HttpRule::kPut:
      route.http_method = "PUT";
      route.path_template = rule.put();
      return true;
    case google::api::HttpRule::kPost:
      route.http_method = "POST";
      route.path_template = rule.post();
      return true;
    case google::api::HttpRule::kDelete:
      route.http_method = "DELETE";
      route.path_template = rule.delete_();
      return true;
    case google::api::HttpRule::kPatch:
      route.http_method = "PATCH";
      route.path_template = rule.patch();
      return true;
    default:
      return false;
  }
}

const pb::FieldDescriptor* FieldOf(const pb::Descriptor* message, const char* name,
                                   std::string_view type) {
  const pb::FieldDescriptor* field = message->FindFieldByName(name);
  const bool fits = field != nullptr && field->message_type() != nullptr && !field->is_repeated() &&
                    field->message_type()->full_name() == type;
  return fits ? field : nullptr;
}

bool HoldsSecret(const pb::Descriptor* message) {
  for (int i = 0; i < message->field_count(); ++i) {
    const auto sensitivity = message->field(i)->options().GetExtension(common::v1::sensitivity);
    if (sensitivity == common::v1::SENSITIVITY_SECRET) return true;
  }
  return false;
}

absl::Status BindPath(Route& route) {
  std::string_view rest = route.path_template;
  for (size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    rest.remove_prefix(open + 1);
    const transcoding::FieldEntry* field =
        route.request_table->Find(rest.substr(0, rest.find('}')));
    if (field == nullptr)
      return Unsupported(route.rpc, "a path variable is no field of the request");
    route.path_fields.push_back(field);
  }
  return absl::OkStatus();
}

absl::Status BindBody(const google::api::HttpRule& rule, Route& route) {
  if (rule.body().empty()) return absl::OkStatus();
  route.takes_body = true;
  route.body_table = route.request_table;
  if (rule.body() != "*") {
    const transcoding::FieldEntry* field = route.request_table->Find(rule.body());
    if (field == nullptr || field->message == nullptr || field->repeated || field->map) {
      return Unsupported(route.rpc, "its body is no message field of the request");
    }
    route.body_field = field->field;
    route.body_table = field->message;
  }
  // A field without presence that the path does not give has to be said.
  for (const transcoding::FieldEntry& field : route.body_table->fields) {
    const auto& bound = route.path_fields;
    const bool in_path = std::find(bound.begin(), bound.end(), &field) != bound.end();
    route.body_required |= !in_path && !field.has_presence && !field.repeated && !field.map;
  }
  return absl::OkStatus();
}

absl::Status BindResponse(const google::api::HttpRule& rule, Route& route) {
  const pb::Descriptor* output = route.rpc->output_type();
  route.response_table = &transcoding::TableOf(output);
  route.raw_response = FieldOf(output, "raw", "ctc.common.v1.HttpResponse");
  route.media = FieldOf(output, "media", "ctc.common.v1.MediaPiece");
  route.media_range = FieldOf(route.rpc->input_type(), "range", "ctc.common.v1.ByteRange");
  if ((route.media == nullptr) != (route.media_range == nullptr)) {
    return Unsupported(route.rpc, "a file is served with `range` and `media` only");
  }
  if (!rule.response_body().empty()) {
    const transcoding::FieldEntry* field = route.response_table->Find(rule.response_body());
    if (field == nullptr || field->message == nullptr || field->repeated || field->map) {
      return Unsupported(route.rpc, "its response_body is no message field of the response");
    }
    route.response_field = field->field;
    route.response_table = field->message;
  }
  if (route.http_method != "GET") return absl::OkStatus();
  const pb::Descriptor* shown = route.response_table->descriptor;
  const pb::FieldDescriptor* version = shown->FindFieldByName("version");
  if (version != nullptr && version->cpp_type() == pb::FieldDescriptor::CPPTYPE_INT64) {
    route.etag_version = version;
  }
  const pb::FieldDescriptor* time = shown->FindFieldByName("updated_at");
  if (time != nullptr && time->message_type() == pb::Timestamp::descriptor())
    route.etag_time = time;
  return absl::OkStatus();
}

void SetOptions(const common::v1::RpcOptions& options, Route& route) {
  route.access = options.access();
  route.scope = options.scope();
  route.takes_key = route.http_method == "POST" && !options.idempotent() &&
                    route.access == common::v1::RpcOptions::TENANT && route.raw_request == nullptr;
  route.keeps_answer = !HoldsSecret(route.rpc->output_type());
  // Session keeps the key in the transaction that makes the session.
  route.resumable = route.rpc->full_name() == "ctc.session.v1.SessionService.InitiateCall";
  if (options.success_status() != 0) route.success_status = options.success_status();
  if (options.max_body_kb() > 0) {
    route.max_body_bytes = static_cast<size_t>(options.max_body_kb()) << 10;
  }
  route.timeout =
      options.timeout_ms() > 0 ? absl::Milliseconds(options.timeout_ms()) : kDefaultTimeout;
}

void MakeMetrics(Route& route) {
  static constexpr std::string_view kClasses[] = {"1xx", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 1; i < 6; ++i) {
    const observability::Labels labels = {{"route", route.name},
                                          {"code", std::string(kClasses[i])}};
    route.by_class[i] = observability::MakeCounter("ctc_gateway_requests_total",
                                                   "Requests answered, by route.", labels);
  }
  route.seconds = observability::MakeHistogram("ctc_gateway_request_seconds",
                                               "Time from the request read to its answer.",
                                               {{"route", route.name}});
}

absl::StatusOr<Route> MakeRoute(const pb::MethodDescriptor* rpc,
                                const google::api::HttpRule& rule) {
  Route route;
  route.rpc = rpc;
  route.rpc_path = absl::StrCat("/", rpc->service()->full_name(), "/", rpc->name());
  route.service = ServiceName(rpc);
  if (!SetPattern(rule, route)) return Unsupported(rpc, "its HTTP rule has no method of ours");
  route.name = absl::StrCat(route.http_method, " ", route.path_template);
  pb::MessageFactory* factory = pb::MessageFactory::generated_factory();
  route.request = factory->GetPrototype(rpc->input_type());
  route.response = factory->GetPrototype(rpc->output_type());
  route.request_table = &transcoding::TableOf(rpc->input_type());
  route.raw_request = FieldOf(rpc->input_type(), "raw", "ctc.common.v1.HttpRequest");
  CTC_RETURN_IF_ERROR(BindPath(route));
  CTC_RETURN_IF_ERROR(BindBody(rule, route));
  CTC_RETURN_IF_ERROR(BindResponse(rule, route));
  SetOptions(rpc->options().GetExtension(common::v1::rpc), route);
  if (route.access == common::v1::RpcOptions::TENANT && route.scope.empty()) {
    return Unsupported(rpc, "it has no scope");
  }
  MakeMetrics(route);
  return route;
}

}  // namespace

absl::StatusOr<RouteTable> RouteTable::Build(
    std::span<const pb::ServiceDescriptor* const> services) {
  RouteTable table;
  const auto add = [&](const pb::MethodDescriptor* rpc, const google::api::HttpRule& rule) {
    absl::StatusOr<Route> route = MakeRoute(rpc, rule);
    if (!route.ok()) return std::move(route).status();
    const int index = static_cast<int>(table.routes_.size());
    const absl::Status added = table.trie_.Add(route->http_method, route->path_template, index);
    table.routes_.push_back(*std::move(route));
    return added;
  };
  for (const pb::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const pb::MethodDescriptor* rpc = service->method(i);
      // Default deny: without our option nobody said who may call it.
      if (!rpc->options().HasExtension(common::v1::rpc)) continue;
      if (!rpc->options().HasExtension(google::api::http)) continue;
      const Access access = rpc->options().GetExtension(common::v1::rpc).access();
      if (access == common::v1::RpcOptions::INTERNAL) continue;
      const google::api::HttpRule& rule = rpc->options().GetExtension(google::api::http);
      CTC_RETURN_IF_ERROR(add(rpc, rule));
      for (const google::api::HttpRule& more : rule.additional_bindings()) {
        CTC_RETURN_IF_ERROR(add(rpc, more));
      }
    }
  }
  return table;
}

std::vector<const pb::ServiceDescriptor*> PublicServices() {
  const auto find = [](const pb::Descriptor* any, const char* name) {
    return any->file()->FindServiceByName(name);
  };
  return {find(session::v1::GetSessionRequest::descriptor(), "SessionService"),
          find(session::v1::Transfer::descriptor(), "TransferService"),
          find(dispatch::v1::GetProviderRequest::descriptor(), "ProviderService"),
          find(routing::v1::GetAgentRequest::descriptor(), "RoutingService"),
          find(routing::v1::IvrMenu::descriptor(), "IvrService"),
          find(routing::v1::Queue::descriptor(), "QueueService"),
          find(recording::v1::GetRecordingRequest::descriptor(), "RecordingService"),
          find(stats::v1::GetCallStatsRequest::descriptor(), "StatsService"),
          find(webhook::v1::GetWebhookLogRequest::descriptor(), "WebhookService"),
          find(gateway::v1::GetMeRequest::descriptor(), "GatewayService")};
}

}  // namespace ctc::gateway
