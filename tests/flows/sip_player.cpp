// A caller's phone, an agent's and the media server of an anchored native call, as its machine asks
// them.
#include <absl/strings/str_cat.h>

#include <optional>
#include <stdexcept>
#include <utility>

#include "libs/providers/sip/native/anchored_call.h"
#include "tests/flows/players.h"

namespace ctc::flows {
namespace {

namespace native = providers::sip::native;
using native::AnchoredCall;
using native::AnchoredFlow;
using native::Effects;
using native::Input;

constexpr char kSound[] =
    "v=0\r\no=p 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

AnchoredCall ACall() {
  native::AnchoredConfig config;
  config.recording_prefix = "ctc-recording:p1/";
  config.speaks = true;
  return native::NewAnchoredInbound("in-1", std::make_shared<const native::AnchoredConfig>(config),
                                    kSound, {"10.0.0.1", 1000})
      .value();
}

class SipPlayer {
 public:
  SipPlayer(Service& service, Line& line, bool twice)
      : service_(service), line_(line), twice_(twice) {}

  void Play() {
    Take(native::BeginFlow(call_));
    while (!line_.over()) {
      if (asked_) {
        Answer();
      } else {
        Progress();
      }
    }
  }

 private:
  // What is ordered of the media server.
  struct Orders {
    SipPlayer& player;
    void operator()(const native::PlayPrompt& order) const {
      player.Audible();
      player.playing_ = order;
    }
    void operator()(const native::StopPrompt&) const { player.playing_.reset(); }
    void operator()(const native::BeginRecording& order) const {
      player.Audible();
      player.recorded_ |= order.voices.empty();
      if (!order.voices.empty()) player.message_ = order;
    }
    void operator()(const native::SetScene& order) const {
      if (order.scene.tones.contains("customer")) player.Audible();
    }
    template <class Other>
    void operator()(const Other&) const {}
  };

  void Audible() const {
    if (call_.legs.at("customer").phase == native::AnchoredLeg::Phase::kCalling) {
      throw std::logic_error("the caller is not answered yet");
    }
  }

  void Answer() {
    const routing::v1::FlowInput input = *std::exchange(asked_, std::nullopt);
    routing::v1::FlowStep step = service_.Answer(input);
    if (twice_) step = service_.Answer(input);
    Take(native::TakeStep(call_, step));
  }

  void Take(const Effects& effects) {
    for (const native::MediaOrder& order : effects.media) std::visit(Orders{*this}, order);
    for (const session::v1::CallFact& fact : effects.facts) {
      const bool customers = fact.party() == session::v1::Leg::CUSTOMER;
      end_told_ |= customers && fact.kind() == session::v1::CallFact::CALL_ENDED;
    }
    for (const native::Action& action : effects.actions) {
      const bool ends = action.kind == native::Action::Kind::kBye ||
                        (action.kind == native::Action::Kind::kRespond && action.status >= 300);
      hung_up_ |= ends && action.leg == "customer";
    }
    if (effects.timer_seconds > 0) timer_ = effects.timer_seconds;
    if (effects.dial) ringing_ = *effects.dial;
    if (effects.ask) asked_ = effects.ask;
  }

  void Progress() {
    switch (call_.flow->phase) {
      case AnchoredFlow::Phase::kPrompting:
        return Prompt();
      case AnchoredFlow::Phase::kGathering:
        return PressKeys(timer_);
      case AnchoredFlow::Phase::kWaiting:
        return Wait();
      case AnchoredFlow::Phase::kDialling:
        return Ring();
      case AnchoredFlow::Phase::kMessage:
        return Record();
      case AnchoredFlow::Phase::kLeaving:
        if (!hung_up_) throw std::logic_error("nobody hangs up");
        return line_.IsHungUpOn();
      default:
        throw std::logic_error("the flow stands still");
    }
  }

  static std::string WordsOf(const native::PlayPrompt& prompt) {
    return prompt.url.empty() ? prompt.text : prompt.url;
  }

  void Prompt() {
    const native::PlayPrompt playing = *std::exchange(playing_, std::nullopt);
    const Heard heard = line_.Hears(WordsOf(playing), call_.flow->step.has_gather());
    if (heard == Heard::kGone) return CallerLeaves();
    if (heard == Heard::kCut) return PressKeys(call_.flow->step.gather().timeout_seconds());
    Take(native::Played(call_, playing.number));
  }

  void Key(char key) {
    Take(native::KeyPressed(call_, "customer", key, native::AnchoredLeg::Keys::kInSound));
  }

  void TimerFires() { Take(native::FlowTimer(call_, call_.flow->timer)); }

  void PressKeys(int seconds) {
    KeysAsked asked;
    asked.most = call_.flow->step.gather().max_digits();
    asked.finish = call_.flow->step.gather().finish_on_key();
    asked.seconds = seconds;
    const Keys keys = line_.Presses(asked);
    if (keys.gone) return CallerLeaves();
    for (const char key : keys.digits) {
      if (asked_) throw std::logic_error("the keys are taken too early");
      Key(key);
    }
    if (keys.finished) Key(asked.finish.front());
    if (!asked_) TimerFires();
    if (!asked_) throw std::logic_error("the keys are not taken");
  }

  void Wait() {
    if (playing_) {
      const native::PlayPrompt playing = *std::exchange(playing_, std::nullopt);
      if (line_.Hears(WordsOf(playing), false) == Heard::kGone) return CallerLeaves();
    } else if (!line_.Waits(timer_)) {
      return CallerLeaves();
    }
    TimerFires();
  }

  void Phone(Input::Kind kind, int status, const std::string& sdp = "") {
    Take(native::Apply(call_, {kind, "agent", status, sdp}));
  }

  void Ring() {
    const routing::v1::FlowStep::Dial dial = ringing_.value();
    native::Callee callee;
    callee.leg = "agent";
    callee.party = session::v1::Leg::AGENT;
    callee.uri = "sip:agent@desk";
    callee.ring_seconds = dial.ring_seconds();
    callee.own = {"10.0.0.1", 1002};
    Take(native::DialParty(call_, callee).value());
    const Rung taken = line_.Rings(dial.phone(), dial.ring_seconds());
    if (taken == Rung::kGone) return CallerLeaves();
    if (taken == Rung::kTalks || taken == Rung::kTalksAndLeaves) {
      Phone(Input::Kind::kRinging, 180);
      Phone(Input::Kind::kAnswered, 200, kSound);
      if (call_.scene.hearing.size() != 2) throw std::logic_error("the two do not hear each other");
      line_.Talks(recorded_);
      if (taken == Rung::kTalksAndLeaves) return CallerLeaves();
      return Phone(Input::Kind::kEnded, 0);
    }
    const int status = taken == Rung::kBusy       ? 486
                       : taken == Rung::kRejected ? 603
                       : taken == Rung::kNoAnswer ? 480
                                                  : 500;
    Phone(Input::Kind::kRejected, status);
  }

  void Finished(int seconds) {
    Take(native::RecordingDone(call_, message_->file, absl::Seconds(seconds)));
  }

  void Record() {
    const Spoken spoken = line_.Speaks(static_cast<int>(absl::ToInt64Seconds(message_->max_length)),
                                       call_.flow->step.voicemail().finish_on_key());
    if (spoken == Spoken::kMessage || spoken == Spoken::kNothing) return Finished(7);
    TellLeaving();
    Finished(spoken == Spoken::kGone ? 0 : 7);
    Settle();
  }

  void TellLeaving() { Take(native::Apply(call_, {Input::Kind::kEnded, "customer", 0, ""})); }

  // What the flow has to know first, then the end.
  void Settle() {
    for (int i = 0; i < 5 && asked_; ++i) Answer();
    line_.Leaves(end_told_ && !call_.flow->asking);
  }

  void CallerLeaves() {
    TellLeaving();
    Settle();
  }

  Service& service_;
  Line& line_;
  const bool twice_;
  AnchoredCall call_ = ACall();
  std::optional<routing::v1::FlowInput> asked_;
  std::optional<native::PlayPrompt> playing_;
  std::optional<native::BeginRecording> message_;
  std::optional<routing::v1::FlowStep::Dial> ringing_;
  int timer_ = 0;
  bool recorded_ = false;
  bool hung_up_ = false;
  bool end_told_ = false;
};

}  // namespace

void PlaySip(Service& service, Line& line, bool twice) { SipPlayer(service, line, twice).Play(); }

}  // namespace ctc::flows
