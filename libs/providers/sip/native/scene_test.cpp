// Who hears whom in every state of a call, as a table.
#include "libs/providers/sip/native/scene.h"

#include <absl/strings/str_join.h>
#include <catch2/catch.hpp>

#include <algorithm>

#include "libs/providers/sip/native/anchored_story_for_test.h"

namespace ctc::providers::sip::native {
namespace {

using dispatch::v1::ControlCallRequest;
using Party = session::v1::Leg;
using Phase = AnchoredLeg::Phase;

// "agent<customer": the agent hears the customer; "customer~": music; "agent*": ring-back.
std::string Picture(const Scene& scene) {
  V lines;
  for (const media::Heard& heard : scene.hearing) {
    lines.push_back(heard.listener + "<" + heard.speaker);
  }
  for (const auto& [leg, tone] : scene.tones) {
    lines.push_back(leg + (tone == media::Tone::kHoldMusic ? "~" : "*"));
  }
  std::sort(lines.begin(), lines.end());
  return absl::StrJoin(lines, " ");
}

AnchoredLeg LegOf(Party::Party party, Phase phase = Phase::kUp) {
  AnchoredLeg leg;
  leg.party = party;
  leg.phase = phase;
  if (phase == Phase::kUp) leg.agreed.emplace();
  return leg;
}

AnchoredCall Talk() {
  AnchoredCall call;
  call.joined = true;
  call.legs["agent"] = LegOf(Party::AGENT);
  call.legs["customer"] = LegOf(Party::CUSTOMER);
  return call;
}

AnchoredCall With(AnchoredCall call, const std::string& name, Party::Party party,
                  Phase phase = Phase::kUp,
                  AnchoredLeg::Mode mode = ControlCallRequest::MODE_UNSPECIFIED) {
  call.legs[name] = LegOf(party, phase);
  call.legs[name].mode = mode;
  return call;
}

AnchoredCall Held(AnchoredCall call) {
  call.held = true;
  return call;
}
AnchoredCall Muted(AnchoredCall call) {
  call.muted = true;
  return call;
}
AnchoredCall Without(AnchoredCall call, const std::string& leg) {
  call.legs[leg].phase = Phase::kEnded;
  return call;
}
AnchoredCall Holds(AnchoredCall call, const std::string& leg,
                   media::Direction direction = media::Direction::kInactive) {
  call.legs[leg].agreed->direction = direction;
  return call;
}
AnchoredCall Rung(bool early) {
  AnchoredCall call = Talk();
  call.joined = false;
  call.legs["customer"] = LegOf(Party::CUSTOMER, Phase::kInviting);
  if (early) call.legs["customer"].agreed.emplace();
  return call;
}
AnchoredCall InFlow(AnchoredFlow::Phase phase, bool own_music = false) {
  AnchoredCall call;
  call.flow.emplace();
  call.flow->phase = phase;
  call.flow->own_music = own_music;
  call.legs["customer"] = LegOf(Party::CUSTOMER);
  return call;
}

TEST_CASE("who hears whom, and what besides", "[sip][anchored][scene]") {
  constexpr auto kUp = Phase::kUp;
  const AnchoredCall talk = Talk();
  const AnchoredCall consult = With(talk, "consult-1", Party::CONSULT);
  const auto watched = [&](AnchoredLeg::Mode mode) {
    return With(talk, "supervisor-1", Party::SUPERVISOR, kUp, mode);
  };
  using FlowPhase = AnchoredFlow::Phase;
  const auto [what, call, picture] = GENERATE_COPY(table<const char*, AnchoredCall, const char*>({
      {"the customer rings", Rung(false), "agent*"},
      {"what it says before it picks up is heard", Rung(true), "agent<customer"},
      {"two talk", talk, "agent<customer customer<agent"},
      {"a customer on hold", Held(talk), "customer~"},
      {"a muted agent", Muted(talk), "agent<customer"},
      {"a muted agent with a customer on hold", Muted(Held(talk)), "customer~"},
      {"a target rings while the customer waits",
       With(Held(talk), "consult-1", Party::CONSULT, Phase::kInviting), "agent* customer~"},
      {"a target is spoken to", Held(consult), "agent<consult-1 consult-1<agent customer~"},
      {"three talk", consult,
       "agent<consult-1 agent<customer consult-1<agent consult-1<customer customer<agent "
       "customer<consult-1"},
      {"a blind transfer",
       Held(Without(With(talk, "consult-1", Party::CONSULT, Phase::kInviting), "agent")),
       "customer~"},
      {"the agent has left, nobody follows yet", Without(talk, "agent"), "customer~"},
      {"a guest rings", With(talk, "party-1", Party::GUEST, Phase::kInviting),
       "agent<customer customer<agent"},
      {"a guest", With(Muted(talk), "party-1", Party::GUEST),
       "agent<customer agent<party-1 customer<party-1 party-1<customer"},
      {"a supervisor listens", watched(ControlCallRequest::LISTEN),
       "agent<customer customer<agent supervisor-1<agent supervisor-1<customer"},
      {"a supervisor whispers", watched(ControlCallRequest::WHISPER),
       "agent<customer agent<supervisor-1 customer<agent supervisor-1<agent "
       "supervisor-1<customer"},
      {"a supervisor barges in", watched(ControlCallRequest::BARGE),
       "agent<customer agent<supervisor-1 customer<agent customer<supervisor-1 "
       "supervisor-1<agent supervisor-1<customer"},
      {"a supervisor listens while the customer waits", Held(watched(ControlCallRequest::LISTEN)),
       "customer~ supervisor-1<agent"},
      {"a supervisor whispers to an agent who is muted",
       Muted(watched(ControlCallRequest::WHISPER)),
       "agent<customer agent<supervisor-1 supervisor-1<customer"},
      {"two supervisors do not hear each other",
       With(watched(ControlCallRequest::WHISPER), "supervisor-2", Party::SUPERVISOR, kUp,
            ControlCallRequest::LISTEN),
       "agent<customer agent<supervisor-1 customer<agent supervisor-1<agent "
       "supervisor-1<customer supervisor-2<agent supervisor-2<customer"},
      {"the agent's phone holds the call", Holds(talk, "agent"), "agent<customer customer~"},
      {"the agent's phone holds and plays something",
       Holds(talk, "agent", media::Direction::kSendOnly), "agent<customer customer~"},
      {"the customer's phone holds the call", Holds(talk, "customer"),
       "agent<customer customer<agent"},
      {"a caller in a menu", InFlow(FlowPhase::kGathering), ""},
      {"a caller in a queue", InFlow(FlowPhase::kWaiting), "customer~"},
      {"a caller in a queue with music of its own", InFlow(FlowPhase::kWaiting, true), ""},
      {"a caller for whom an agent is rung", InFlow(FlowPhase::kDialling), "customer~"},
      {"a caller who talks", With(InFlow(FlowPhase::kTalking), "agent", Party::AGENT),
       "agent<customer customer<agent"},
      {"a caller leaves a message while an agent is still there",
       With(InFlow(FlowPhase::kMessage), "agent", Party::AGENT), ""},
  }));
  INFO(what);
  CHECK(Picture(SceneOf(call)) == picture);
}

TEST_CASE("a recording holds what is said in the conversation", "[sip][anchored][scene]") {
  const AnchoredCall whisper =
      With(Talk(), "supervisor-1", Party::SUPERVISOR, Phase::kUp, ControlCallRequest::WHISPER);
  CHECK(SceneOf(Talk()).recorded == V{"agent", "customer"});
  CHECK(SceneOf(whisper).recorded == V{"agent", "customer"});
  CHECK(SceneOf(Muted(Talk())).recorded == V{"customer"});
  CHECK(SceneOf(Held(With(Talk(), "consult-1", Party::CONSULT))).recorded ==
        V{"agent", "consult-1"});
}

}  // namespace
}  // namespace ctc::providers::sip::native
