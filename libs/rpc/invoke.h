// The one door through which every handler is called, whether the caller is in this process or not:
// deadline, exceptions, metrics. Inside libs/rpc only.
#pragma once

#include <string_view>

#include "libs/observability/metrics.h"
#include "libs/rpc/handler_map.h"

namespace ctc::rpc {

// The metric handles of one endpoint. Thread-safe.
class EndpointMetrics {
 public:
  explicit EndpointMetrics(std::string_view path);
  void Count(absl::StatusCode code, absl::Duration took) const;

 private:
  std::string path_;
  observability::Counter ok_;
  observability::Histogram seconds_;
};

// Calls `endpoint`. A call whose deadline has passed is not begun; one that has begun is limited by
// its own waits, each of which derives from context.deadline. An exception becomes INTERNAL.
// `endpoint` and `request` must outlive the task.
Task<absl::StatusOr<MessagePtr>> Invoke(const Endpoint& endpoint, Context context,
                                        const google::protobuf::Message& request);

// What a process answers for a path it does not serve.
absl::Status NotServed(std::string_view path);

}  // namespace ctc::rpc
