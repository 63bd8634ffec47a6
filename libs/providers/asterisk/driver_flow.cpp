// Callers: how they are met, asked for and turned away. The rest of the driver is in driver.cpp.
#include <utility>

#include "libs/base/ids.h"
#include "libs/observability/log.h"
#include "libs/providers/asterisk/driver.h"
#include "libs/telephony/phone_number.h"

namespace ctc::providers::asterisk {
namespace {

using Type = AriEvent::Type;

// E.164 of a number as a trunk gives it, with or without its plus; empty when it is none.
std::string NumberOf(const std::string& text) {
  if (text.empty()) return "";
  const bool marked = text.starts_with("+") || text.starts_with("00");
  const auto number =
      marked ? telephony::E164::Parse(text)
             : telephony::E164::Parse("+" + text, telephony::NumberValidation::kPossible);
  return number.ok() ? number->value() : "";
}

}  // namespace

bool Driver::IsForCall(AriEvent& event) {
  if (!event.room.empty()) return true;
  const auto found = callers_.find(event.channel);
  if (found == callers_.end()) {
    if (event.type != Type::kStasisStart || !IsChannelId(event.channel)) return false;
    if (!IsCaller(event.args)) {
      EndStray(event.channel);
      return false;
    }
    ChannelView view;
    view.id = event.channel;
    view.state = event.channel_state;
    view.args = event.args;
    view.caller_number = event.caller_number;
    view.exten = event.exten;
    view.created_at = event.created;
    const CallerPtr caller = Meet(view);
    caller->came = event.at;
    const Effects effects = flow_machine_.Begin(caller->flow);
    Ask(caller, *effects.ask);
    return false;
  }
  const CallerPtr& caller = found->second;
  event.room = event.session = caller->room;
  event.tag = std::string(kCustomerLeg);
  if (!caller->room.empty()) return true;
  if (event.type == Type::kStasisEnd || event.type == Type::kDestroyed) caller->lost = event;
  return false;
}

Driver::CallerPtr Driver::Meet(const ChannelView& channel) {
  auto caller = std::make_shared<Caller>(strand_, channel.id);
  caller->created = channel.created_at;
  caller->flow.answered = channel.state == "Up";
  caller->flow.from = NumberOf(channel.caller_number);
  caller->flow.to = NumberOf(channel.args.size() > 1 ? channel.args[1] : channel.exten);
  // A trunk of one number may call it anything.
  if (caller->flow.to.empty()) caller->flow.to = account_->config.phone_number();
  callers_[channel.id] = caller;
  return caller;
}

void Driver::Ask(CallerPtr caller, routing::v1::FlowInput input) {
  if (closed_) return;
  Spawn([self = shared_from_this(), caller = std::move(caller), input = std::move(input)] {
    return self->AskFlow(caller, input);
  });
}

Task<void> Driver::AskFlow(CallerPtr caller, routing::v1::FlowInput input) {
  const std::shared_ptr<Driver> self = shared_from_this();
  FlowQuestion question;
  question.session = caller->room;
  question.provider_call_id = caller->channel;
  question.from_phone = caller->flow.from;
  question.to_phone = caller->flow.to;
  question.input = std::move(input);
  const absl::StatusOr<FlowAnswer> answer = co_await flow_source_(std::move(question));
  if (!closed_) OnAnswer(caller, answer);
}

void Driver::OnAnswer(const CallerPtr& caller, const absl::StatusOr<FlowAnswer>& answer) {
  const auto known = callers_.find(caller->channel);
  if (known == callers_.end() || known->second != caller) return;
  if (!answer.ok()) {
    observability::Warn("a caller's next step is not known",
                        {{"provider", account_->config.id()}, {"error", answer.status()}});
  }
  Effects effects;
  LiveCall* live = nullptr;
  if (!caller->room.empty()) {
    live = Find(caller->room);
  } else if (answer.ok() && base::IsUuid(answer->session)) {
    live = &Settle(caller, answer->session, effects);
  }
  if (live == nullptr) return TurnAway(caller);
  effects.Add(answer.ok() ? flow_machine_.OnStep(caller->flow, live->call, answer->step)
                          : flow_machine_.OnAskFailed(caller->flow, live->call));
  Follow(*live, false, effects);
  const std::string room = caller->room;
  Take(*live, std::move(effects), "FlowStep", "");
  EraseIfOver(room);
}

Driver::LiveCall& Driver::Settle(const CallerPtr& caller, const std::string& session,
                                 Effects& effects) {
  caller->room = session;
  LiveCall& live = FindOrMake(session);
  live.caller = caller;
  Call& call = live.call;
  call.inbound = true;
  call.plan.from = caller->flow.from;
  call.plan.to = caller->flow.to;
  LegState& leg = call.customer();
  leg.requested = leg.answered = leg.entered = true;
  leg.channel = caller->channel;
  leg.session = session;
  leg.created = caller->created;
  leg.since = caller->came;
  effects.actions.push_back({Action::Kind::kMarkCaller});
  effects.Add(machine_.Begin(call, caller->came));
  if (caller->lost.has_value()) {
    AriEvent end = *caller->lost;
    end.room = end.session = session;
    Effects ended = machine_.Apply(call, end);
    caller->flow.held = std::move(ended.facts);
    effects.actions = std::move(ended.actions);  // the leg needs no mark any more
  }
  return live;
}

// Nobody knows what to do with it: another try over another trunk may do better.
void Driver::TurnAway(const CallerPtr& caller) {
  callers_.erase(caller->channel);
  if (!caller->lost.has_value()) HangUp(caller->channel);
}

void Driver::EndStray(const std::string& channel) {
  observability::Warn("a channel in the application belongs to no call",
                      {{"provider", account_->config.id()}, {"channel", channel}});
  HangUp(channel);
}

void Driver::HangUp(const std::string& channel) {
  Spawn([self = shared_from_this(), channel]() -> Task<void> {
    std::string path = "/channels/" + channel + "?reason=congestion";
    (void)co_await self->requests_.ari().Ask("DELETE", std::move(path));
  });
}

void Driver::StartTimer(const CallerPtr& caller, absl::Duration duration) {
  if (closed_) return;
  caller->timer.expires_after(absl::ToChronoNanoseconds(duration));
  caller->timer.async_wait([weak = weak_from_this(), caller,
                            number = caller->flow.timer](const boost::system::error_code& error) {
    const std::shared_ptr<Driver> self = weak.lock();
    if (!error && self != nullptr && !self->closed_) self->OnTimer(caller, number);
  });
}

void Driver::OnTimer(const CallerPtr& caller, int number) {
  LiveCall* live = Find(caller->room);
  if (live == nullptr || live->caller != caller) return;
  Take(*live, flow_machine_.OnTimer(caller->flow, live->call, number), "FlowTimer", "");
  EraseIfOver(caller->room);
}

}  // namespace ctc::providers::asterisk
