// A provider that keeps no reference of ours knows a lost call by its numbers and time only, and an
// agent may have clicked twice: a call that such a look-up comes upon is believed to be a session's
// when it is no other conversation's. (Two lost calls between the same numbers, of which no webhook
// has come yet, cannot be told apart.)
#pragma once

#include <functional>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/base/clock.h"
#include "libs/rpc/channel.h"

namespace ctc::dispatch {

using AskProvider =
    std::function<Task<absl::StatusOr<v1::LookUpCallResponse>>(const v1::LookUpCallRequest&)>;

// Whom to ask whose a call is.
struct Owners {
  rpc::Channel& session;
  const base::Clock& clock;
  base::TenantId tenant;
};

// What `ask` says of the call of request.order, others' calls passed over: it is asked again
// without each. FOUND_UNSPECIFIED when the session service cannot tell whose a call is, or when so
// many are others' that it looks like a mistake. A call that is asked for by its id is believed as
// it is.
Task<absl::StatusOr<v1::LookUpCallResponse>> LookUpOwnCall(Owners owners,
                                                           v1::LookUpCallRequest request,
                                                           AskProvider ask);

}  // namespace ctc::dispatch
