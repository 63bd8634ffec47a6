// One step of a caller's way: the body of Advance in flow.h, and private to it. Each function that
// goes somewhere is called last, so that a need for more knowledge simply ends the walk.
#pragma once

#include <string>

#include "services/routing/domain/flow.h"
#include "services/routing/domain/phrases.h"

namespace ctc::routing {

class FlowWalker {
 public:
  FlowWalker(const Book& book, const Floor* floor, const FlowCall& call, v1::FlowState state)
      : book_(book), floor_(floor), call_(call) {
    outcome_.state = std::move(state);
  }

  FlowOutcome Run(const v1::FlowInput& input);

 private:
  enum class Arrival { kEntered, kWaited, kMissed };

  // flow_walker.cpp: menus
  void Begin();
  void GoOn(const v1::FlowInput& input);
  void AfterKeys(const v1::FlowInput& input);
  void AfterDigits(const Action& action, const v1::FlowInput& input);
  void AfterPrompts();
  void EnterMenu(const Menu& menu);
  void AskMenu();
  void AskDigits(const Action& action);
  void NoKey(const Menu& menu);
  void WrongKey(const Menu& menu);
  void Choose(const MenuOption& option);
  void FollowOn(const char* word, const Action& action);
  void Perform(const Action& action);
  void Return();
  void TakeMessage(const Action& action);
  void End(Phrase phrase, session::v1::EndReason reason);
  void HangUp(session::v1::EndReason reason);

  // flow_calls.cpp: agents, numbers, queues
  void AfterDial(v1::FlowInput::Kind kind);
  void RingAgent(const Action& action);
  void Ring(const std::string& agent_id, const std::string& phone, int seconds, bool record);
  void NotTaken(session::v1::EndReason reason);
  void EnterQueue(const std::string& id);
  void TryQueue(Arrival arrival);
  void Offer(const v1::Queue& queue, const std::string& agent_id);
  void WaitIn(const v1::Queue& queue, int64_t waited_seconds);
  void Overflow(const v1::Queue& queue, const std::string& why);

  v1::FlowState& state() { return outcome_.state; }
  const Menu* CurrentMenu() const { return book_.MenuOf(outcome_.state.menu_id()); }
  const MenuOption* CurrentOption() const;
  // The action under way; nullptr where the caller is in no option.
  const Action* CurrentAction() const;
  const v1::Queue* QueueOf(const std::string& id) const;
  std::string Language() const;
  void LeaveQueue();
  void Hear(const std::string& text, const std::string& audio_url);
  void Explain(const std::string& what);
  // True when the walk has gone from place to place without a step for too long.
  bool Lost();
  // Begins the next step with what there is to hear.
  v1::FlowStep& NextStep();

  const Book& book_;
  const Floor* const floor_;
  const FlowCall& call_;
  FlowOutcome outcome_;
  google::protobuf::RepeatedPtrField<v1::FlowStep::Prompt> pending_;
  int hops_ = 0;
};

}  // namespace ctc::routing
