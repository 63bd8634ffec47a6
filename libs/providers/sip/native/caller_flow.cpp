// The caller's side of the call machine: each step of its flow, obeyed as far as signalling can.
#include "libs/providers/sip/native/turn.h"

#include <utility>

namespace ctc::providers::sip::native {

using routing::v1::FlowInput;
using routing::v1::FlowStep;

Call NewInbound(std::string id, std::string offer, const std::string& address) {
  Call call;
  call.id = std::move(id);
  Leg& caller = AddCaller(call);
  caller.heard = std::move(offer);
  caller.origin.address = address;
  caller.asked = true;  // the stack refreshes such a session without an offer
  return call;
}

Effects TakeStep(Call& call, const FlowStep& step) {
  Turn turn(call);
  call.flow->asking = false;
  if (call.flow->gone) {
    turn.ReleaseHeld();
    return turn.Finish();
  }
  // The caller talks already, or an agent is being rung by this very step.
  const bool known = step.number() == call.flow->step.number() && step.has_dial();
  if (call.joined || call.ending || known) return turn.Finish();
  call.flow->step = step;
  turn.Perform();
  return turn.Finish();
}

Effects FlowFailed(Call& call) {
  Turn turn(call);
  call.flow->asking = false;
  turn.ReleaseHeld();
  if (call.flow->gone || call.joined || call.ending) return turn.Finish();
  session::v1::CallFact fact;
  fact.set_kind(session::v1::CallFact::CALL_ENDED);
  fact.set_reason(session::v1::PROVIDER_ERROR);
  turn.Refuse(503, std::move(fact));
  return turn.Finish();
}

Effects FlowTimer(Call& call, int number) {
  Turn turn(call);
  const bool counts = call.flow && number == call.flow->timer && !call.flow->asking;
  if (counts && !call.flow->gone && !call.joined) turn.Ask(FlowInput::DONE);
  return turn.Finish();
}

}  // namespace ctc::providers::sip::native
