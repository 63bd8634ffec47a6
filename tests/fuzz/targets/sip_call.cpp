// What phones say in a native call, made by us or by a caller, and what is asked of it meanwhile:
// each byte is one of these, and all bytes are the session description. The machine must stay
// consistent whatever comes.
#include "libs/providers/sip/native/call_machine.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

namespace native = providers::sip::native;

namespace {

void Refer(native::Call& call, const std::string& leg) {
  native::Referral referral;
  referral.leg = leg;
  int status = 0;
  (void)native::Refer(call, referral, status);
  Require(status >= 200, "a referral is answered");
}

// A phone that called us wants that leg's place.
void WantPlace(native::Call& call, const std::string& leg, uint8_t what, int number,
               const std::string& sdp) {
  native::Newcomer newcomer;
  newcomer.line = "in-" + std::to_string(number);
  newcomer.leg = leg;
  newcomer.offer = (what & 32) != 0 && native::CheckSdp(sdp).ok() ? sdp : "";
  newcomer.early_only = (what & 16) != 0;
  int status = 0;
  (void)native::TakePlace(call, newcomer, status);
  Require(status >= 100, "a newcomer is answered");
}

// The next step of a caller, or the news that there is none.
void Flow(native::Call& call, uint8_t what) {
  if (!call.flow) return;
  routing::v1::FlowStep step;
  step.set_number(call.flow->step.number() + 1);
  if (what >> 6 == 0) step.mutable_dial();
  if (what >> 6 == 1) step.mutable_wait();
  if (what >> 6 == 2) step.mutable_hang_up();
  if ((what & 16) != 0) {
    (void)native::FlowFailed(call);
  } else if (what >> 6 == 3) {
    (void)native::FlowTimer(call, call.flow->timer);
  } else {
    (void)native::TakeStep(call, step);
  }
}

}  // namespace

void SipCall(std::string_view bytes) {
  const std::string sdp(bytes);
  const auto ours = native::WithOrigin(sdp, {});
  if (ours.ok()) Require(native::CheckSdp(*ours).ok(), "what we send on is a session description");
  const auto held = native::WithDirection(sdp, "inactive");
  Require(held.ok() == ours.ok(), "both read the same");
  const bool inbound = !bytes.empty() && (bytes.front() & 1) != 0;
  native::Call call = inbound ? native::NewInbound("in-1", ours.ok() ? sdp : "", "127.0.0.1")
                              : native::NewCall("c1", "sip:a@x", "sip:c@x", "127.0.0.1");
  (void)(inbound ? native::BeginFlow(call) : native::Start(call));
  for (int i = 0; i < 200 && !bytes.empty(); ++i) {
    static constexpr const char* kLegs[] = {"agent", "customer", "consult-1", "nobody"};
    const uint8_t what = TakeByte(bytes);
    const std::string leg = kLegs[what >> 6];
    native::Input input{native::Input::Kind::kRinging, leg, 100 + (what * 7) % 600, sdp};
    // A phone that came with an INVITE of its own answers for the leg now.
    const native::Leg* known = call.Find(leg);
    if (known != nullptr && !known->line.empty() && (what & 32) != 0) input.leg = known->line;
    switch (what & 15) {
      case 5:
        (void)native::Hold(call);
        continue;
      case 6:
        (void)native::Resume(call);
        continue;
      case 7:
        (void)native::DialParty(call, leg, session::v1::Leg::CONSULT, "sip:t@x");
        continue;
      case 8:
        (void)native::DropParty(call, leg);
        continue;
      case 9:
        (void)native::HandOver(call, leg);
        continue;
      case 10:
        (void)native::HangUp(call);
        continue;
      case 11:
        Refer(call, leg);
        continue;
      case 12:
        (void)native::ReferralTaken(call, input.status);
        continue;
      case 13:
        Flow(call, what);
        continue;
      case 14:
        (void)native::DialParty(call, "agent", session::v1::Leg::AGENT, "sip:a@x");
        continue;
      default:
        input.kind = static_cast<native::Input::Kind>((what & 15) % 6);
    }
    if ((what & 63) == 15 + 32 || (what & 63) == 15 + 16) {
      WantPlace(call, leg, what, i, sdp);
      continue;
    }
    for (const auto& action : native::Apply(call, input).actions) {
      // One whose place was taken is owed the ACK of what it agreed to last, and let go.
      const bool parts = action.kind == native::Action::Kind::kBye ||
                         action.kind == native::Action::Kind::kAck ||
                         action.kind == native::Action::Kind::kAbandon ||
                         action.kind == native::Action::Kind::kRespond;
      Require(parts || !call.LegOf(action.leg).empty(), "a request is to a leg of the call");
    }
  }
  const size_t legs = call.legs.size();
  (void)native::HangUp(call);
  for (auto& [name, leg] : call.legs) {
    Require(leg.phase != native::Leg::Phase::kUp && leg.phase != native::Leg::Phase::kCalling,
            "a call that was hung up has nobody on it");
  }
  Require(call.legs.size() == legs, "hanging up rings nobody");
}

}  // namespace ctc::fuzz
