// See invoke.h.
#include "libs/rpc/invoke.h"

#include <exception>

#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "libs/rpc/fault.h"

namespace ctc::rpc {
namespace {

constexpr std::string_view kRequests = "ctc_rpc_requests_total";
constexpr std::string_view kRequestsHelp = "Calls of an rpc, by the status they ended with.";

observability::Counter CodeCounter(const std::string& path, absl::StatusCode code) {
  return observability::MakeCounter(kRequests, kRequestsHelp,
                                    {{"method", path}, {"code", absl::StatusCodeToString(code)}});
}

absl::Status FromException(const Endpoint& endpoint, const Context& context) {
  std::string what = "not a std::exception";
  try {
    throw;
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
  }
  observability::Error(
      "rpc handler threw",
      {{"method", endpoint.path}, {"request_id", context.request_id}, {"what", what}});
  return base::MakeError(base::kInternal, "the handler failed");
}

}  // namespace

EndpointMetrics::EndpointMetrics(std::string_view path)
    : path_(path),
      ok_(CodeCounter(path_, absl::StatusCode::kOk)),
      seconds_(observability::MakeHistogram("ctc_rpc_seconds", "Time an rpc took in its handler.",
                                            {{"method", path_}})) {}

void EndpointMetrics::Count(absl::StatusCode code, absl::Duration took) const {
  if (code == absl::StatusCode::kOk) {
    ok_.Add();
  } else {
    CodeCounter(path_, code).Add();  // errors are rare: looked up, not made for each possible code
  }
  seconds_.Observe(absl::ToDoubleSeconds(took));
}

Task<absl::StatusOr<MessagePtr>> Invoke(const Endpoint& endpoint, Context context,
                                        const google::protobuf::Message& request) {
  const base::Clock& clock = base::SystemClock();
  if (context.deadline != absl::InfiniteFuture() && clock.Now() >= context.deadline) {
    endpoint.metrics->Count(absl::StatusCode::kDeadlineExceeded, absl::ZeroDuration());
    co_return base::MakeError(base::kDeadlineExceeded, "the deadline passed before the call began");
  }
  const absl::Duration begin = clock.Monotonic();
  absl::StatusOr<MessagePtr> response = MessagePtr();
  try {
    response = co_await endpoint.handle(context, request);
  } catch (...) {
    response = FromException(endpoint, context);
  }
  endpoint.metrics->Count(response.status().code(), clock.Monotonic() - begin);
  co_return response;
}

absl::Status NotServed(std::string_view path) {
  return WiringFault(absl::StatusCode::kUnimplemented,
                     std::string(path) + " is not served by this process");
}

}  // namespace ctc::rpc
