// Our questions to the dispatch service about one session.
#pragma once

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "services/session/service/core.h"

namespace ctc::session {

dispatch::v1::CallOrder OrderOf(const store::Record& record);

// The provider's word on a call, in the session afterwards. `found` tells what it said.
struct LookUpOutcome {
  domain::Found found = domain::Found::kUnreachable;
  store::RecordPtr record;
};

// Asks the provider what became of the call and applies its answer: its id, which proves that it
// took the call, and its facts. Errors: the database's; a provider that cannot be asked is an
// outcome.
Task<absl::StatusOr<LookUpOutcome>> LookUp(Core& core, const rpc::Context& context,
                                           store::RecordPtr record);

// An order to the provider about this call, with the legs that are there: the agent's as the
// provider knows it.
dispatch::v1::ControlCallRequest ControlRequest(const store::Record& record,
                                                dispatch::v1::ControlCallRequest::Action action);
// The same about one party.
dispatch::v1::ControlCallRequest ControlRequest(const store::Record& record,
                                                dispatch::v1::ControlCallRequest::Action action,
                                                dispatch::v1::ControlCallRequest::Target target);

Task<absl::StatusOr<dispatch::v1::ControlCallResponse>> Control(
    Core& core, const rpc::Context& context, dispatch::v1::ControlCallRequest request);
Task<absl::StatusOr<dispatch::v1::ControlCallResponse>> Control(
    Core& core, const rpc::Context& context, store::RecordPtr record,
    dispatch::v1::ControlCallRequest::Action action, std::string digits);

}  // namespace ctc::session
