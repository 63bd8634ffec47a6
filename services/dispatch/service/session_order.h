// What a provider has to know of a call, from its session.
#pragma once

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "ctc/session/v1/session.pb.h"

namespace ctc::dispatch {

v1::CallOrder OrderOf(const session::v1::Session& session);

}  // namespace ctc::dispatch
