#include "libs/providers/asterisk/driver.h"

#include <absl/strings/str_cat.h>

#include <chrono>
#include <utility>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/observability/log.h"

namespace ctc::providers::asterisk {
namespace {

using Kind = Action::Kind;

constexpr int kTries = 3;
constexpr auto kPause = std::chrono::milliseconds(200);

std::string RecordingUrlPrefix(const DialSettings& settings) {
  return settings.ari_url + "/recordings/stored/";
}

MachineConfig ConfigOf(const DialSettings& settings) {
  MachineConfig config;
  config.ring_timeout = settings.ring_timeout;
  config.dialplan_finds_agent = !settings.agent_context.empty();
  config.recording_url_prefix = RecordingUrlPrefix(settings);
  return config;
}

// A party that left meanwhile needs nothing any more but to be cleared away.
bool IsClearing(Kind kind) {
  return kind == Kind::kHangUp || kind == Kind::kDestroyBridge || kind == Kind::kEndMonitor ||
         kind == Kind::kStopRecording || kind == Kind::kFindRecording || kind == Kind::kDropMessage;
}

// The flow goes on by its answer, whatever became of the leg.
bool IsAwaited(Kind kind) { return kind == Kind::kTakeMessage; }

// The leg's channel is gone: what is asked for again under its id would be a second call.
bool IsPast(const Call& call, const SwitchRequest& request) {
  const auto leg = call.legs.find(request.action.leg);
  return !IsClearing(request.action.kind) && leg != call.legs.end() &&
         (leg->second.ended || call.ChannelOf(request.action.leg) != request.channel);
}

}  // namespace

absl::StatusOr<std::shared_ptr<Driver>> Driver::Create(asio::any_io_executor strand,
                                                       const Environment& environment,
                                                       std::shared_ptr<const Account> account,
                                                       Sink sink, FlowSource flow_source) {
  CTC_ASSIGN_OR_RETURN(DialSettings settings, ReadSettings(account->config));
  return std::shared_ptr<Driver>(new Driver(std::move(strand), environment, std::move(account),
                                            std::move(settings), std::move(sink),
                                            std::move(flow_source)));
}

Driver::Driver(asio::any_io_executor strand, const Environment& environment,
               std::shared_ptr<const Account> account, DialSettings settings, Sink sink,
               FlowSource flow_source)
    : strand_(std::move(strand)),
      environment_(environment),
      account_(std::move(account)),
      settings_(std::move(settings)),
      requests_(environment_.http, *account_, settings_),
      machine_(ConfigOf(settings_)),
      flow_machine_(settings_.say, RecordingUrlPrefix(settings_)),
      sink_(std::move(sink)),
      flow_source_(std::move(flow_source)) {}

std::string Driver::SocketUrl() const {
  // http -> ws and https -> wss differ by the same first four letters.
  return absl::StrCat("ws", settings_.ari_url.substr(4), "/events?app=", settings_.app,
                      "&subscribeAll=false");
}

void Driver::Close() {
  closed_ = true;
  for (const auto& [channel, caller] : callers_) caller->timer.cancel();
}

Driver::LiveCall& Driver::FindOrMake(const std::string& room) {
  LiveCall& live = calls_[room];
  live.call.plan.call = room;
  return live;
}

Driver::LiveCall* Driver::Find(const std::string& room) {
  const auto found = calls_.find(room);
  return found == calls_.end() ? nullptr : &found->second;
}

bool Driver::OnMessage(const std::string& text) {
  absl::StatusOr<AriEvent> event = ReadEvent(text);
  if (!event.ok()) {
    observability::Warn("asterisk sent what is not an event",
                        {{"provider", account_->config.id()}, {"bytes", text.size()}});
    return true;
  }
  if (event->type == AriEvent::Type::kReplaced) return false;
  if (event->type == AriEvent::Type::kOther || !IsForCall(*event)) return true;
  const std::string room = event->room;
  // The end of a prompt of a call that is over makes no call.
  const bool of_leg = !event->tag.empty() || !event->session.empty();
  if (!of_leg && Find(room) == nullptr) return true;
  Advance(FindOrMake(room), *event, event->type == AriEvent::Type::kDtmf ? "" : text);
  EraseIfOver(room);
  return true;
}

void Driver::Advance(LiveCall& live, const AriEvent& event, const std::string& payload) {
  const bool was_there = live.call.customer().live();
  Effects effects = machine_.Apply(live.call, event);
  if (live.caller != nullptr) {
    effects.Add(flow_machine_.OnEvent(live.caller->flow, live.call, event));
  }
  Follow(live, was_there, effects);
  Take(live, std::move(effects), event.name, payload);
}

void Driver::Follow(LiveCall& live, bool was_there, Effects& effects) {
  if (live.caller == nullptr) return;
  Flow& flow = live.caller->flow;
  const LegState& customer = live.call.customer();
  if (was_there && customer.ended && FlowMachine::HoldsEnd(flow)) {
    std::vector<Told> others;
    for (Told& told : effects.facts) {
      const bool end =
          told.fact.party() == session::v1::Leg::CUSTOMER && told.fact.kind() == customer.outcome;
      (end ? flow.held : others).push_back(std::move(told));
    }
    effects.facts = std::move(others);
  }
  effects.Add(flow_machine_.OnCall(flow, live.call));
}

void Driver::Note(const LiveCall& live, std::vector<Told> facts, const std::string& event_type,
                  const std::string& payload) {
  if (facts.empty()) return;
  FactNote note;
  note.event_type = event_type;
  note.payload = payload;
  const absl::Time now = environment_.clock.Now();
  for (Told& told : facts) {
    session::v1::SessionFact item;
    item.set_tenant_id(account_->tenant.value());
    item.set_session(told.session.empty() ? live.call.plan.call : told.session);
    item.set_provider_id(account_->config.id());
    *told.fact.mutable_received_time() = base::ToPreciseProto(now);
    *item.mutable_fact() = std::move(told.fact);
    note.facts.push_back(std::move(item));
  }
  sink_(std::move(note));
}

void Driver::Take(LiveCall& live, Effects effects, const std::string& event_type,
                  const std::string& payload) {
  Note(live, std::move(effects.facts), event_type, payload);
  if (effects.timer.has_value()) StartTimer(live.caller, *effects.timer);
  if (effects.ask.has_value()) Ask(live.caller, *std::move(effects.ask));
  for (Action& action : effects.actions) live.actions.push_back(std::move(action));
  if (live.actions.empty() || live.running) return;
  live.running = true;
  Spawn([self = shared_from_this(), room = live.call.plan.call] { return self->RunActions(room); });
}

void Driver::Spawn(std::function<Task<void>()> task) {
  asio::co_spawn(strand_, std::move(task), [](std::exception_ptr fault) {
    if (fault) observability::Error("driving an asterisk call ended by an exception");
  });
}

void Driver::EraseIfOver(const std::string& room) {
  const auto found = calls_.find(room);
  if (found == calls_.end() || found->second.running || !found->second.actions.empty()) return;
  const LiveCall& live = found->second;
  if (live.caller != nullptr && !live.caller->flow.done()) return;
  bool any = false;
  for (const auto& [tag, leg] : live.call.legs) any = any || leg.requested;
  // A recording's last word of a call that is over makes no call.
  if (any && !live.call.over()) return;
  if (live.caller != nullptr) callers_.erase(live.caller->channel);
  calls_.erase(found);
}

Task<void> Driver::RunActions(std::string room) {
  const std::shared_ptr<Driver> self = shared_from_this();
  LiveCall& live = calls_.at(room);  // stays while `running`; unordered_map keeps references valid
  while (!live.actions.empty()) {
    const Action action = std::move(live.actions.front());
    live.actions.pop_front();
    if (!IsClearing(action.kind) && live.call.legs[action.leg].ended) {
      if (IsAwaited(action.kind)) OnRefused(live, action, {base::kCallNotLive, "the leg is gone"});
      continue;
    }
    const bool finds = action.kind == Kind::kFindRecording;
    if (finds && !live.call.recordings[action.id].running) continue;  // told meanwhile
    const SwitchRequest request(live.call, action);
    const http::ClientResult result = co_await Try(live.call, request);
    const bool done = SwitchRequests::Succeeded(action, result);
    if (done && finds) {
      Take(live, machine_.FoundRecording(live.call, action.id), "RecordingFound", "");
    }
    if (done && IsAwaited(action.kind) && result.response.status == 409 && live.caller != nullptr) {
      flow_machine_.OnMessageExists(live.caller->flow, live.call, action);
    }
    if (done || (IsPast(live.call, request) && !IsAwaited(action.kind))) continue;
    // The leg itself is gone: its end is on its way.
    const std::string detail = SwitchRequests::DetailOf(result);
    const bool gone =
        action.kind == Kind::kAddToBridge &&
        (result.response.status == 404 || detail.find("Channel not found") != std::string::npos);
    if (!gone) OnRefused(live, action, {SwitchRequests::ErrorOf(result), detail});
  }
  live.running = false;
  EraseIfOver(room);
}

void Driver::OnRefused(LiveCall& live, const Action& action, const Refusal& refusal) {
  const bool was_there = live.call.customer().live();
  Effects effects;
  if (live.caller != nullptr) {
    effects = flow_machine_.OnRefused(live.caller->flow, live.call, action);
  }
  if (SwitchRequests::IsEssential(action)) {
    observability::Warn("asterisk refused a step of a call",
                        {{"session", live.call.plan.call}, {"detail", refusal.detail}});
    const bool first = action.leg == kAgentLeg || action.leg == kCustomerLeg;
    const absl::Time now = environment_.clock.Now();
    if (live.call.inbound && first) {
      effects.Add(machine_.FailLeg(live.call, kAgentLeg, refusal, now));
    } else if (!first) {
      effects.Add(machine_.FailLeg(live.call, action.leg, refusal, now));
    } else {
      effects.Add(machine_.Fail(live.call, refusal, now));
    }
  }
  Follow(live, was_there, effects);
  Take(live, std::move(effects), "DriverFailed", "");
}

Task<http::ClientResult> Driver::Try(const Call& call, const SwitchRequest& request) {
  for (int attempt = 1;; ++attempt) {
    http::ClientResult result = co_await requests_.Send(request);
    const bool done = SwitchRequests::Succeeded(request.action, result);
    if (done || attempt == kTries || !SwitchRequests::MayTryAgain(request.action, result)) {
      co_return result;
    }
    asio::steady_timer timer(strand_, kPause * attempt);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (IsPast(call, request)) co_return result;
  }
}

}  // namespace ctc::providers::asterisk
