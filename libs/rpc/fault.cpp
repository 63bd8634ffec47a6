#include "libs/rpc/fault.h"

#include <absl/strings/cord.h>

#include "libs/base/error_catalogue.h"

namespace ctc::rpc {
namespace {

constexpr char kNeverSentUrl[] = "ctc.rpc.never_sent";

}  // namespace

absl::Status WiringFault(absl::StatusCode code, std::string_view text) {
  const base::ErrorDetail detail = base::DetailOf(base::MakeError(base::kInternal, ""));
  return base::WithDetail(absl::Status(code, absl::string_view(text.data(), text.size())), detail);
}

absl::Status NeverSent(absl::Status status) {
  status.SetPayload(kNeverSentUrl, absl::Cord(absl::string_view()));
  return status;
}

bool WasNeverSent(const absl::Status& status) {
  return status.GetPayload(kNeverSentUrl).has_value();
}

}  // namespace ctc::rpc
