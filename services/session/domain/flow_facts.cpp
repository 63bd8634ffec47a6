// From steps and answers to facts. Keys are made of the step's number: a repetition adds nothing.
#include "services/session/domain/flow_facts.h"

#include <absl/strings/str_cat.h>

#include "libs/base/proto_time.h"
#include "services/session/domain/inbound.h"

namespace ctc::session::domain {
namespace {

using Kind = v1::CallFact;

Fact FactAt(std::string key, Kind::Kind kind, v1::Leg::Party party, v1::KnownBy source,
            absl::Time now) {
  Fact fact;
  fact.set_event_key(std::move(key));
  fact.set_kind(kind);
  fact.set_party(party);
  fact.set_source(source);
  *fact.mutable_received_time() = base::ToProto(now);
  return fact;
}

// How the offer ended that the caller's next question follows.
Kind::Kind OverKind(FlowInput::Kind kind) {
  switch (kind) {
    case FlowInput::DIAL_BUSY:
      return Kind::CALL_BUSY;
    case FlowInput::DIAL_NO_ANSWER:
      return Kind::CALL_NO_ANSWER;
    case FlowInput::DIAL_REJECTED:
      return Kind::CALL_REJECTED;
    case FlowInput::DIAL_FAILED:
      return Kind::CALL_FAILED;
    default:
      return Kind::CALL_ENDED;
  }
}

}  // namespace

Fact ArrivalFact(std::string_view provider_call_id, v1::KnownBy source, absl::Time now) {
  Fact fact = FactAt("flow:arrived", Kind::CALL_INITIATED, v1::Leg::CUSTOMER, source, now);
  fact.set_provider_leg_id(std::string(provider_call_id));
  return fact;
}

Facts FactsOfInput(const SessionState& state, const FlowStep& step, const FlowInput& input,
                   v1::KnownBy source, absl::Time now) {
  Facts facts;
  const std::string at = absl::StrCat("flow:", step.number());
  if (input.kind() == FlowInput::CALLER_GONE) {
    facts.push_back(FactAt(at + ":gone", Kind::CALL_ENDED, v1::Leg::CUSTOMER, source, now));
    return facts;
  }
  if (step.has_dial()) {
    // They talked, and the provider's own word on it is still to come.
    if (input.kind() == FlowInput::DIAL_ENDED && state.offer_open) {
      facts.push_back(FactAt(at + ":talked", Kind::CALL_ANSWERED, v1::Leg::AGENT, source, now));
    }
    facts.push_back(OfferOverFact(step.number(), OverKind(input.kind()), now));
  }
  if (input.kind() == FlowInput::VOICEMAIL_LEFT) {
    const v1::Leg::Party nobody = v1::Leg::PARTY_UNSPECIFIED;
    facts.push_back(FactAt(at + ":message", Kind::CALL_MACHINE, nobody, source, now));
    if (!input.recording_url().empty()) {
      facts.push_back(FactAt(at + ":recording", Kind::RECORDING_READY, nobody, source, now));
      facts.back().set_recording_url(input.recording_url());
      facts.back().set_duration_seconds(input.recording_seconds());
    }
  }
  return facts;
}

Facts FactsOfStep(const SessionState& state, const FlowStep& step, std::string_view explanation,
                  absl::Time now) {
  if (step.has_dial()) {
    Fact offer = OfferFact(step.number(), now, step.dial().phone());
    offer.set_agent_id(step.dial().agent_id());
    offer.set_message(std::string(explanation));
    return {offer};
  }
  if (!step.has_hang_up() || state.answered_at) return {};
  Fact fact = FactAt(absl::StrCat("flow:", step.number(), ":hang-up"), Kind::CANCEL_REQUESTED,
                     v1::Leg::PARTY_UNSPECIFIED, v1::SUBMISSION, now);
  const v1::EndReason reason = step.hang_up().reason();
  fact.set_reason(reason == v1::END_REASON_UNSPECIFIED ? v1::NORMAL : reason);
  fact.set_message(std::string(explanation));
  return {fact};
}

FlowStep Farewell(const SessionState& state, int last_number) {
  FlowStep step;
  step.set_number(last_number + 1);
  step.mutable_hang_up()->set_reason(state.end_reason);
  return step;
}

}  // namespace ctc::session::domain
