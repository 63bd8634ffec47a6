// Messages of Asterisk's event socket and bodies of its REST answers, a line each; the events of
// one call go through the call machine in the order given.
#include "libs/providers/asterisk/ari_event.h"
#include "libs/providers/asterisk/call_machine.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

namespace asterisk = providers::asterisk;

void ReadAnswers(std::string_view line) {
  (void)asterisk::ReadChannels(line);
  (void)asterisk::ReadBridges(line);
  (void)asterisk::ReadId(line);
  (void)asterisk::ReadChannelState(line);
  (void)asterisk::ReadErrorText(line);
  (void)asterisk::ReadTime(line);
}

// A channel made later under the same id is another life of the leg.
bool StaysGone(const asterisk::LegState& was, const asterisk::LegState& is) {
  return !was.ended || is.ended || is.created > was.created;
}

}  // namespace

void AriEvents(std::string_view bytes) {
  const asterisk::CallMachine machine({});
  asterisk::Call call;
  while (!bytes.empty()) {
    const std::string_view line = TakeLine(bytes);
    ReadAnswers(line);
    const auto event = asterisk::ReadEvent(line);
    if (!event.ok() || event->room.empty()) continue;
    if (call.plan.call.empty()) call.plan.call = event->room;
    if (event->room != call.plan.call) continue;
    const asterisk::LegState agent_was = call.agent();
    const asterisk::LegState customer_was = call.customer();
    const asterisk::Effects effects = machine.Apply(call, *event);
    for (const auto& [session, fact] : effects.facts) {
      Require(!fact.event_key().empty(), "a fact has a key");
      Require(fact.kind() != session::v1::CallFact::KIND_UNSPECIFIED, "a fact has a kind");
    }
    Require(StaysGone(agent_was, call.agent()) && StaysGone(customer_was, call.customer()),
            "a leg that is gone stays gone");
    for (const auto& action : effects.actions) {
      Require(action.kind != asterisk::Action::Kind::kDialCustomer || !call.agent().ended,
              "nobody dials the customer for an agent who is gone");
    }
  }
}

}  // namespace ctc::fuzz
