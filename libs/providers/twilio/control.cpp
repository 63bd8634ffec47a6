#include "libs/providers/twilio/control.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/providers/missing_capability.h"
#include "libs/providers/twilio/digits.h"
#include "libs/providers/twilio/legs.h"
#include "libs/providers/twilio/request_text.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::ControlCallRequest;
using session::v1::Leg;
using Plan = std::vector<RestStep>;

// Twilio's bounds of Timeout; it may ring up to 5 s longer by itself.
constexpr int kLeastRing = 5;
constexpr int kLongestRing = 600;

std::string ConferencePath(std::string_view rest) {
  return absl::StrCat("/Conferences/",
                      absl::string_view(kConferenceSid.data(), kConferenceSid.size()),
                      absl::string_view(rest.data(), rest.size()));
}

std::string ParticipantPath(const std::string& participant) {
  return ConferencePath("/Participants/" + participant + ".json");
}

// `who`: the id of a leg, or the party that is in the call.
template <typename Who>
RestStep UpdateParty(const ControlCallRequest& request, Who who, Form form, Gone gone) {
  return {"POST", ParticipantPath(ParticipantOf(request, who)), std::move(form), gone};
}

template <typename Who>
RestStep Drop(const ControlCallRequest& request, Who who) {
  return {"DELETE", ParticipantPath(ParticipantOf(request, who)), {}, Gone::kNothing};
}

// Whether the room ends when this party leaves it.
template <typename Who>
RestStep EndsRoom(const ControlCallRequest& request, Who who, bool ends, Gone gone) {
  return UpdateParty(request, who, {{"EndConferenceOnExit", ends ? "true" : "false"}}, gone);
}

std::string_view LegIdOf(const ControlCallRequest& request) { return request.target().leg_id(); }

std::string SidOfLeg(const Leg& leg) {
  const bool known = leg.state() != Leg::ENDED && IsPathSafe(leg.provider_leg_id());
  return known ? leg.provider_leg_id() : "";
}

Plan HangUp(const ControlCallRequest& request) {
  std::vector<std::string> sids = {LegSid(request, Leg::CUSTOMER), LegSid(request, Leg::AGENT)};
  for (const Leg& leg : request.legs()) sids.push_back(SidOfLeg(leg));
  Plan plan;
  std::vector<std::string> done;
  for (const std::string& sid : sids) {
    if (sid.empty() || std::find(done.begin(), done.end(), sid) != done.end()) continue;
    done.push_back(sid);
    // "completed" ends a ringing leg as well as a talking one; only a queued one needs "canceled".
    plan.push_back(
        {"POST", absl::StrCat("/Calls/", sid, ".json"), {{"Status", "completed"}}, Gone::kVote});
  }
  return plan;
}

absl::StatusOr<Plan> StartRecording(const Account& account, const ControlCallRequest& request) {
  const std::string sid = LegSid(request, Leg::CUSTOMER);
  if (sid.empty()) return base::MakeError(base::kCallNotLive, "the customer is not reached yet");
  Form form;
  AddRecording(account, request.order().id(), "Recording", form);
  return Plan{
      {"POST", absl::StrCat("/Calls/", sid, "/Recordings.json"), std::move(form), Gone::kCall}};
}

Form RecordingState(ControlCallRequest::Action action) {
  if (action == ControlCallRequest::STOP_RECORDING) return {{"Status", "stopped"}};
  if (action == ControlCallRequest::RESUME_RECORDING) return {{"Status", "in-progress"}};
  return {{"Status", "paused"}, {"PauseBehavior", "skip"}};
}

// A recording ordered with the call is the conference's, one started later the customer leg's, also
// in a call whose first recording was the conference's and was stopped.
absl::StatusOr<Plan> ChangeRecording(const ControlCallRequest& request) {
  const std::string sid = LegSid(request, Leg::CUSTOMER);
  const Form form = RecordingState(request.action());
  Plan plan;
  if (request.order().record()) {
    plan.push_back({"POST", ConferencePath("/Recordings/Twilio.CURRENT.json"), form,
                    sid.empty() ? Gone::kRefuse : Gone::kAskNext});
  }
  if (!sid.empty()) {
    plan.push_back({"POST", absl::StrCat("/Calls/", sid, "/Recordings/Twilio.CURRENT.json"), form,
                    Gone::kRefuse});
  }
  if (plan.empty()) return base::MakeError(base::kCallNotLive, "the customer is not reached yet");
  return plan;
}

absl::StatusOr<Form> ModeOf(const ControlCallRequest& request) {
  switch (request.target().mode()) {
    case ControlCallRequest::LISTEN:
      return Form{{"Muted", "true"}, {"Coaching", "false"}};
    case ControlCallRequest::WHISPER: {
      const std::string agent = LegSid(request, Leg::AGENT);
      if (agent.empty()) return base::MakeError(base::kCallNotLive, "the agent is not in the call");
      return Form{{"Muted", "false"}, {"Coaching", "true"}, {"CallSidToCoach", agent}};
    }
    default:
      return Form{{"Muted", "false"}, {"Coaching", "false"}};
  }
}

// Twilio shows numbers of ours only.
const std::string& CallerIdOf(const Account& account, const ControlCallRequest& request) {
  const auto& order = request.order();
  const std::string& ours = IsInbound(order) ? order.to_phone() : order.from_phone();
  return ours.empty() ? account.config.phone_number() : ours;
}

Form NewParticipant(const Account& account, const ControlCallRequest& request) {
  const ControlCallRequest::Target& target = request.target();
  const auto& order = request.order();
  const bool agent = target.party() == Leg::AGENT;
  const int ring = target.ring_seconds() > 0 ? target.ring_seconds() : kRingSeconds;
  Form form = {{"From", CallerIdOf(account, request)},
               {"To", target.phone()},
               {"Label", LabelOf(order, target.leg_id())},
               {"Timeout", std::to_string(std::clamp(ring, kLeastRing, kLongestRing))},
               // Early media would join it, and so begin the conversation, while it only rings.
               {"EarlyMedia", "false"},
               {"Beep", "false"},
               {"StartConferenceOnEnter", target.party() == Leg::SUPERVISOR ? "false" : "true"},
               {"EndConferenceOnExit", agent ? "true" : "false"}};
  // Of the room when this party is its first: the caller may be on the way back into it.
  AddRoomEvents(account, order, form);
  if (order.record()) {
    form.emplace_back("ConferenceRecord", "record-from-start");
    AddRecording(account, order.id(), "ConferenceRecording", form);
  }
  const bool joins = agent && IsInbound(order);
  AddProgress(account, order.id(), target.leg_id(), joins ? Answer::kJoins : Answer::kPicksUp,
              form);
  return form;
}

absl::StatusOr<Plan> Dial(const Account& account, const ControlCallRequest& request) {
  const ControlCallRequest::Target& target = request.target();
  if (!PartyOf(target.leg_id()).has_value()) {
    return base::MakeError(base::kValidationFailed, "target.leg_id: is not one of ours");
  }
  if (!IsDialable(target.phone())) {
    return base::MakeError(base::kInvalidDestination,
                           "Twilio calls numbers, sip: and client: only");
  }
  Form form = NewParticipant(account, request);
  if (target.party() == Leg::SUPERVISOR) {
    CTC_ASSIGN_OR_RETURN(const Form mode, ModeOf(request));
    form.insert(form.end(), mode.begin(), mode.end());
  }
  Plan plan;
  // The one consulted and the customer stay together when the agent hangs up on them.
  if (target.party() == Leg::CONSULT) {
    plan.push_back(EndsRoom(request, Leg::AGENT, false, Gone::kNothing));
  }
  plan.push_back({"POST",
                  absl::StrCat("/Conferences/", RoomOf(request.order()), "/Participants.json"),
                  std::move(form), Gone::kCall});
  return plan;
}

Plan DropParty(const ControlCallRequest& request) {
  const ControlCallRequest::Target& target = request.target();
  if (target.party() == Leg::AGENT) {
    return {EndsRoom(request, LegIdOf(request), false, Gone::kNothing),
            Drop(request, LegIdOf(request))};
  }
  Plan plan;
  // First, since the party's end is told as soon as it is gone.
  if (target.party() == Leg::CONSULT) {
    plan.push_back(EndsRoom(request, Leg::AGENT, true, Gone::kNothing));
  }
  plan.push_back(Drop(request, LegIdOf(request)));
  return plan;
}

Plan Resume(const ControlCallRequest& request) {
  Plan plan = {UpdateParty(request, Leg::CUSTOMER, {{"Hold", "false"}}, Gone::kCall)};
  // The one consulted was busy, or has hung up: nobody dropped it.
  if (HasLeft(request, Leg::CONSULT)) {
    plan.push_back(EndsRoom(request, Leg::AGENT, true, Gone::kNothing));
  }
  return plan;
}

Plan HandOver(const ControlCallRequest& request) {
  return {EndsRoom(request, LegIdOf(request), true, Gone::kRefuse),
          EndsRoom(request, Leg::AGENT, false, Gone::kNothing), Drop(request, Leg::AGENT),
          UpdateParty(request, Leg::CUSTOMER, {{"Hold", "false"}}, Gone::kCall)};
}

// Played to the customer alone.
absl::StatusOr<Plan> SendDigits(const Account& account, const ControlCallRequest& request) {
  CTC_ASSIGN_OR_RETURN(std::string url, DigitsUrl(account, request.order().id(), request.digits()));
  return Plan{UpdateParty(request, Leg::CUSTOMER, {{"AnnounceUrl", std::move(url)}}, Gone::kCall)};
}

absl::StatusOr<Plan> AskFlow(const Account& account, const ControlCallRequest& request) {
  const std::string sid = LegSid(request, Leg::CUSTOMER);
  if (sid.empty()) return base::MakeError(base::kCallNotLive, "the caller is not known");
  CTC_ASSIGN_OR_RETURN(const std::string url,
                       AskedFlowUrl(account, request.order(), request.flow_input()));
  return Plan{{"POST",
               absl::StrCat("/Calls/", sid, ".json"),
               {{"Url", url}, {"Method", "POST"}},
               Gone::kCall}};
}

}  // namespace

bool IsDialable(std::string_view phone) {
  return phone.starts_with("+") || phone.starts_with("sip:") || phone.starts_with("client:");
}

absl::StatusOr<Plan> PlanControl(const Account& account, const ControlCallRequest& request) {
  const auto one = [](RestStep step) { return Plan{std::move(step)}; };
  switch (request.action()) {
    case ControlCallRequest::HANG_UP:
      return HangUp(request);
    case ControlCallRequest::HOLD:
      return one(UpdateParty(request, Leg::CUSTOMER, {{"Hold", "true"}}, Gone::kCall));
    case ControlCallRequest::RESUME:
      return Resume(request);
    case ControlCallRequest::MUTE:
      return one(UpdateParty(request, Leg::AGENT, {{"Muted", "true"}}, Gone::kCall));
    case ControlCallRequest::UNMUTE:
      return one(UpdateParty(request, Leg::AGENT, {{"Muted", "false"}}, Gone::kCall));
    case ControlCallRequest::START_RECORDING:
      return StartRecording(account, request);
    case ControlCallRequest::STOP_RECORDING:
    case ControlCallRequest::PAUSE_RECORDING:
    case ControlCallRequest::RESUME_RECORDING:
      return ChangeRecording(request);
    case ControlCallRequest::DIAL_PARTY:
      return Dial(account, request);
    case ControlCallRequest::DROP_PARTY:
      return DropParty(request);
    case ControlCallRequest::HAND_OVER:
      return HandOver(request);
    case ControlCallRequest::CHANGE_MODE: {
      CTC_ASSIGN_OR_RETURN(Form mode, ModeOf(request));
      return one(UpdateParty(request, LegIdOf(request), std::move(mode), Gone::kRefuse));
    }
    case ControlCallRequest::SEND_DTMF:
      return SendDigits(account, request);
    case ControlCallRequest::ASK_FLOW:
      return AskFlow(account, request);
    default:
      return MissingCapability("Twilio", request.action());
  }
}

}  // namespace ctc::providers::twilio
