#include "libs/rpc/fault.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {

TEST_CASE("a fault of ours keeps its code for a caller and is INTERNAL outside, over two hops") {
  const absl::Status fault = WiringFault(absl::StatusCode::kUnimplemented, "not bound");
  const absl::Status passed_on = StatusFromProto(StatusToProto(fault));
  for (const absl::Status& status : {fault, passed_on}) {
    CHECK(absl::IsUnimplemented(status));
    CHECK(status.message() == "not bound");
    CHECK(base::DetailOf(status).code == base::kInternal.code);
    CHECK(base::DetailOf(status).http_status == 500);
  }
}

TEST_CASE("a call that was never sent is known as such in its own process only") {
  const absl::Status away = base::MakeError(base::kUnavailable, "away");
  CHECK_FALSE(WasNeverSent(away));
  CHECK_FALSE(WasNeverSent(absl::OkStatus()));
  const absl::Status marked = NeverSent(away);
  CHECK(WasNeverSent(marked));
  CHECK(base::IsError(marked, base::kUnavailable));
  CHECK_FALSE(WasNeverSent(StatusFromProto(StatusToProto(marked))));
}

}  // namespace ctc::rpc
