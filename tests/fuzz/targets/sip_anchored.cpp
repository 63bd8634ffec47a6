// What phones say and press in a call whose sound runs through us, and what is asked of it
// meanwhile: each byte is one of these, and all bytes are the phones' session description and the
// body of an INFO. The machine must stay consistent whatever comes.
#include "libs/providers/sip/native/anchored_call.h"
#include "libs/providers/sip/native/info_key.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

namespace native = providers::sip::native;

namespace {

constexpr const char* kSound =
    "v=0\r\no=p 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP "
    "0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

// The next step of a caller, or the news that there is none.
native::Effects Flow(native::AnchoredCall& call, uint8_t what) {
  if (!call.flow) return {};
  routing::v1::FlowStep step;
  step.set_number(call.flow->step.number() + 1);
  if ((what & 16) != 0) step.add_prompts()->set_text("x");
  switch (what >> 5) {
    case 0:
      step.mutable_dial()->set_record(true);
      break;
    case 1:
      step.mutable_wait()->set_music_url("http://x/");
      break;
    case 2:
      step.mutable_hang_up();
      break;
    case 3:
      step.mutable_gather()->set_max_digits(2);
      break;
    case 4:
      step.mutable_voicemail();
      break;
    case 5:
      return native::FlowFailed(call);
    case 6:
      return native::FlowTimer(call, call.flow->timer);
    default:
      return native::Played(call, call.flow->play);
  }
  return native::TakeStep(call, step);
}

native::Effects Ask(native::AnchoredCall& call, const std::string& leg, uint8_t what) {
  native::Callee callee;
  callee.leg = leg;
  callee.party = what >> 6 == 1   ? session::v1::Leg::SUPERVISOR
                 : what >> 6 == 2 ? session::v1::Leg::CONSULT
                                  : session::v1::Leg::AGENT;
  callee.own = {"127.0.0.1", 2000};
  const native::AnchoredLeg* known = call.Find(leg);
  const bool free = known == nullptr || known->phase == native::AnchoredLeg::Phase::kEnded;
  native::Referral referral;
  referral.leg = leg;
  int status = 0;
  switch (what & 31) {
    case 8:
      return native::Hold(call).value_or(native::Effects());
    case 9:
      return native::Resume(call).value_or(native::Effects());
    case 10:
      return native::Mute(call, (what & 64) != 0).value_or(native::Effects());
    case 11:
      return free && leg != "customer" ? native::DialParty(call, callee).value_or(native::Effects())
                                       : native::Effects();
    case 12:
      return native::DropParty(call, leg).value_or(native::Effects());
    case 13:
      return native::HandOver(call, leg).value_or(native::Effects());
    case 14:
      return native::StartRecording(call, "s1").value_or(native::Effects());
    case 15:
      return native::StopRecording(call).value_or(native::Effects());
    case 16:
      return call.recordings.empty()
                 ? native::Effects()
                 : native::RecordingDone(call, std::string(call.recordings.begin()->first),
                                         absl::Seconds(what >> 6));
    case 17:
      return native::KeyPressed(call, leg, '1', native::AnchoredLeg::Keys::kInSound);
    case 18:
      return native::FellSilent(call, leg);
    case 19:
      return native::Refer(call, referral, status);
    case 20:
      return native::ReferralTaken(call, 200 + 100 * (what >> 6));
    case 21:
      return native::PauseRecording(call, true).value_or(native::Effects());
    case 22:
      return native::HangUp(call);
    default:
      return Flow(call, what);
  }
}

void Check(const native::AnchoredCall& call, const native::Effects& effects) {
  for (const auto& action : effects.actions) {
    Require(call.Find(action.leg) != nullptr, "a request is to a leg of the call");
  }
  for (const auto& heard : call.scene.hearing) {
    Require(call.Find(heard.speaker) != nullptr && call.Find(heard.listener) != nullptr,
            "who hears and is heard is a leg of the call");
    Require(heard.speaker != heard.listener, "nobody hears himself");
  }
  for (const std::string& leg : call.scene.watched) {
    const native::AnchoredLeg* watched = call.Find(leg);
    Require(watched != nullptr && watched->phase == native::AnchoredLeg::Phase::kUp,
            "silence counts of a leg that is up");
  }
}

}  // namespace

void SipAnchored(std::string_view bytes) {
  const std::string sdp(bytes);
  (void)native::KeyOfInfo("application/dtmf-relay", bytes);
  (void)native::KeyOfInfo("application/dtmf", bytes);
  const auto config = std::make_shared<const native::AnchoredConfig>();
  const bool inbound = !bytes.empty() && (bytes.front() & 1) != 0;
  auto called = native::NewAnchoredInbound("in-1", config, sdp, {"127.0.0.1", 1000});
  if (!called.ok()) called = native::NewAnchoredInbound("in-1", config, "", {"127.0.0.1", 1000});
  native::AnchoredCall call =
      inbound ? *std::move(called)
              : native::NewAnchored("c1", config, "sip:a@x", "sip:c@x", {"127.0.0.1", 1000},
                                    {"127.0.0.1", 1002}, !sdp.empty() && (sdp.back() & 1) != 0);
  Check(call, inbound ? native::BeginFlow(call) : native::Start(call));
  for (int i = 0; i < 200 && !bytes.empty(); ++i) {
    static constexpr const char* kLegs[] = {"agent", "customer", "consult-1", "supervisor-1"};
    const uint8_t what = TakeByte(bytes);
    const std::string leg = kLegs[what >> 6];
    const std::string& said = (what & 32) != 0 ? sdp : kSound;
    if ((what & 31) == 7) {
      std::string answer;
      Check(call, native::Reoffered(call, leg, said, answer));
      Require(answer.empty() || media::ReadAudio(answer).ok(), "our answer is a description");
    } else if ((what & 31) > 7) {
      Check(call, Ask(call, leg, what));
    } else {
      const native::Input input{static_cast<native::Input::Kind>(what & 7), leg,
                                300 + (what * 7) % 400, said};
      if ((what & 7) < 6) Check(call, native::Apply(call, input));
    }
  }
  (void)native::HangUp(call);
  for (auto& [name, leg] : call.legs) {
    Require(leg.phase != native::AnchoredLeg::Phase::kUp &&
                leg.phase != native::AnchoredLeg::Phase::kCalling,
            "a call that was hung up has nobody on it");
  }
  Require(call.scene.hearing.empty() && call.scene.tones.empty(), "and nobody hears anything");
}

}  // namespace ctc::fuzz
