// What the facts of one session add up to: plain values, made by Fold and compared by DiffEvents.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "ctc/session/v1/fact.pb.h"
#include "ctc/session/v1/session.pb.h"

namespace ctc::session::domain {

using Fact = v1::CallFact;
using Facts = std::vector<v1::CallFact>;
using Status = v1::Session::Status;

// What is known of a session before any fact: fixed when it is made.
struct CallStart {
  absl::Time created_at;
  v1::Session::Direction direction = v1::Session::OUTBOUND;
  std::string agent_phone;  // empty: the switch finds the agent, so the only leg is the customer's
  std::string customer_phone;  // of an inbound call, the caller's
};

enum class RecordingState { kNone, kRunning, kPaused, kStopped };

struct SessionState {
  Status status = v1::Session::INITIATED;
  v1::KnownBy known_by = v1::SUBMISSION;
  v1::EndReason end_reason = v1::END_REASON_UNSPECIFIED;
  std::optional<absl::Time> started_at;
  std::optional<absl::Time> answered_at;
  std::optional<absl::Time> ended_at;
  int32_t duration_seconds = 0;
  int32_t hold_seconds = 0;
  int32_t ring_seconds = 0;
  bool is_muted = false;
  bool is_recorded = false;
  RecordingState recording = RecordingState::kNone;
  bool cancel_requested = false;
  bool offer_open = false;  // of an inbound call: an agent is offered it
  std::string recording_url;
  std::string cause;
  std::string error_code;
  std::string error_message;
  std::vector<v1::Leg> legs;
};

// INITIATED, RINGING, CONNECTED and ON_HOLD live; the rest are endings.
inline bool IsLive(Status status) {
  return status == v1::Session::INITIATED || status == v1::Session::RINGING ||
         status == v1::Session::CONNECTED || status == v1::Session::ON_HOLD;
}
inline bool IsJoined(Status status) {
  return status == v1::Session::CONNECTED || status == v1::Session::ON_HOLD;
}

// Equal in every field.
bool SameLeg(const v1::Leg& a, const v1::Leg& b);

}  // namespace ctc::session::domain
