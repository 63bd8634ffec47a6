// Builders of facts with defaults, so that a test names only what matters.
#pragma once

#include <string>

#include "libs/base/proto_time.h"
#include "services/session/domain/state.h"

namespace ctc::session::domain {

inline absl::Time At(int seconds) { return absl::FromUnixSeconds(1764757800 + seconds); }

// A webhook's fact about the conversation, by the provider's clock, heard of one second later.
inline Fact AFact(v1::CallFact::Kind kind, int seconds, std::string key = "") {
  Fact fact;
  fact.set_kind(kind);
  fact.set_event_key(key.empty() ? v1::CallFact::Kind_Name(kind) + std::to_string(seconds) : key);
  *fact.mutable_provider_time() = base::ToProto(At(seconds));
  *fact.mutable_received_time() = base::ToProto(At(seconds + 1));
  fact.set_source(v1::WEBHOOK);
  return fact;
}

inline Fact Of(v1::Leg::Party party, Fact fact) {
  fact.set_party(party);
  fact.set_event_key(fact.event_key() + v1::Leg::Party_Name(party));
  return fact;
}

inline Fact By(v1::KnownBy source, Fact fact) {
  fact.set_source(source);
  fact.set_event_key(fact.event_key() + v1::KnownBy_Name(source));
  return fact;
}

inline Fact Untimed(Fact fact) {
  fact.clear_provider_time();
  return fact;
}

inline Fact WithDuration(int seconds, Fact fact) {
  fact.set_duration_seconds(seconds);
  return fact;
}

inline CallStart AgentFirst() {
  return {At(0), v1::Session::OUTBOUND, "PJSIP/agent-a", "+1234567890"};
}

inline CallStart CustomerOnly() { return {At(0), v1::Session::OUTBOUND, "", "+1234567890"}; }

// A caller, known by the provider's id of its leg.
inline CallStart Inbound() { return {At(0), v1::Session::INBOUND, "PJSIP/agent-a", "+1234567890"}; }

inline Fact AtLeg(std::string id, Fact fact) {
  fact.set_provider_leg_id(id);
  fact.set_event_key(fact.event_key() + id);
  return fact;
}

}  // namespace ctc::session::domain
