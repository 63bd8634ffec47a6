// The part of FlowWalker that rings agents and numbers and keeps callers in queues.
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "services/routing/domain/flow_walker.h"

namespace ctc::routing {
namespace {

using Input = v1::FlowInput;

constexpr int kWaitSeconds = 10;
// A long wait asks less often, so that it does not use up the steps of the call.
constexpr int kLongWaitSeconds = 30;
constexpr int kLongWaitStep = 100;
constexpr int kMaxMissed = 50;
constexpr char kOverflow[] = "overflow";

session::v1::EndReason ReasonOf(Input::Kind kind) {
  switch (kind) {
    case Input::DIAL_BUSY:
    case Input::DIAL_REJECTED:
      return session::v1::AGENT_REJECTED;
    case Input::DIAL_NO_ANSWER:
      return session::v1::AGENT_NO_ANSWER;
    default:
      return session::v1::UNREACHABLE;
  }
}

std::string Words(Input::Kind kind) {
  switch (kind) {
    case Input::DIAL_BUSY:
      return "was busy";
    case Input::DIAL_REJECTED:
      return "declined";
    case Input::DIAL_NO_ANSWER:
      return "did not answer";
    default:
      return "could not be reached";
  }
}

// Why the phone of a registered agent is not rung for a caller who asks for it; "" when it is.
std::string WhyNotRung(const AgentNow& agent) {
  if (agent.reserved) return "is being called";
  if (!agent.agent.is_active()) return "is not active";
  if (agent.load >= agent.agent.capacity()) return "is on a call";
  // One who never told what it does is rung.
  if (agent.has_chosen && !agent.takes_calls) return "takes no calls now";
  return "";
}

}  // namespace

void FlowWalker::AfterDial(Input::Kind kind) {
  // A provider that only says that the step is over has joined the parties.
  if (kind == Input::DIAL_ENDED || kind == Input::DONE) {
    Explain("the conversation is over");
    return HangUp(session::v1::NORMAL);
  }
  const std::string agent_id = state().current().dial().agent_id();
  Explain(absl::StrCat(agent_id.empty() ? "the number" : agent_id, " ", Words(kind)));
  if (state().queue_id().empty()) return NotTaken(ReasonOf(kind));
  if (kind == Input::DIAL_NO_ANSWER) outcome_.missed_by = agent_id;
  auto* missed = state().mutable_offered_agents();
  const bool known = std::find(missed->begin(), missed->end(), agent_id) != missed->end();
  if (!known && missed->size() < kMaxMissed) *missed->Add() = agent_id;
  TryQueue(Arrival::kMissed);
}

void FlowWalker::RingAgent(const Action& action) {
  if (floor_ == nullptr) {
    outcome_.need = FlowNeed{};
    return;
  }
  const auto found = floor_->agents.find(action.agent_id);
  const bool registered = found != floor_->agents.end();
  if (!registered && action.phone.empty()) {
    Explain(absl::StrCat(action.agent_id, " is not registered"));
    return NotTaken(session::v1::UNREACHABLE);
  }
  if (const std::string why = registered ? WhyNotRung(found->second) : ""; !why.empty()) {
    Explain(absl::StrCat(action.agent_id, " ", why));
    return NotTaken(session::v1::AGENT_NO_ANSWER);
  }
  Hear(action.text, action.audio_url);
  const std::string phone = action.phone.empty() ? found->second.agent.phone() : action.phone;
  Ring(action.agent_id, phone, action.ring_seconds, action.record);
}

void FlowWalker::Ring(const std::string& agent_id, const std::string& phone, int seconds,
                      bool record) {
  if (!agent_id.empty()) Explain(absl::StrCat("rings ", agent_id));
  v1::FlowStep::Dial& dial = *NextStep().mutable_dial();
  dial.set_agent_id(agent_id);
  dial.set_phone(phone);
  dial.set_ring_seconds(seconds);
  dial.set_record(record);
}

void FlowWalker::NotTaken(session::v1::EndReason reason) {
  const Action* action = CurrentAction();
  LeaveQueue();
  if (action != nullptr && action->no_answer) return FollowOn("no_answer", *action->no_answer);
  End(Phrase::kNobody, reason);
}

void FlowWalker::EnterQueue(const std::string& id) {
  state().set_queue_id(id);
  state().set_queued_at_ms(absl::ToUnixMillis(call_.now));
  TryQueue(Arrival::kEntered);
}

void FlowWalker::TryQueue(Arrival arrival) {
  const v1::Queue* queue = QueueOf(state().queue_id());
  if (queue == nullptr) {
    Explain("the queue does not exist");
    return NotTaken(session::v1::AGENT_NO_ANSWER);
  }
  if (!queue->is_active()) return Overflow(*queue, "takes no callers");
  if (floor_ == nullptr || floor_->last_offered.count(queue->id()) == 0) {
    outcome_.need = FlowNeed{queue->id()};
    return;
  }
  if (queue == &QueueOfEveryAgent() && floor_->agents.empty()) {
    Explain("no agent is registered");
    return NotTaken(session::v1::AGENT_NO_ANSWER);
  }
  const WaitingCaller caller{call_.session_id, queue->id(), state().queued_at_ms()};
  const int64_t waited =
      std::max<int64_t>(0, absl::ToUnixMillis(call_.now) - state().queued_at_ms()) / 1000;
  const bool too_long = queue->max_wait_seconds() > 0 && waited >= queue->max_wait_seconds();
  // Who just did not take the call is not rung again without a pause, nor for ever.
  const MissedAgents rule =
      arrival == Arrival::kWaited && !too_long ? MissedAgents::kIfNoOther : MissedAgents::kLeaveOut;
  const std::vector<std::string> missed(state().offered_agents().begin(),
                                        state().offered_agents().end());
  const std::string agent_id = PickAgent(*queue, *floor_, caller, missed, rule);
  if (!agent_id.empty()) return Offer(*queue, agent_id);
  const int others = CountOthers(*queue, *floor_, caller);
  if (arrival == Arrival::kEntered && queue->max_callers() > 0 && others >= queue->max_callers()) {
    return Overflow(*queue, "is full");
  }
  if (too_long) return Overflow(*queue, "kept the caller waiting too long");
  WaitIn(*queue, waited);
}

void FlowWalker::Offer(const v1::Queue& queue, const std::string& agent_id) {
  Explain(absl::StrCat("queue \"", queue.queue_name(), "\""));
  const Action* action = CurrentAction();
  const v1::Agent& agent = floor_->agents.at(agent_id).agent;
  Ring(agent_id, agent.phone(), queue.ring_seconds(), action != nullptr && action->record);
}

void FlowWalker::WaitIn(const v1::Queue& queue, int64_t waited_seconds) {
  Explain(absl::StrCat("waits in queue \"", queue.queue_name(), "\": nobody is free"));
  int64_t seconds = state().steps() < kLongWaitStep ? kWaitSeconds : kLongWaitSeconds;
  if (queue.max_wait_seconds() > 0) {
    seconds = std::min<int64_t>(seconds, queue.max_wait_seconds() - waited_seconds);
  }
  v1::FlowStep::Wait& wait = *NextStep().mutable_wait();
  wait.set_seconds(static_cast<int>(seconds));
  wait.set_music_url(queue.music_url());
}

void FlowWalker::Overflow(const v1::Queue& queue, const std::string& why) {
  Explain(absl::StrCat("queue \"", queue.queue_name(), "\" ", why));
  const Action* action = CurrentAction();
  LeaveQueue();
  if (action != nullptr && action->no_answer) return FollowOn("no_answer", *action->no_answer);
  // Not a word of any action: nothing follows it.
  state().set_action(kOverflow);
  if (queue.overflow() == "VOICEMAIL") return TakeMessage(Action());
  if (queue.overflow() == "HANG_UP") return End(Phrase::kNobody, session::v1::AGENT_NO_ANSWER);
  Explain("rings its overflow number");
  Ring("", queue.overflow(), queue.ring_seconds(), false);
}

const v1::Queue* FlowWalker::QueueOf(const std::string& id) const {
  if (id == QueueOfEveryAgent().id()) return &QueueOfEveryAgent();
  return book_.QueueOf(id);
}

void FlowWalker::LeaveQueue() {
  state().clear_queue_id();
  state().clear_queued_at_ms();
}

}  // namespace ctc::routing
