// What phones say in a native call: each line is one input, as "a r", "c 200 <rest of all bytes as
// the session description>". The machine must stay consistent whatever comes.
#include "libs/providers/sip/native/call_machine.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

namespace native = providers::sip::native;

void SipCall(std::string_view bytes) {
  const std::string sdp(bytes);
  const auto ours = native::WithOrigin(sdp, {});
  if (ours.ok()) Require(native::CheckSdp(*ours).ok(), "what we send on is a session description");
  const auto held = native::WithDirection(sdp, "inactive");
  Require(held.ok() == ours.ok(), "both read the same");
  native::Call call = native::NewCall("c1", "sip:a@x", "sip:c@x", "127.0.0.1");
  (void)native::Start(call);
  for (int i = 0; i < 200 && !bytes.empty(); ++i) {
    static constexpr const char* kLegs[] = {"agent", "customer", "consult-1", "nobody"};
    const uint8_t what = TakeByte(bytes);
    const std::string leg = kLegs[what >> 6];
    native::Input input{native::Input::Kind::kRinging, leg, 100 + (what * 7) % 600, sdp};
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
      default:
        input.kind = static_cast<native::Input::Kind>((what & 15) % 5);
    }
    for (const auto& action : native::Apply(call, input).actions) {
      Require(call.Find(action.leg) != nullptr, "a request is to a leg of the call");
    }
  }
  const size_t legs = call.legs.size();
  (void)native::HangUp(call);
  for (auto& [name, leg] : call.legs) {
    Require(leg.phase != native::Leg::Phase::kUp, "a call that was hung up has nobody on it");
  }
  Require(call.legs.size() == legs, "hanging up rings nobody");
}

}  // namespace ctc::fuzz
