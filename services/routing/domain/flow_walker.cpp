#include "services/routing/domain/flow_walker.h"

#include <absl/strings/str_cat.h>

#include <cstring>

namespace ctc::routing {
namespace {

using Input = v1::FlowInput;
using Kind = v1::IvrMenuOption;

constexpr int kMaxHops = 20;
constexpr int kMaxPath = 50;

std::string OnlyKeys(const std::string& digits, int max) {
  std::string keys;
  for (const char c : digits) {
    const bool key = c != '\0' && std::strchr("0123456789*#ABCD", c) != nullptr;
    if (key && static_cast<int>(keys.size()) < max) keys += c;
  }
  return keys;
}

void AddDigits(v1::FlowState& state, const std::string& name, std::string digits) {
  (*state.mutable_collected())[name] = std::move(digits);
}

}  // namespace

FlowOutcome FlowWalker::Run(const Input& input) {
  const v1::FlowState before = state();
  if (input.kind() == Input::CALLER_GONE) {
    Explain("the caller hung up");
    HangUp(session::v1::CALLER_ABANDONED);
  } else if (before.steps() == 0) {
    Begin();
  } else if (before.steps() >= kMaxSteps) {
    Explain(absl::StrCat("ended after ", kMaxSteps, " steps"));
    End(Phrase::kCannotGoOn, session::v1::NORMAL);
  } else {
    GoOn(input);
  }
  if (outcome_.need) outcome_.state = before;
  return std::move(outcome_);
}

void FlowWalker::Begin() {
  if (!state().queue_id().empty()) {
    const std::string id = state().queue_id();
    return EnterQueue(id);
  }
  const Menu* menu = state().menu_id().empty() ? book_.RootOf(call_.to_phone) : CurrentMenu();
  if (menu != nullptr) return EnterMenu(*menu);
  if (!state().menu_id().empty()) {
    Explain("the menu does not exist");
    return End(Phrase::kCannotGoOn, session::v1::UNREACHABLE);
  }
  Explain("no active menu answers this number");
  EnterQueue(QueueOfEveryAgent().id());
}

void FlowWalker::GoOn(const Input& input) {
  const v1::FlowStep& step = state().current();
  switch (step.then_case()) {
    case v1::FlowStep::kGather:
      return AfterKeys(input);
    case v1::FlowStep::kDial:
      return AfterDial(input.kind());
    case v1::FlowStep::kWait:
      return TryQueue(Arrival::kWaited);
    case v1::FlowStep::kVoicemail:
      if (input.kind() == Input::MESSAGE_REFUSED) {
        Explain("no message may be recorded");
        return End(Phrase::kNobody, session::v1::AGENT_NO_ANSWER);
      }
      Explain(input.kind() == Input::VOICEMAIL_LEFT ? "a message was left" : "no message was left");
      return HangUp(session::v1::NORMAL);
    case v1::FlowStep::kHangUp:  // Advance does not let it come here
    case v1::FlowStep::THEN_NOT_SET:
      return AfterPrompts();
  }
}

void FlowWalker::AfterKeys(const Input& input) {
  const Action* action = CurrentAction();
  if (action != nullptr && action->kind == Kind::COLLECT_DTMF) return AfterDigits(*action, input);
  const Menu* menu = CurrentMenu();
  if (menu == nullptr) {
    Explain("the menu is gone");
    return End(Phrase::kCannotGoOn, session::v1::NORMAL);
  }
  const std::string keys = OnlyKeys(input.digits(), 1);
  if (input.kind() != Input::DIGITS || keys.empty()) {
    Explain("no key was pressed");
    return NoKey(*menu);
  }
  const MenuOption* option = menu->OptionOf(keys);
  if (option == nullptr) return WrongKey(*menu);
  state().set_retries(0);
  Choose(*option);
}

void FlowWalker::NoKey(const Menu& menu) {
  const int retries = state().retries();
  if (retries < menu.row.max_retries()) {
    state().set_retries(retries + 1);
    return AskMenu();
  }
  const MenuOption* timed_out = menu.OptionOf("t");
  state().set_retries(menu.row.max_retries() + 1);
  // Once only: what "t" does may lead back into the menu.
  if (timed_out != nullptr && retries == menu.row.max_retries()) return Choose(*timed_out);
  End(Phrase::kGoodBye, session::v1::NORMAL);
}

void FlowWalker::WrongKey(const Menu& menu) {
  Explain("a key that does nothing here");
  const MenuOption* wrong = menu.OptionOf("i");
  if (wrong == nullptr || state().retries() >= menu.row.max_retries()) return NoKey(menu);
  state().set_retries(state().retries() + 1);
  Choose(*wrong);
}

void FlowWalker::AfterDigits(const Action& action, const Input& input) {
  const std::string keys = OnlyKeys(input.digits(), action.max_digits);
  if (input.kind() == Input::DIGITS && static_cast<int>(keys.size()) >= action.min_digits) {
    Explain(absl::StrCat("digits were collected as \"", action.name, "\""));
    AddDigits(state(), action.name, keys);
    state().set_retries(0);
    if (action.then) return FollowOn("then", *action.then);
    return Return();
  }
  const Menu& menu = *CurrentMenu();  // the action is one of its options
  const int most = action.max_retries >= 0 ? action.max_retries : menu.row.max_retries();
  Explain("too few digits came");
  if (state().retries() < most) {
    state().set_retries(state().retries() + 1);
    return AskDigits(action);
  }
  const MenuOption* timed_out = menu.OptionOf("t");
  if (timed_out == nullptr || timed_out == CurrentOption()) {
    return End(Phrase::kGoodBye, session::v1::NORMAL);
  }
  state().set_retries(menu.row.max_retries() + 1);
  Choose(*timed_out);
}

void FlowWalker::AfterPrompts() {
  const Action* action = CurrentAction();
  if (action != nullptr && action->then) return FollowOn("then", *action->then);
  Return();
}

void FlowWalker::EnterMenu(const Menu& menu) {
  if (Lost()) return End(Phrase::kCannotGoOn, session::v1::NORMAL);
  state().set_menu_id(menu.row.id());
  state().set_retries(0);
  state().clear_option_id();
  state().clear_action();
  if (state().path_size() < kMaxPath) state().add_path(menu.row.id());
  Explain(absl::StrCat("menu \"", menu.row.menu_name(), "\""));
  if (!menu.hours || menu.hours->IsOpen(call_.now)) return AskMenu();
  Explain("it is closed");
  if (const MenuOption* closed = menu.OptionOf("c")) return Choose(*closed);
  if (menu.hours->closed_text.empty() && menu.hours->closed_audio_url.empty()) {
    return End(Phrase::kClosed, session::v1::NORMAL);
  }
  Hear(menu.hours->closed_text, menu.hours->closed_audio_url);
  HangUp(session::v1::NORMAL);
}

void FlowWalker::AskMenu() {
  const Menu* menu = CurrentMenu();
  state().clear_option_id();
  state().clear_action();
  Hear(menu->row.prompt_text(), menu->row.prompt_audio_url());
  if (!menu->HasKeys()) {
    const MenuOption* only = menu->OptionOf("t");
    if (only != nullptr) return Choose(*only);
    Explain("it has no keys");
    return End(Phrase::kGoodBye, session::v1::NORMAL);
  }
  v1::FlowStep::Gather& gather = *NextStep().mutable_gather();
  gather.set_max_digits(1);
  gather.set_min_digits(1);
  gather.set_timeout_seconds(menu->row.timeout_seconds());
}

void FlowWalker::AskDigits(const Action& action) {
  Hear(action.text, action.audio_url);
  const Menu* menu = CurrentMenu();
  v1::FlowStep::Gather& gather = *NextStep().mutable_gather();
  gather.set_max_digits(action.max_digits);
  gather.set_min_digits(action.min_digits);
  gather.set_finish_on_key(action.finish_on_key);
  gather.set_timeout_seconds(action.timeout_seconds > 0 ? action.timeout_seconds
                                                        : menu->row.timeout_seconds());
}

void FlowWalker::Choose(const MenuOption& option) {
  state().set_option_id(option.id);
  state().clear_action();
  const std::string label = option.label.empty() ? "" : absl::StrCat(" (", option.label, ")");
  Explain(absl::StrCat("option \"", option.key, "\"", label));
  Perform(option.action);
}

void FlowWalker::FollowOn(const char* word, const Action& action) {
  state().set_action(state().action().empty() ? word : absl::StrCat(state().action(), ".", word));
  Perform(action);
}

void FlowWalker::Perform(const Action& action) {
  if (Lost()) return End(Phrase::kCannotGoOn, session::v1::NORMAL);
  Explain(v1::IvrMenuOption::Action_Name(action.kind));
  switch (action.kind) {
    case Kind::ROUTE_AGENT:
      return RingAgent(action);
    case Kind::ROUTE_NUMBER:
      Hear(action.text, action.audio_url);
      return Ring("", action.phone, action.ring_seconds, action.record);
    case Kind::ROUTE_QUEUE:
      Hear(action.text, action.audio_url);
      return EnterQueue(action.queue_id);
    case Kind::PLAY_MESSAGE:
      Hear(action.text, action.audio_url);
      NextStep();
      return;
    case Kind::COLLECT_DTMF:
      state().set_retries(0);
      return AskDigits(action);
    case Kind::SUB_MENU: {
      const Menu* menu = book_.MenuOf(action.menu_id);
      if (menu != nullptr && menu->row.is_active()) return EnterMenu(*menu);
      Explain("the menu does not exist or is not active");
      return End(Phrase::kCannotGoOn, session::v1::NORMAL);
    }
    case Kind::VOICEMAIL:
      return TakeMessage(action);
    case Kind::HANG_UP:
      if (action.text.empty() && action.audio_url.empty()) {
        return End(Phrase::kGoodBye, session::v1::NORMAL);
      }
      Hear(action.text, action.audio_url);
      return HangUp(session::v1::NORMAL);
    default:
      return Return();  // REPEAT
  }
}

void FlowWalker::Return() {
  const Menu* menu = CurrentMenu();
  const MenuOption* option = CurrentOption();
  const bool closed = option != nullptr && option->key == "c";
  if (menu == nullptr || closed || !menu->HasKeys()) {
    return End(Phrase::kGoodBye, session::v1::NORMAL);
  }
  AskMenu();
}

void FlowWalker::TakeMessage(const Action& action) {
  if (action.text.empty() && action.audio_url.empty()) {
    *pending_.Add() = Spoken(Phrase::kLeaveMessage, Language());
  }
  Hear(action.text, action.audio_url);
  v1::FlowStep::Voicemail& voicemail = *NextStep().mutable_voicemail();
  voicemail.set_max_seconds(action.max_seconds);
  voicemail.set_finish_on_key(action.finish_on_key);
}

void FlowWalker::End(Phrase phrase, session::v1::EndReason reason) {
  *pending_.Add() = Spoken(phrase, Language());
  HangUp(reason);
}

void FlowWalker::HangUp(session::v1::EndReason reason) {
  LeaveQueue();
  NextStep().mutable_hang_up()->set_reason(reason);
}

const MenuOption* FlowWalker::CurrentOption() const {
  const Menu* menu = CurrentMenu();
  const std::string& id = outcome_.state.option_id();
  if (menu == nullptr || id.empty()) return nullptr;
  for (const auto& [key, option] : menu->options) {
    if (option.id == id) return &option;
  }
  return nullptr;
}

const Action* FlowWalker::CurrentAction() const {
  const MenuOption* option = CurrentOption();
  return option == nullptr ? nullptr : Follow(option->action, outcome_.state.action());
}

std::string FlowWalker::Language() const {
  const Menu* menu = CurrentMenu();
  return menu == nullptr ? "en-US" : menu->row.language();
}

void FlowWalker::Hear(const std::string& text, const std::string& audio_url) {
  if (text.empty() && audio_url.empty()) return;
  v1::FlowStep::Prompt& prompt = *pending_.Add();
  if (audio_url.empty()) {
    prompt.set_text(text);
    prompt.set_language(Language());
  } else {
    prompt.set_audio_url(audio_url);
  }
}

void FlowWalker::Explain(const std::string& what) {
  absl::StrAppend(&outcome_.explanation, outcome_.explanation.empty() ? "" : "; ", what);
}

bool FlowWalker::Lost() {
  if (++hops_ <= kMaxHops) return false;
  Explain("menus lead in a circle");
  return true;
}

v1::FlowStep& FlowWalker::NextStep() {
  state().set_steps(state().steps() + 1);
  v1::FlowStep& step = *state().mutable_current();
  step.Clear();
  step.set_number(state().steps());
  step.mutable_prompts()->Swap(&pending_);
  return step;
}

}  // namespace ctc::routing
