// What a step of an inbound caller's way says of its call, as facts. Pure.
#pragma once

#include "ctc/routing/v1/call_flow.pb.h"
#include "services/session/domain/state.h"

namespace ctc::session::domain {

using FlowStep = routing::v1::FlowStep;
using FlowInput = routing::v1::FlowInput;

// The first fact of an inbound call: the caller is on the line.
Fact ArrivalFact(std::string_view provider_call_id, v1::KnownBy source, absl::Time now);

// What `input`, the answer to `step`, tells of a session in `state`: that an offer is over, that a
// message was left, that the caller has gone.
Facts FactsOfInput(const SessionState& state, const FlowStep& step, const FlowInput& input,
                   v1::KnownBy source, absl::Time now);

// What giving `step` to the caller means: somebody is offered the call, or we ask for its end.
Facts FactsOfStep(const SessionState& state, const FlowStep& step, std::string_view explanation,
                  absl::Time now);

// The step of a caller whose session has ended.
FlowStep Farewell(const SessionState& state, int last_number);

}  // namespace ctc::session::domain
