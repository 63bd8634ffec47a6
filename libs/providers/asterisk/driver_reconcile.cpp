// What the driver makes of a switch it did not listen to for a while.
#include <algorithm>
#include <map>
#include <utility>

#include "libs/base/ids.h"
#include "libs/providers/asterisk/driver.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::asterisk {
namespace {

using session::v1::Leg;
using session::v1::Session;
using Views = std::map<std::string, const ChannelView*>;  // by LegName::Tag()

bool IsJoined(const Session& session) {
  return session.status() == Session::CONNECTED || session.status() == Session::ON_HOLD;
}

std::string RoomOf(const Session& session) {
  return session.conversation_id().empty() ? session.id() : session.conversation_id();
}

// Conversations with a leg that is named as ours are, whichever account it belongs to.
std::set<std::string> RoomsOf(const std::vector<ChannelView>& channels) {
  std::set<std::string> rooms;
  for (const ChannelView& channel : channels) {
    if (auto leg = ParseChannelId(channel.id)) rooms.insert(std::move(leg->room));
  }
  return rooms;
}

// Those of them that are this account's. Another one may be on the same switch with an application
// of its own, and be another tenant's; a leg is in an application from its answer on.
std::set<std::string> OwnRooms(const std::vector<ChannelView>& channels,
                               const std::vector<Session>& live, const std::string& app) {
  std::set<std::string> sessions;
  for (const Session& session : live) sessions.insert(RoomOf(session));
  std::set<std::string> rooms;
  for (const ChannelView& channel : channels) {
    auto leg = ParseChannelId(channel.id);
    if (!leg) continue;
    if (channel.app == app || sessions.contains(leg->room)) rooms.insert(std::move(leg->room));
  }
  return rooms;
}

// A session that is recorded, and of which no file was told, has one that runs; after a transfer it
// may have begun before.
void NoteRecordings(Call& call, const Session& session) {
  if (!session.is_recorded()) return;
  for (const std::string& of : {session.id(), call.plan.call}) {
    RecordingState& recording = call.recordings[of];
    recording.told = recording.told || !session.recording_url().empty();
    recording.running = recording.running || !recording.told;
  }
}

Views ViewsOf(const Call& call, const std::vector<ChannelView>& channels) {
  Views views;
  const std::string customer = call.ChannelOf(kCustomerLeg);
  for (const ChannelView& channel : channels) {
    const std::optional<LegName> leg = ParseChannelId(channel.id);
    if (leg.has_value() && leg->room == call.plan.call) views[leg->Tag()] = &channel;
    if (channel.id == customer) views[std::string(kCustomerLeg)] = &channel;
  }
  return views;
}

bool Holds(const BridgeView& bridge, const std::string& channel) {
  return std::find(bridge.channels.begin(), bridge.channels.end(), channel) !=
         bridge.channels.end();
}

const BridgeView* BridgeOf(const std::vector<BridgeView>& bridges, const std::string& id) {
  for (const BridgeView& bridge : bridges) {
    if (bridge.id == id) return &bridge;
  }
  return nullptr;
}

bool IsHandler(const std::string& tag) {
  return PartyOf(tag) == Leg::AGENT || PartyOf(tag) == Leg::CONSULT;
}

// The one party left, and the other has nobody to talk to. Whoever waits for the next agent of a
// transfer, or goes on with a flow, is not left alone.
bool IsLeftAlone(const Call& call) {
  const LegState* customer = call.Find(kCustomerLeg);
  if (customer == nullptr) return false;
  if (customer->ended) return true;
  if (!call.joined || call.inbound || call.unattended || call.attended()) return false;
  return customer->live() && std::any_of(call.legs.begin(), call.legs.end(), [](const auto& entry) {
           return IsHandler(entry.first) && entry.second.ended;
         });
}

// Those of them whose legs are there.
void AskAgain(const Call& call, const std::vector<Action>& lost, Effects& effects) {
  for (const Action& action : lost) {
    const LegState* leg = call.Find(action.leg);
    if (leg != nullptr && leg->live()) effects.actions.push_back(action);
  }
}

// Who must have been there, though the switch shows them no more.
void SupposeLegs(Call& call, const Views& views, const BridgeView* bridge) {
  for (const auto& [tag, view] : views) {
    LegState& leg = call.legs[tag];
    leg.requested = true;
    leg.channel = view->id;
  }
  if (bridge == nullptr) return;
  const bool handler = std::any_of(views.begin(), views.end(),
                                   [](const auto& entry) { return IsHandler(entry.first); });
  // The bridge is made before the customer is dialled. With it and without his leg he may have been
  // called already: he is never called again.
  if (handler) {
    call.bridged = true;
    call.customer().requested = true;
  }
  const auto customer = views.find(std::string(kCustomerLeg));
  if (handler || customer == views.end() || call.inbound || call.unattended) return;
  const std::optional<CallPlan> plan = DecodeArgs(customer->second->args);
  // He talked with an agent who left.
  if (plan.has_value() && plan->has_agent && Holds(*bridge, customer->second->id)) {
    call.agent().requested = call.agent().answered = true;
  }
}

AriEvent EventOf(const Call& call, const std::string& tag, const ChannelView& view) {
  AriEvent event;
  event.room = call.plan.call;
  event.tag = tag;
  event.channel = view.id;
  event.channel_state = view.state;
  event.created = view.created_at;
  const std::optional<LegName> name = ParseChannelId(view.id);
  event.session = name.has_value() ? name->session : call.plan.call;
  return event;
}

void ReplayLeg(const CallMachine& machine, Call& call, const std::string& tag,
               const ChannelView& view, const std::vector<BridgeView>& bridges, Effects& effects) {
  AriEvent event = EventOf(call, tag, view);
  event.type = AriEvent::Type::kStateChange;
  effects.Add(machine.Apply(call, event));
  const bool bridged = std::any_of(bridges.begin(), bridges.end(), [&](const BridgeView& bridge) {
    return Holds(bridge, view.id);
  });
  LegState& leg = call.legs[tag];
  leg.entered = leg.entered || bridged;
  if (const auto party = DecodePartyArgs(view.args)) leg.watches = party->watches;
  const bool caller = call.inbound && tag == kCustomerLeg;
  if (view.state == "Up" && !caller && (!bridged || !call.customer().requested)) {
    event.type = AriEvent::Type::kStasisStart;
    event.args = view.args;
    effects.Add(machine.Apply(call, event));
  }
}

}  // namespace

Task<absl::Status> Driver::ReconcileSwitch(const std::vector<Session>& live) {
  // Half of all events, of no use here. Subscriptions work without it as well.
  (void)co_await requests_.ari().Send(
      "PUT", "/applications/" + settings_.app + "/eventFilter",
      R"({"disallowed":[{"type":"ChannelVarset"},{"type":"ChannelDialplan"}]})", kAskTimeout);
  const http::ClientResult channels_answer = co_await requests_.ari().Get("/channels", kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(channels_answer));
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<ChannelView> channels,
                          ReadChannels(channels_answer.response.body));
  const http::ClientResult bridges_answer = co_await requests_.ari().Get("/bridges", kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(bridges_answer));
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<BridgeView> bridges,
                          ReadBridges(bridges_answer.response.body));
  CTC_CO_RETURN_IF_ERROR(co_await ReconcileCallers(channels));
  std::set<std::string> known = OwnRooms(channels, live, settings_.app);
  for (const auto& [room, state] : calls_) known.insert(room);
  for (const Session& session : live) {
    if (!known.contains(RoomOf(session)) || !IsJoined(session)) continue;
    Call& call = FindOrMake(RoomOf(session)).call;
    call.joined = true;
    NoteRecordings(call, session);
    // A transfer may be between two agents.
    call.unattended = call.unattended || session.status() == Session::ON_HOLD;
  }
  for (const std::string& room : known) ReconcileCall(room, channels, bridges);
  known.merge(RoomsOf(channels));
  SweepBridges(bridges, known);
  co_return absl::OkStatus();
}

// A room has its legs before its bridge: one that has begun meanwhile is known.
void Driver::SweepBridges(const std::vector<BridgeView>& bridges,
                          const std::set<std::string>& known) {
  std::vector<std::string> left;
  for (const BridgeView& bridge : bridges) {
    std::string room = RoomOfBridge(bridge.id);
    if (room.empty()) room = RoomOfMonitor(bridge.id);
    if (room.empty() || known.contains(room) || !bridge.channels.empty()) continue;
    left.push_back(bridge.id);
  }
  if (left.empty()) return;
  Spawn([self = shared_from_this(), left = std::move(left)]() -> Task<void> {
    for (const std::string& bridge : left) {
      (void)co_await self->requests_.ari().Ask("DELETE", "/bridges/" + bridge);
    }
  });
}

// Callers found get their conversation back, if they have one yet; those gone are noted. Who is in
// our application and nobody's is ended.
Task<absl::Status> Driver::ReconcileCallers(const std::vector<ChannelView>& channels) {
  std::set<std::string> here;
  for (const ChannelView& channel : channels) here.insert(channel.id);
  for (const auto& [id, caller] : callers_) {
    if (here.contains(id) || !caller->room.empty() || caller->lost.has_value()) continue;
    AriEvent end;
    end.type = AriEvent::Type::kStasisEnd;
    end.tag = std::string(kCustomerLeg);
    end.channel = id;
    caller->lost = std::move(end);
  }
  for (const ChannelView& channel : channels) {
    const bool ours =
        ParseChannelId(channel.id).has_value() || ParseSnoopId(channel.id).has_value();
    if (ours || !IsChannelId(channel.id) || channel.app != settings_.app) continue;
    if (callers_.contains(channel.id)) continue;
    if (!IsCaller(channel.args)) {
      EndStray(channel.id);
      continue;
    }
    std::string path = "/channels/" + channel.id + "/variable?variable=CTC_CALL_ID";
    const http::ClientResult mark = co_await requests_.ari().Get(std::move(path), kAskTimeout);
    if (mark.response.status != 404) CTC_CO_RETURN_IF_ERROR(ControlStatus(mark));
    const std::string room = ReadVariable(mark.response.body);
    const CallerPtr caller = Meet(channel);
    caller->came = channel.created_at;
    caller->found = true;
    if (mark.response.status == 404 || !base::IsUuid(room)) {
      const Effects effects = flow_machine_.Begin(caller->flow);
      Ask(caller, *effects.ask);
      continue;
    }
    Effects effects;
    LiveCall& live = Settle(caller, room, effects);
    Take(live, std::move(effects), "Reconciled", "");
  }
  co_return absl::OkStatus();
}

// Replays, as events, what the switch shows of a call, after what it does not show any more.
void Driver::ReconcileCall(const std::string& room, const std::vector<ChannelView>& channels,
                           const std::vector<BridgeView>& bridges) {
  LiveCall& live = FindOrMake(room);
  Call& call = live.call;
  const bool was_there = call.customer().live();
  const Views views = ViewsOf(call, channels);
  const BridgeView* bridge = BridgeOf(bridges, BridgeId(room));
  const std::vector<Action> lost = LostHangUps(live);
  SupposeLegs(call, views, bridge);
  Effects effects;
  std::vector<std::string> gone;
  for (const auto& [tag, leg] : call.legs) {
    if (leg.live() && !views.contains(tag)) gone.push_back(tag);
  }
  // First: the steps below may ask for a customer who is not there yet.
  for (const std::string& tag : gone) effects.Add(machine_.Vanish(call, tag));
  for (const auto& [tag, view] : views) ReplayLeg(machine_, call, tag, *view, bridges, effects);
  if (bridge != nullptr) {
    call.bridged = true;
    AriEvent joined;
    joined.type = AriEvent::Type::kEnteredBridge;
    joined.room = room;
    joined.tag = std::string(kCustomerLeg);
    joined.session = call.customer().session;
    joined.bridge = bridge->id;
    joined.bridge_channels = bridge->channels;
    if (call.customer().requested) effects.Add(machine_.Apply(call, joined));
  }
  if (live.caller != nullptr) ResumeCaller(live, effects);
  AskAgain(call, lost, effects);
  Follow(live, was_there, effects);
  Take(live, std::move(effects), "Reconciled", "");
  EraseIfOver(room);
}

std::vector<Action> Driver::LostHangUps(LiveCall& live) const {
  Effects effects;
  if (live.caller != nullptr) {
    effects = flow_machine_.HangUpAgain(live.caller->flow, live.call);
  }
  if (IsLeftAlone(live.call)) {
    for (const auto& [tag, leg] : live.call.legs) {
      if (leg.live()) effects.actions.push_back({Action::Kind::kHangUp, tag});
    }
  }
  return std::move(effects.actions);
}

void Driver::ResumeCaller(LiveCall& live, Effects& effects) {
  Caller& caller = *live.caller;
  if (!caller.found) {
    effects.Add(flow_machine_.OnReconnect(caller.flow, live.call));
    return;
  }
  caller.found = false;
  if (live.call.joined && live.call.attended()) {
    caller.flow.phase = Flow::Phase::kTalking;
    return;
  }
  if (caller.flow.asking) return;
  effects.actions.push_back({Action::Kind::kStopMusic});
  effects.Add(flow_machine_.Begin(caller.flow));
}

Task<absl::Status> Driver::DropVanished() {
  // Legs known before the question: one that begins meanwhile is not missing.
  std::map<std::string, std::pair<std::string, std::string>> expected;
  std::map<std::string, std::vector<Action>> lost;  // by conversation
  for (auto& [room, live] : calls_) {
    if (std::vector<Action> again = LostHangUps(live); !again.empty())
      lost[room] = std::move(again);
    for (const auto& [tag, leg] : live.call.legs) {
      if (leg.live()) expected[live.call.ChannelOf(tag)] = {room, tag};
    }
  }
  const http::ClientResult answer = co_await requests_.ari().Get("/channels", kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(answer));
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<ChannelView> channels,
                          ReadChannels(answer.response.body));
  for (const ChannelView& channel : channels) expected.erase(channel.id);
  std::set<std::string> missing;
  for (const auto& [channel, leg] : expected) {
    missing.insert(channel);
    LiveCall* live = Find(leg.first);
    if (!missing_.contains(channel) || live == nullptr) continue;
    const bool was_there = live->call.customer().live();
    Effects effects = machine_.Vanish(live->call, leg.second);
    Follow(*live, was_there, effects);
    Take(*live, std::move(effects), "Vanished", "");
    EraseIfOver(leg.first);
  }
  missing_ = std::move(missing);
  for (const auto& [room, actions] : lost) {
    LiveCall* live = Find(room);
    if (live == nullptr) continue;
    Effects effects;
    AskAgain(live->call, actions, effects);
    Take(*live, std::move(effects), "LeftAlone", "");
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Driver::ReconcileSessions(std::vector<Session> live) {
  std::erase_if(live, [&](const Session& session) {
    return session.submission() != Session::ACCEPTED || calls_.contains(RoomOf(session)) ||
           callers_.contains(session.provider_call_id());
  });
  if (live.empty()) co_return absl::OkStatus();
  const http::ClientResult answer = co_await requests_.ari().Get("/channels", kAskTimeout);
  CTC_CO_RETURN_IF_ERROR(ControlStatus(answer));
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<ChannelView> channels,
                          ReadChannels(answer.response.body));
  const std::set<std::string> at_switch = RoomsOf(channels);
  for (const Session& session : live) {
    const bool caller = std::any_of(channels.begin(), channels.end(), [&](const ChannelView& view) {
      return view.id == session.provider_call_id();
    });
    const std::string room = RoomOf(session);
    if (caller || at_switch.contains(room) || calls_.contains(room)) continue;
    EndLost(session);
  }
  co_return absl::OkStatus();
}

// A session that the switch knows nothing of: it ended while nobody listened.
void Driver::EndLost(const Session& session) {
  const std::string room = RoomOf(session);
  LiveCall& live = FindOrMake(room);
  live.call.joined = IsJoined(session);
  live.call.customer().requested = true;
  live.call.customer().session = session.id();
  NoteRecordings(live.call, session);
  Take(live, machine_.Vanish(live.call, kCustomerLeg), "Reconciled", "");
  EraseIfOver(room);
}

}  // namespace ctc::providers::asterisk
