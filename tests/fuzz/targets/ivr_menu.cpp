// A menu as a client writes it, and a caller in it: a line of what the caller does (keys, "t" for
// silence, "b", "n", "r", "f" for what becomes of a phone that rings, "e" for the end of a talk,
// "m" for a message, "d" for the end of music, "g" for going), then the menu in JSON.
#include "ctc/routing/v1/ivr_service.pb.h"
#include "libs/base/error.h"
#include "libs/transcoding/json_reader.h"
#include "libs/transcoding/message_table.h"
#include "services/routing/domain/flow.h"
#include "services/routing/domain/menu_check.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

using routing::v1::FlowInput;
using routing::v1::FlowStep;

constexpr char kMenu[] = "01890000-0000-7000-8000-000000000001";
constexpr char kQueue[] = "01890000-0000-7000-8000-000000000002";
constexpr char kNumber[] = "+15550100";

routing::Floor MakeFloor() {
  routing::Floor floor;
  for (const char* id : {"ann", "bob"}) {
    routing::AgentNow now;
    now.agent.set_id(id);
    now.agent.set_phone("PJSIP/" + std::string(id));
    now.agent.set_capacity(1);
    now.agent.set_is_active(true);
    now.has_chosen = now.takes_calls = true;
    now.idle_since = absl::FromUnixSeconds(1000);
    floor.agents.emplace(id, std::move(now));
  }
  floor.last_offered = {{routing::QueueOfEveryAgent().id(), ""}, {kQueue, ""}};
  return floor;
}

routing::v1::Queue MakeQueue() {
  routing::v1::Queue queue;
  queue.set_id(kQueue);
  queue.set_queue_name("sales");
  queue.set_strategy(routing::v1::Queue::LONGEST_IDLE);
  queue.set_max_wait_seconds(60);
  queue.set_ring_seconds(15);
  queue.set_overflow("HANG_UP");
  queue.set_is_active(true);
  return queue;
}

FlowInput::Kind KindOf(char done) {
  switch (done) {
    case 't':
      return FlowInput::NO_INPUT;
    case 'b':
      return FlowInput::DIAL_BUSY;
    case 'n':
      return FlowInput::DIAL_NO_ANSWER;
    case 'r':
      return FlowInput::DIAL_REJECTED;
    case 'f':
      return FlowInput::DIAL_FAILED;
    case 'e':
      return FlowInput::DIAL_ENDED;
    case 'm':
      return FlowInput::VOICEMAIL_LEFT;
    case 'd':
      return FlowInput::DONE;
    case 'g':
      return FlowInput::CALLER_GONE;
    default:
      return FlowInput::DIGITS;
  }
}

void CheckStep(const FlowStep& step, const FlowStep& before) {
  Require(step.number() == before.number() + 1, "steps are counted one by one");
  if (step.has_gather()) {
    const auto& gather = step.gather();
    Require(gather.max_digits() >= 1 && gather.max_digits() <= 64, "keys are some, but not many");
    Require(gather.timeout_seconds() >= 1, "keys are waited for");
  }
  if (step.has_dial()) {
    Require(!step.dial().phone().empty() && step.dial().ring_seconds() >= 1, "somebody is rung");
  }
  if (step.has_wait()) Require(step.wait().seconds() >= 1, "a wait takes time");
  if (step.has_voicemail()) Require(step.voicemail().max_seconds() >= 1, "a message takes time");
  if (step.has_hang_up()) {
    Require(step.hang_up().reason() != session::v1::END_REASON_UNSPECIFIED, "an end has a reason");
  }
}

void Walk(const routing::Book& book, std::string_view does) {
  const routing::Floor floor = MakeFloor();
  routing::FlowCall call{"01890000-0000-7000-8000-000000000009", kNumber,
                         absl::FromUnixSeconds(1'767'600'000)};
  routing::v1::FlowState state;
  FlowInput input;
  input.set_kind(FlowInput::STARTED);
  for (size_t at = 0; at <= does.size() && at < 300; ++at) {
    const auto outcome = routing::Advance(book, &floor, call, state, input);
    Require(!outcome.need.has_value(), "nothing more has to be known");
    CheckStep(outcome.state.current(), state.current());
    const auto again = routing::Advance(book, &floor, call, outcome.state, input);
    Require(at == 0 || again.repeated, "a question asked twice is known");
    state = outcome.state;
    if (state.current().has_hang_up() || at == does.size()) return;
    call.now += absl::Seconds(7);
    input.set_kind(KindOf(does[at]));
    input.set_digits(input.kind() == FlowInput::DIGITS ? std::string(1, does[at]) : "");
    input.set_step_number(state.current().number());
  }
  Require(does.size() < 300, "no way is endless");
}

}  // namespace

void IvrMenu(std::string_view bytes) {
  const std::string_view does = TakeLine(bytes);
  routing::v1::IvrMenu row;
  if (!transcoding::ReadJson(bytes, transcoding::TableOf(row.GetDescriptor()), row).ok()) return;
  row.set_id(kMenu);
  const absl::Status good = routing::CheckMenu(row);
  if (!good.ok()) {
    Require(!base::DetailOf(good).fields.empty(), "a refusal names the field");
    return;
  }
  routing::v1::IvrMenu again = row;
  Require(routing::CheckMenu(again).ok(), "a menu that was checked passes again");
  row.set_phone_number(kNumber);
  row.set_is_active(true);
  row.clear_parent_menu_id();
  auto menu = routing::ReadMenu(row);
  Require(menu.ok(), "a menu that was checked can be read");
  routing::Book book;
  book.menus.emplace(kMenu, *std::move(menu));
  book.queues.emplace(kQueue, MakeQueue());
  Walk(book, does);
}

}  // namespace ctc::fuzz
