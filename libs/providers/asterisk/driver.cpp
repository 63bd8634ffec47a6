#include "libs/providers/asterisk/driver.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "libs/observability/log.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::asterisk {
namespace {

using Kind = Action::Kind;
using session::v1::Session;

constexpr int kTries = 3;
constexpr auto kPause = std::chrono::milliseconds(200);

MachineConfig ConfigOf(const DialSettings& settings) {
  MachineConfig config;
  config.ring_timeout = settings.ring_timeout;
  config.dialplan_finds_agent = !settings.agent_context.empty();
  config.recording_url_prefix = settings.ari_url + "/recordings/stored/";
  return config;
}

// Without these the parties never meet; all others may fail.
bool IsEssential(Kind kind) {
  return kind == Kind::kMakeBridge || kind == Kind::kAddToBridge || kind == Kind::kDialCustomer ||
         kind == Kind::kFindAgent;
}

bool Succeeded(Kind kind, const http::ClientResult& result) {
  const int status = result.response.status;
  if (status >= 200 && status < 300) return true;
  // The id exists: an earlier try got through.
  return status == 409 && (kind == Kind::kMakeBridge || kind == Kind::kDialCustomer);
}

bool MayTryAgain(const http::ClientResult& result) {
  const int status = result.response.status;
  if (status == 500 && ReadErrorText(result.response.body) == "Allocation failed") return false;
  return status == 0 || status >= 500;
}

bool IsJoined(const Session& session) {
  return session.status() == Session::CONNECTED || session.status() == Session::ON_HOLD;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Driver>> Driver::Create(asio::any_io_executor strand,
                                                       const Environment& environment,
                                                       std::shared_ptr<const Account> account,
                                                       Sink sink) {
  CTC_ASSIGN_OR_RETURN(DialSettings settings, ReadSettings(account->config));
  return std::shared_ptr<Driver>(new Driver(std::move(strand), environment, std::move(account),
                                            std::move(settings), std::move(sink)));
}

Driver::Driver(asio::any_io_executor strand, const Environment& environment,
               std::shared_ptr<const Account> account, DialSettings settings, Sink sink)
    : strand_(std::move(strand)),
      environment_(environment),
      account_(std::move(account)),
      settings_(std::move(settings)),
      ari_(environment_.http, *account_, settings_.ari_url),
      machine_(ConfigOf(settings_)),
      sink_(std::move(sink)) {}

std::string Driver::SocketUrl() const {
  // http -> ws and https -> wss differ by the same first four letters.
  return absl::StrCat("ws", settings_.ari_url.substr(4), "/events?app=", settings_.app,
                      "&subscribeAll=false");
}

Driver::LiveCall& Driver::FindOrMake(const std::string& call) {
  LiveCall& live = calls_[call];
  live.call.plan.call = call;
  return live;
}

bool Driver::OnMessage(const std::string& text) {
  const absl::StatusOr<AriEvent> event = ReadEvent(text);
  if (!event.ok()) {
    observability::Warn("asterisk sent what is not an event",
                        {{"provider", account_->config.id()}, {"bytes", text.size()}});
    return true;
  }
  if (event->type == AriEvent::Type::kReplaced) return false;
  if (event->type == AriEvent::Type::kOther || event->call.empty()) return true;
  LiveCall& live = FindOrMake(event->call);
  Take(live, machine_.Apply(live.call, *event), event->name,
       event->type == AriEvent::Type::kDtmf ? "" : text);
  EraseIfOver(event->call);
  return true;
}

void Driver::Take(LiveCall& live, Effects effects, const std::string& event_type,
                  const std::string& payload) {
  if (!effects.facts.empty()) {
    FactNote note;
    note.event_type = event_type;
    note.payload = payload;
    const absl::Time now = environment_.clock.Now();
    for (session::v1::CallFact& fact : effects.facts) {
      session::v1::SessionFact item;
      item.set_tenant_id(account_->tenant.value());
      item.set_session(live.call.plan.call);
      item.set_provider_id(account_->config.id());
      fact.mutable_received_time()->set_seconds(absl::ToUnixSeconds(now));
      fact.mutable_received_time()->set_nanos(static_cast<int32_t>(absl::ToUnixMillis(now) % 1000) *
                                              1000000);
      *item.mutable_fact() = std::move(fact);
      note.facts.push_back(std::move(item));
    }
    sink_(std::move(note));
  }
  for (const Action& action : effects.actions) live.actions.push_back(action);
  if (live.actions.empty() || live.running) return;
  live.running = true;
  asio::co_spawn(
      strand_,
      [self = shared_from_this(), call = live.call.plan.call]() -> Task<void> {
        return self->RunActions(call);
      },
      [](std::exception_ptr fault) {
        if (fault) observability::Error("driving an asterisk call ended by an exception");
      });
}

void Driver::EraseIfOver(const std::string& call) {
  const auto found = calls_.find(call);
  if (found == calls_.end() || found->second.running || !found->second.actions.empty()) return;
  const Call& state = found->second.call;
  // A recording's last word of a call that is over makes no call.
  if (state.over() || (!state.agent.requested && !state.customer.requested)) calls_.erase(found);
}

Task<void> Driver::RunActions(std::string call) {
  const std::shared_ptr<Driver> self = shared_from_this();
  LiveCall& live = calls_.at(call);  // stays while `running`; unordered_map keeps references valid
  while (!live.actions.empty()) {
    const Action action = live.actions.front();
    live.actions.pop_front();
    // A party that left meanwhile needs nothing any more.
    if (action.kind != Kind::kHangUp && action.kind != Kind::kDestroyBridge &&
        live.call.leg(action.party).ended) {
      continue;
    }
    std::string detail;
    const int status = co_await Try(live.call, action, detail);
    const bool failed = !detail.empty();
    if (!failed || !IsEssential(action.kind)) continue;
    // The leg itself is gone: its end is on its way.
    if (status == 404 && action.kind == Kind::kAddToBridge) continue;
    observability::Warn("asterisk refused a step of a call",
                        {{"session", call}, {"detail", detail}});
    Take(live, machine_.Fail(live.call, detail, environment_.clock.Now()), "DriverFailed", "");
  }
  live.running = false;
  EraseIfOver(call);
}

Task<int> Driver::Try(const Call& call, Action action, std::string& detail) {
  const CallPlan plan = call.plan;
  for (int attempt = 1;; ++attempt) {
    const http::ClientResult result = co_await Request(plan, action);
    if (Succeeded(action.kind, result)) {
      detail.clear();
      co_return result.response.status;
    }
    detail = result.ok() ? absl::StrCat("Asterisk said ", result.response.status, " ",
                                        ReadErrorText(result.response.body))
                         : std::string(result.error.status.message());
    if (attempt == kTries || !MayTryAgain(result)) co_return result.response.status;
    asio::steady_timer timer(strand_, kPause * attempt);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

Task<http::ClientResult> Driver::Request(const CallPlan& plan, Action action) {
  const std::string channel = "/channels/" + ChannelId(plan.call, action.party);
  const std::string bridge = "/bridges/" + BridgeId(plan.call);
  switch (action.kind) {
    case Kind::kMakeBridge:
      // Without dtmf_events a bridge of two phones would pass digits through unseen.
      co_return co_await ari_.Ask("POST", bridge + "?type=mixing,dtmf_events&name=" + plan.call);
    case Kind::kAddToBridge:
      co_return co_await ari_.Ask(
          "POST", bridge + "/addChannel?channel=" + ChannelId(plan.call, action.party));
    case Kind::kPlayRingTone:
      co_return co_await ari_.Ask("POST", channel + "/play/" + RingToneId(plan.call) +
                                              "?media=tone%3Aring%3Btonezone%3Dus");
    case Kind::kStopRingTone:
      co_return co_await ari_.Ask("DELETE", "/playbacks/" + RingToneId(plan.call));
    case Kind::kRecord:
      co_return co_await ari_.Ask(
          "POST",
          bridge + "/record?name=" + RecordingName(plan.call) +
              "&format=wav&ifExists=append&maxDurationSeconds=0&beep=false&terminateOn=none");
    case Kind::kFindAgent:
      co_return co_await ari_.Ask(
          "POST", channel + "/continue?context=" + settings_.agent_context + "&extension=" +
                      (plan.agent_id.empty() ? "s" : plan.agent_id) + "&priority=1");
    case Kind::kHangUp:
      co_return co_await ari_.Ask("DELETE", channel + "?reason=normal");
    case Kind::kDestroyBridge:
      co_return co_await ari_.Ask("DELETE", bridge);
    case Kind::kDialCustomer:
      break;
  }
  co_return co_await DialCustomer(plan);
}

Task<http::ClientResult> Driver::DialCustomer(const CallPlan& plan) {
  absl::StatusOr<std::string> endpoint =
      CustomerEndpoint(settings_, account_->config.dial_plan_prefix(), plan.to);
  if (!endpoint.ok()) {
    http::ClientResult refused;
    refused.response.status = 400;
    co_return refused;
  }
  Originate originate;
  originate.channel_id = ChannelId(plan.call, Party::kCustomer);
  originate.endpoint = *std::move(endpoint);
  originate.app = settings_.app;
  originate.args = EncodeArgs(plan, Party::kCustomer);
  originate.caller_id = CallerId(account_->config.caller_id(), plan.from);
  originate.call = plan.call;
  originate.party = Party::kCustomer;
  originate.ring_timeout = settings_.ring_timeout;
  co_return co_await ari_.Dial(std::move(originate), kAskTimeout);
}

Task<absl::Status> Driver::ReconcileSwitch(const std::vector<Session>& live) {
  // Half of all events, of no use here. Subscriptions work without it as well.
  (void)co_await ari_.Send(
      "PUT", "/applications/" + settings_.app + "/eventFilter",
      R"({"disallowed":[{"type":"ChannelVarset"},{"type":"ChannelDialplan"}]})", kAskTimeout);
  const http::ClientResult channels_answer = co_await ari_.Get("/channels", kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(channels_answer));
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<ChannelView> channels,
                          ReadChannels(channels_answer.response.body));
  const http::ClientResult bridges_answer = co_await ari_.Get("/bridges", kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(bridges_answer));
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<BridgeView> bridges,
                          ReadBridges(bridges_answer.response.body));
  std::set<std::string> at_switch;
  for (const ChannelView& channel : channels) {
    if (auto leg = ParseChannelId(channel.id)) at_switch.insert(std::move(leg->call));
  }
  std::set<std::string> known = at_switch;
  for (const auto& [call, state] : calls_) known.insert(call);
  for (const Session& session : live) {
    if (known.contains(session.id()) && IsJoined(session))
      FindOrMake(session.id()).call.joined = true;
  }
  for (const std::string& call : known) ReconcileCall(call, channels, bridges);
  co_return absl::OkStatus();
}

Task<absl::Status> Driver::DropVanished() {
  // Legs known before the question: one that begins meanwhile is not missing.
  std::set<std::string> expected;
  for (auto& [call, live] : calls_) {
    for (const Party party : {Party::kAgent, Party::kCustomer}) {
      const LegState& leg = live.call.leg(party);
      if (leg.requested && !leg.ended) expected.insert(ChannelId(call, party));
    }
  }
  const http::ClientResult answer = co_await ari_.Get("/channels", kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(answer));
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<ChannelView> channels,
                          ReadChannels(answer.response.body));
  for (const ChannelView& channel : channels) expected.erase(channel.id);
  for (const std::string& id : expected) {
    const std::optional<LegId> leg = ParseChannelId(id);
    if (!missing_.contains(id) || !leg.has_value() || !calls_.contains(leg->call)) continue;
    LiveCall& live = calls_.at(leg->call);
    Take(live, machine_.Vanish(live.call, leg->party), "Vanished", "");
    EraseIfOver(leg->call);
  }
  missing_ = std::move(expected);
  co_return absl::OkStatus();
}

Task<absl::Status> Driver::ReconcileSessions(std::vector<Session> live) {
  std::erase_if(live, [&](const Session& session) {
    return session.submission() != Session::ACCEPTED || calls_.contains(session.id());
  });
  if (live.empty()) co_return absl::OkStatus();
  const http::ClientResult answer = co_await ari_.Get("/channels", kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(answer));
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<ChannelView> channels,
                          ReadChannels(answer.response.body));
  std::set<std::string> at_switch;
  for (const ChannelView& channel : channels) {
    if (auto leg = ParseChannelId(channel.id)) at_switch.insert(std::move(leg->call));
  }
  for (const Session& session : live) {
    if (at_switch.contains(session.id()) || calls_.contains(session.id())) continue;
    EndLost(session);
  }
  co_return absl::OkStatus();
}

// Replays, as events, what the switch shows of a call, then what it does not show any more.
void Driver::ReconcileCall(const std::string& call, const std::vector<ChannelView>& channels,
                           const std::vector<BridgeView>& bridges) {
  LiveCall& live = FindOrMake(call);
  const std::string bridge_id = BridgeId(call);
  const auto bridge = std::find_if(bridges.begin(), bridges.end(),
                                   [&](const BridgeView& view) { return view.id == bridge_id; });
  const auto apply = [&](const AriEvent& event) {
    Take(live, machine_.Apply(live.call, event), "Reconciled", "");
  };
  const auto find = [&](Party party) {
    const std::string id = ChannelId(call, party);
    return std::find_if(channels.begin(), channels.end(),
                        [&](const ChannelView& view) { return view.id == id; });
  };
  if (find(Party::kCustomer) != channels.end()) live.call.customer.requested = true;
  if (find(Party::kAgent) != channels.end()) live.call.agent.requested = true;
  // The bridge is made before the customer is dialled. With it and without his leg he may have been
  // called already: he is never called again.
  if (bridge != bridges.end() && find(Party::kAgent) != channels.end()) {
    live.call.bridged = true;
    live.call.customer.requested = true;
  }
  // What is gone first: the steps below may ask for a customer who is not there yet.
  for (const Party party : {Party::kAgent, Party::kCustomer}) {
    if (find(party) != channels.end()) continue;
    Take(live, machine_.Vanish(live.call, party), "Reconciled", "");
  }
  for (const Party party : {Party::kAgent, Party::kCustomer}) {
    const auto channel = find(party);
    if (channel == channels.end()) continue;
    AriEvent event;
    event.call = call;
    event.party = party;
    event.channel_state = channel->state;
    event.type = AriEvent::Type::kStateChange;
    apply(event);
    const bool bridged = bridge != bridges.end() &&
                         std::find(bridge->channels.begin(), bridge->channels.end(), channel->id) !=
                             bridge->channels.end();
    if (channel->state == "Up" && (!bridged || !live.call.customer.requested)) {
      event.type = AriEvent::Type::kStasisStart;
      event.args = channel->args;
      apply(event);
    }
  }
  if (bridge != bridges.end()) {
    live.call.bridged = true;
    AriEvent joined;
    joined.type = AriEvent::Type::kEnteredBridge;
    joined.call = call;
    joined.party = Party::kCustomer;
    joined.bridge_channels = bridge->channels;
    if (live.call.customer.requested) apply(joined);
  }
  EraseIfOver(call);
}

// A session that the switch knows nothing of: it ended while nobody listened.
void Driver::EndLost(const Session& session) {
  LiveCall& live = FindOrMake(session.id());
  live.call.joined = IsJoined(session);
  live.call.customer.requested = true;
  Take(live, machine_.Vanish(live.call, Party::kCustomer), "Reconciled", "");
  EraseIfOver(session.id());
}

}  // namespace ctc::providers::asterisk
