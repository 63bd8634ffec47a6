// The public routes, worked out from the contract at start-up: each rpc with a google.api.http rule
// and our own option becomes a route; none is written by hand. Immutable; thread-safe.
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctc/common/v1/options.pb.h"
#include "libs/base/status.h"
#include "libs/http/message.h"
#include "libs/observability/metrics.h"
#include "libs/transcoding/message_table.h"
#include "services/gateway/domain/path_trie.h"

namespace ctc::gateway {

using Access = common::v1::RpcOptions::Access;

// Longest body of a route that the contract gives no limit of its own.
inline constexpr size_t kMaxBodyBytes = 1 << 20;

// One method and path, with all that a request needs precomputed.
struct Route {
  const google::protobuf::MethodDescriptor* rpc = nullptr;
  std::string rpc_path;       // "/ctc.session.v1.SessionService/GetSession"
  std::string service;        // "session": whose channel
  std::string http_method;    // "GET"
  std::string path_template;  // "/api/v1/click-to-call/sessions/{id}"
  std::string name;           // "GET /api/v1/click-to-call/sessions/{id}", for logs and metrics

  Access access = common::v1::RpcOptions::TENANT;
  std::string scope;
  bool takes_key = false;    // an Idempotency-Key means something
  bool resumable = false;    // the service finds by the key what an earlier attempt made
  bool keeps_answer = true;  // false where the answer holds a secret
  int success_status = 200;
  absl::Duration timeout;
  size_t max_body_bytes = kMaxBodyBytes;

  const google::protobuf::Message* request = nullptr;  // prototypes
  const google::protobuf::Message* response = nullptr;
  const transcoding::MessageTable* request_table = nullptr;
  std::vector<const transcoding::FieldEntry*> path_fields;
  bool takes_body = false;
  bool body_required = false;                                     // an empty body is not {}
  const google::protobuf::FieldDescriptor* body_field = nullptr;  // null: the whole request
  const transcoding::MessageTable* body_table = nullptr;
  const google::protobuf::FieldDescriptor* raw_request = nullptr;
  const google::protobuf::FieldDescriptor* raw_response = nullptr;
  const google::protobuf::FieldDescriptor* media = nullptr;  // a file, with media_range
  const google::protobuf::FieldDescriptor* media_range = nullptr;
  const google::protobuf::FieldDescriptor* response_field = nullptr;  // null: the whole response
  const transcoding::MessageTable* response_table = nullptr;
  const google::protobuf::FieldDescriptor* etag_version = nullptr;
  const google::protobuf::FieldDescriptor* etag_time = nullptr;

  observability::Counter by_class[6];  // [2] counts 2xx
  observability::Histogram seconds;
};

class RouteTable {
 public:
  // FAILED_PRECONDITION when the contract asks for what the edge cannot do; names the rpc.
  static absl::StatusOr<RouteTable> Build(
      std::span<const google::protobuf::ServiceDescriptor* const> services);

  PathMatch Find(std::string_view method, std::string_view path) const {
    return trie_.Find(method == "HEAD" ? "GET" : method, path);
  }
  // Of the request that begins so; the default where no route fits. `target` is path and query.
  size_t BodyLimit(std::string_view method, std::string_view target) const {
    const PathMatch match = Find(method, target.substr(0, target.find('?')));
    return match.route < 0 ? kMaxBodyBytes : at(match.route).max_body_bytes;
  }
  const Route& at(int route) const { return routes_[static_cast<size_t>(route)]; }
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  PathTrie trie_;
};

// The services of the contract that have routes.
std::vector<const google::protobuf::ServiceDescriptor*> PublicServices();

}  // namespace ctc::gateway
