// One protobuf service as ordinary unary gRPC methods, built at run time from the endpoints instead
// of generated stubs. Inside libs/rpc only.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/status.h"
#include "libs/rpc/handler_map.h"

namespace ctc::rpc {

struct ServingLimits {
  std::string shared_secret;  // empty: no check
  size_t max_message_bytes = 0;
};

class UnaryService : public grpc::Service {
 public:
  // `endpoints`, `executor` and `limits` outlive it.
  UnaryService(const std::vector<const Endpoint*>& endpoints, asio::any_io_executor executor,
               const ServingLimits& limits);
};

// True when `secret` is the shared one, or there is none.
bool IsTrusted(std::string_view secret, const ServingLimits& limits);
absl::Status NotTrusted();

// "/ctc.session.v1.SessionService/GetSession" -> "ctc.session.v1.SessionService".
std::string ServiceOf(std::string_view path);

}  // namespace ctc::rpc
