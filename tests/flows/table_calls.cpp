// Agents, numbers, queues and messages.
#include "tests/flows/table.h"

namespace ctc::flows {
namespace {

using routing::FlowWorld;
using routing::Id;
using routing::Option;
using Kind = routing::v1::IvrMenuOption;
using Lines = std::vector<std::string>;

const std::string kAnn = "rings +919900000001 for 20 s";
const std::string kBob = "rings +919900000002 for 20 s";
const std::string kNobody =
    "hears Nobody can take your call at the moment. Please try again later. Good-bye.";
const std::string kEnd = "is hung up on: NORMAL";
const std::string kMusicUrl = "https://music.example/a.mp3";
const std::string kMaySpeak = "may speak for 120 s, ended by #";

void AddAgents(FlowWorld& world) {
  world.AddAgent("ann", 1000).agent.set_phone("+919900000001");
  world.AddAgent("bob", 2000).agent.set_phone("+919900000002");
}

// Key 1 leads to `action`.
std::function<void(FlowWorld&)> One(Kind::Action action, const std::string& json) {
  return [action, json](FlowWorld& world) {
    AddAgents(world);
    AddRoot(world, {Option("1", action, json)});
  };
}

// Key 1 leads to a queue, of which `more` tells the rest.
std::function<void(FlowWorld&)> Queued(
    const std::string& json, const std::function<void(FlowWorld&, routing::v1::Queue&)>& more) {
  return [json, more](FlowWorld& world) {
    AddAgents(world);
    routing::v1::Queue& queue = world.AddQueue("sales");
    queue.set_ring_seconds(20);
    more(world, queue);
    AddRoot(world, {Option("1", Kind::ROUTE_QUEUE,
                           R"({"queue_id": ")" + Id("sales") + "\"" + json + "}")});
  };
}

Lines AfterOne(const Lines& more) {
  Lines lines = {"hears this is main", "is asked for up to 1 keys within 5 s", "presses 1"};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

// `before` was heard and done, and then jambonz cannot take the message that `word` is.
Instead NoMessage(Lines before, const std::string& word) {
  before.insert(before.end(), {"is refused: voicemail", "is hung up on", "(never: " + word + ")"});
  return {"no verb of jambonz gives a recording: 501, and it gives the call up", AfterOne(before)};
}

std::vector<Row> AgentRows() {
  const auto ann = One(Kind::ROUTE_AGENT, R"({"agent_id": "ann"})");
  const auto failed = [&](const std::string& how, const std::string& reason) {
    return Row{"an agent's phone: " + how,
               ann,
               {"1", how},
               AfterOne({kAnn, how, kNobody, "is hung up on: " + reason})};
  };
  return {
      {"an agent talks and hangs up",
       ann,
       {"1", "talks"},
       AfterOne({kAnn, "talks", "is hung up on"})},
      {"a caller talks and hangs up",
       ann,
       {"1", "talks and leaves"},
       AfterOne({kAnn, "talks", "leaves"})},
      {"a talk is recorded, after an announcement",
       One(Kind::ROUTE_AGENT, R"({"agent_id": "ann", "record": true, "text": "one moment"})"),
       {"1", "talks"},
       AfterOne({"hears one moment", kAnn, "talks, recorded", "is hung up on"}),
       {{Wire::kJambonz,
         {"no verb of jambonz records: it goes on without",
          AfterOne({"hears one moment", kAnn, "talks", "is hung up on"})}}}},
      failed("busy", "AGENT_REJECTED"),
      failed("no answer", "AGENT_NO_ANSWER"),
      failed("rejected", "AGENT_REJECTED"),
      failed("failed", "UNREACHABLE"),
      {"a caller who leaves while the phone rings",
       ann,
       {"1", "leaves"},
       AfterOne({kAnn, "leaves"})},
      {"another agent follows one who does not answer",
       One(Kind::ROUTE_AGENT,
           R"({"agent_id": "ann", "no_answer": {"action": "ROUTE_AGENT", "agent_id": "bob"}})"),
       {"1", "no answer", "talks"},
       AfterOne({kAnn, "no answer", kBob, "talks", "is hung up on"})},
      {"a message follows an agent who is busy",
       One(Kind::ROUTE_AGENT,
           R"({"agent_id": "ann", "no_answer": {"action": "VOICEMAIL", "text": "speak now"}})"),
       {"1", "busy", "message"},
       AfterOne({kAnn, "busy", "hears speak now", kMaySpeak, "leaves a message", kEnd}),
       {{Wire::kJambonz, NoMessage({kAnn, "busy"}, "message")}}},
      {"an agent who is on a call is not rung",
       [](FlowWorld& world) {
         One(Kind::ROUTE_AGENT, R"({"agent_id": "ann"})")(world);
         world.floor.agents.at("ann").load = 1;
       },
       {"1"},
       AfterOne({kNobody, "is hung up on: AGENT_NO_ANSWER"})},
      {"a number is rung for as long as it says",
       One(Kind::ROUTE_NUMBER, R"({"phone": "+919900000003", "ring_seconds": 120})"),
       {"1", "talks"},
       AfterOne({"rings +919900000003 for 120 s", "talks", "is hung up on"})},
      {"a menu without keys leads to an agent at once",
       [](FlowWorld& world) {
         AddAgents(world);
         AddRoot(world, {Option("t", Kind::ROUTE_AGENT, R"({"agent_id": "ann"})")});
       },
       {"talks"},
       {"hears this is main", kAnn, "talks", "is hung up on"}},
      {"a number without a menu rings who is idle longest",
       AddAgents,
       {"talks"},
       {kAnn, "talks", "is hung up on"}},
      {"a number without a menu or agents",
       [](FlowWorld&) {},
       {},
       {kNobody, "is hung up on: AGENT_NO_ANSWER"}},
      {"an agent at an endpoint of the switch",
       [](FlowWorld& world) {
         One(Kind::ROUTE_AGENT, R"({"agent_id": "ann"})")(world);
         world.floor.agents.at("ann").agent.set_phone("PJSIP/ann");
       },
       {"1", "talks"},
       AfterOne({"rings PJSIP/ann for 20 s", "talks", "is hung up on"}),
       {{Wire::kTwiml,
         {"Twilio rings numbers and SIP addresses: the agent counts as one who failed",
          AfterOne({"cannot ring", kNobody, "is hung up on: UNREACHABLE", "(never: talks)"})}},
        {Wire::kNcco,
         {"as Twilio",
          AfterOne({"cannot ring", kNobody, "is hung up on: UNREACHABLE", "(never: talks)"})}},
        {Wire::kSipTwiml,
         {"as Twilio",
          AfterOne({"cannot ring", kNobody, "is hung up on: UNREACHABLE", "(never: talks)"})}},
        {Wire::kJambonz,
         {"as Twilio",
          AfterOne({"cannot ring", kNobody, "is hung up on: UNREACHABLE", "(never: talks)"})}},
        {Wire::kExotel,
         {"its Connect applet answers 501, and Exotel gives the call up",
          AfterOne({"is refused: agents without a number", "is hung up on", "(never: talks)"})}}}},
  };
}

std::vector<Row> QueueRows() {
  const auto as_it_is = [](FlowWorld&, routing::v1::Queue&) {};
  const auto without_agents = [](FlowWorld& world, routing::v1::Queue& queue) {
    for (auto& [id, agent] : world.floor.agents) agent.takes_calls = false;
    queue.set_max_wait_seconds(20);
  };
  return {
      {"who misses a call of the queue is followed by the next",
       Queued("", as_it_is),
       {"1", "no answer", "talks"},
       AfterOne({kAnn, "no answer", kBob, "talks", "is hung up on"})},
      {"nobody of the queue takes the call: it waits, and is offered again",
       Queued(R"(, "text": "one moment")", as_it_is),
       {"1", "busy", "busy", "talks"},
       AfterOne({"hears one moment", kAnn, "busy", kBob, "busy", "hears " + kMusicUrl, kAnn,
                 "talks", "is hung up on"})},
      {"nobody is free until the queue's limit",
       Queued("", without_agents),
       {"1"},
       AfterOne({"hears " + kMusicUrl + " " + kMusicUrl + " " + kNobody.substr(6),
                 "is hung up on: AGENT_NO_ANSWER"})},
      {"a queue without music",
       Queued("",
              [=](FlowWorld& world, routing::v1::Queue& queue) {
                without_agents(world, queue);
                queue.set_max_wait_seconds(4);
                queue.clear_music_url();
              }),
       {"1"},
       AfterOne({"waits 4 s", kNobody, "is hung up on: AGENT_NO_ANSWER"}),
       {{Wire::kExotel,
         {"no applet waits in silence: it says something instead",
          AfterOne({"hears Please hold the line. Please hold the line. " + kNobody.substr(6),
                    "is hung up on: AGENT_NO_ANSWER"})}}}},
      {"a caller gives up waiting",
       Queued("", without_agents),
       {"1", "leaves"},
       AfterOne({"hears " + kMusicUrl, "leaves"})},
      {"a queue's overflow is a message",
       Queued("",
              [=](FlowWorld& world, routing::v1::Queue& queue) {
                without_agents(world, queue);
                queue.set_overflow("VOICEMAIL");
                queue.set_max_wait_seconds(5);
              }),
       {"1", "message"},
       AfterOne({"hears " + kMusicUrl + " Please leave a message after the tone.", kMaySpeak,
                 "leaves a message", kEnd}),
       {{Wire::kJambonz, NoMessage({"hears " + kMusicUrl}, "message")}}},
      {"a queue's overflow is a number",
       Queued("",
              [=](FlowWorld& world, routing::v1::Queue& queue) {
                without_agents(world, queue);
                queue.set_overflow("+919900000003");
                queue.set_max_wait_seconds(5);
              }),
       {"1", "talks"},
       AfterOne({"hears " + kMusicUrl, "rings +919900000003 for 20 s", "talks", "is hung up on"})},
      {"words and a sound before the same thing",
       Queued(R"(, "text": "one moment", "no_answer": {"action": "VOICEMAIL",)"
              R"( "audio_url": "https://x.example/speak.wav"})",
              [](FlowWorld&, routing::v1::Queue& queue) { queue.set_is_active(false); }),
       {"1", "message"},
       AfterOne(
           {"hears one moment https://x.example/speak.wav", kMaySpeak, "leaves a message", kEnd}),
       {{Wire::kJambonz, NoMessage({}, "message")},
        {Wire::kExotel,
         {"a greeting is text or one sound: it answers 501, and Exotel gives the call up",
          AfterOne({"is refused: several prompts", "is hung up on", "(never: message)"})}}}},
  };
}

std::vector<Row> MessageRows() {
  const auto mail = One(Kind::VOICEMAIL, R"({"text": "speak now"})");
  return {
      {"a message, ended by hanging up",
       mail,
       {"1", "message and leaves"},
       AfterOne({"hears speak now", kMaySpeak, "leaves a message", "leaves"}),
       {{Wire::kJambonz, NoMessage({}, "message and leaves")}}},
      {"a caller who says nothing",
       mail,
       {"1", "nothing"},
       AfterOne({"hears speak now", kMaySpeak, kEnd}),
       {{Wire::kJambonz, NoMessage({}, "nothing")}}},
      {"a caller who leaves at the tone",
       mail,
       {"1", "leaves"},
       AfterOne({"hears speak now", kMaySpeak, "leaves"}),
       {{Wire::kJambonz, NoMessage({}, "leaves")}}},
      {"a short message, ended by star",
       One(Kind::VOICEMAIL, R"({"text": "speak now", "max_seconds": 30, "finish_on_key": "*"})"),
       {"1", "message"},
       AfterOne({"hears speak now", "may speak for 30 s, ended by *", "leaves a message", kEnd}),
       {{Wire::kJambonz, NoMessage({}, "message")},
        {Wire::kExotel,
         {"length and key are its Voicemail applet's own",
          AfterOne({"hears speak now", kMaySpeak, "leaves a message", kEnd})}}}},
      {"a message that no key ends",
       One(Kind::VOICEMAIL, R"({"text": "speak now", "finish_on_key": "none"})"),
       {"1", "message"},
       AfterOne({"hears speak now", "may speak for 120 s", "leaves a message", kEnd}),
       {{Wire::kTwiml,
         {"Twilio documents no recording that no key ends: any does",
          AfterOne({"hears speak now", "may speak for 120 s, ended by 1234567890*#",
                    "leaves a message", kEnd})}},
        {Wire::kSipTwiml,
         {"as Twilio", AfterOne({"hears speak now", "may speak for 120 s, ended by 1234567890*#",
                                 "leaves a message", kEnd})}},
        {Wire::kJambonz, NoMessage({}, "message")},
        {Wire::kExotel,
         {"length and key are its Voicemail applet's own",
          AfterOne({"hears speak now", kMaySpeak, "leaves a message", kEnd})}}}},
  };
}

}  // namespace

std::vector<Row> CallRows() {
  std::vector<Row> rows = AgentRows();
  for (const std::vector<Row>& more : {QueueRows(), MessageRows()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

}  // namespace ctc::flows
