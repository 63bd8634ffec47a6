// A provider that keeps no reference of ours knows a lost call by its numbers and time only, and an
// agent may have clicked twice: a call that such a look-up comes upon is believed to be a session's
// when it is no other conversation's.
#pragma once

#include <functional>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/rpc/channel.h"

namespace ctc::dispatch {

using AskProvider =
    std::function<Task<absl::StatusOr<v1::LookUpCallResponse>>(const v1::LookUpCallRequest&)>;

// What `ask` says of the call of request.order, others' calls passed over: it is asked again
// without each. FOUND_UNSPECIFIED when the session service cannot tell whose a call is, or when so
// many are others' that it looks like a mistake. A call that is asked for by its id is believed as
// it is.
Task<absl::StatusOr<v1::LookUpCallResponse>> LookUpOwnCall(rpc::Channel& session,
                                                           rpc::Context context,
                                                           v1::LookUpCallRequest request,
                                                           AskProvider ask);

}  // namespace ctc::dispatch
