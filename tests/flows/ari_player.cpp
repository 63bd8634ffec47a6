// ARI operations as a switch executes them, and its events: Asterisk's two machines as the driver
// composes them.
#include <absl/strings/str_cat.h>

#include <optional>
#include <stdexcept>
#include <utility>

#include "libs/http/message.h"
#include "libs/providers/asterisk/flow_machine.h"
#include "libs/providers/asterisk/samples_for_test.h"
#include "tests/flows/players.h"

namespace ctc::flows {
namespace {

namespace asterisk = providers::asterisk;
using asterisk::Action;
using asterisk::AriEvent;
using asterisk::Effects;
using asterisk::Flow;
using Kind = Action::Kind;

constexpr char kSay[] = "sound:say/";

class AriPlayer {
 public:
  AriPlayer(Service& service, Line& line, bool twice)
      : service_(service), line_(line), twice_(twice) {
    call_.plan.call = kSession;
    call_.inbound = true;
    call_.customer().requested = call_.customer().answered = call_.customer().entered = true;
    call_.customer().channel = "1795369225.127";
    call_.customer().session = kSession;
  }

  void Play() {
    Take(machine_.Begin(flow_));
    while (!line_.over()) {
      if (asked_) {
        Answer();
      } else {
        Progress();
      }
    }
  }

 private:
  void Answer() {
    const routing::v1::FlowInput input = *std::exchange(asked_, std::nullopt);
    routing::v1::FlowStep step = service_.Answer(input);
    if (twice_) step = service_.Answer(input);
    Take(machine_.OnStep(flow_, call_, step));
  }

  void Take(const Effects& effects) {
    for (const Action& action : effects.actions) Execute(action);
    for (const asterisk::Told& told : effects.facts) {
      const bool customers = told.fact.party() == session::v1::Leg::CUSTOMER;
      end_told_ |= customers && told.fact.kind() == session::v1::CallFact::CALL_ENDED;
    }
    if (effects.timer) timer_ = *effects.timer;
    if (effects.ask) asked_ = effects.ask;
  }

  void Execute(const Action& action) {
    const bool audible = action.kind == Kind::kPlay || action.kind == Kind::kTakeMessage ||
                         action.kind == Kind::kStartMusic;
    if (audible && !answered_) throw std::logic_error("the caller is not answered yet");
    answered_ |= action.kind == Kind::kAnswerCaller;
    recorded_ |= action.kind == Kind::kRecord;
    joined_ |= action.kind == Kind::kAddToBridge && action.leg == asterisk::kCustomerLeg;
    if (action.kind == Kind::kPlay) playing_ = action;
    if (action.kind == Kind::kStopPlay) playing_.reset();
    if (action.kind == Kind::kRingAgent) ringing_ = action;
    if (action.kind == Kind::kTakeMessage) message_ = action;
    if (action.kind == Kind::kHangUp) hung_up_ = true;
  }

  static std::string TextOf(const std::string& media) {
    if (!media.starts_with(kSay)) return media.substr(std::string("sound:").size());
    return *http::Decode(media.substr(sizeof(kSay) - 1), false);
  }

  int Seconds() const { return static_cast<int>(absl::ToInt64Seconds(timer_)); }

  void Progress() {
    switch (flow_.phase) {
      case Flow::Phase::kPrompting:
        return Prompt();
      case Flow::Phase::kGathering:
        return PressKeys(Seconds());
      case Flow::Phase::kWaiting:
        return Wait();
      case Flow::Phase::kDialling:
        return Ring();
      case Flow::Phase::kRecording:
        return Record();
      case Flow::Phase::kLeaving:
        if (!hung_up_) throw std::logic_error("nobody hangs up");
        return line_.IsHungUpOn();
      default:
        throw std::logic_error("the flow stands still");
    }
  }

  void Prompt() {
    const Action playing = *std::exchange(playing_, std::nullopt);
    const Heard heard = line_.Hears(TextOf(playing.text), flow_.step.has_gather());
    if (heard == Heard::kGone) return CallerLeaves();
    if (heard == Heard::kCut) return PressKeys(flow_.step.gather().timeout_seconds());
    AriEvent event;
    event.type = AriEvent::Type::kPlaybackFinished;
    event.media = playing.id;
    Take(machine_.OnEvent(flow_, call_, event));
  }

  void Key(const std::string& key) {
    AriEvent event;
    event.type = AriEvent::Type::kDtmf;
    event.tag = std::string(asterisk::kCustomerLeg);
    event.digit = key;
    Take(machine_.OnEvent(flow_, call_, event));
  }

  void TimerFires() { Take(machine_.OnTimer(flow_, call_, flow_.timer)); }

  void PressKeys(int seconds) {
    KeysAsked asked;
    asked.most = flow_.step.gather().max_digits();
    asked.finish = flow_.step.gather().finish_on_key();
    asked.seconds = seconds;
    const Keys keys = line_.Presses(asked);
    if (keys.gone) return CallerLeaves();
    for (const char key : keys.digits) {
      if (asked_) throw std::logic_error("the keys are taken too early");
      Key(std::string(1, key));
    }
    if (keys.finished) Key(asked.finish);
    if (!asked_) TimerFires();
    if (!asked_) throw std::logic_error("the keys are not taken");
  }

  void Wait() {
    if (playing_) {
      const Action playing = *std::exchange(playing_, std::nullopt);
      if (line_.Hears(TextOf(playing.text), false) == Heard::kGone) return CallerLeaves();
    } else if (!line_.Waits(Seconds())) {
      return CallerLeaves();
    }
    TimerFires();
  }

  std::string Now() {
    return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3S+0000",
                            absl::FromUnixSeconds(1'795'367'760 + ++events_), absl::UTCTimeZone());
  }

  void Say(const std::string& text) {
    const absl::StatusOr<AriEvent> event = asterisk::ReadEvent(text);
    if (!event.ok()) throw std::logic_error(event.status().ToString());
    Effects effects = legs_.Apply(call_, *event);
    effects.Add(machine_.OnCall(flow_, call_));
    Take(effects);
  }

  void Ring() {
    const Action ringing = ringing_.value();
    const std::string tag = absl::StrCat("agent.", flow_.step.number());
    const std::string created = Now();
    const Rung taken =
        line_.Rings(ringing.text, static_cast<int>(absl::ToInt64Seconds(ringing.limit)));
    if (taken == Rung::kGone) return CallerLeaves();
    if (taken == Rung::kTalks || taken == Rung::kTalksAndLeaves) {
      Say(asterisk::StateEvent(tag, "Ringing", Now(), created));
      Say(asterisk::PartyStartEvent(tag, R"("join")", created));
      if (!joined_) throw std::logic_error("the caller is not joined");
      line_.Talks(recorded_);
      if (taken == Rung::kTalksAndLeaves) return CallerLeaves();
      return Say(asterisk::DestroyedEvent(tag, 16, "Up", Now(), 0, created));
    }
    const bool rang = taken == Rung::kNoAnswer || taken == Rung::kRejected;
    const int cause = taken == Rung::kBusy       ? 17
                      : taken == Rung::kNoAnswer ? 19
                      : taken == Rung::kRejected ? 21
                                                 : 38;
    Say(asterisk::DestroyedEvent(tag, cause, rang ? "Ringing" : "Down", Now(), 0, created));
  }

  void Finished(int seconds) {
    AriEvent event;
    event.type = AriEvent::Type::kRecordingFinished;
    event.name = "RecordingFinished";
    event.media = message_->id;
    event.seconds = seconds;
    Take(machine_.OnEvent(flow_, call_, event));
  }

  void Record() {
    const Spoken spoken =
        line_.Speaks(static_cast<int>(absl::ToInt64Seconds(message_->limit)), message_->text);
    if (spoken == Spoken::kMessage || spoken == Spoken::kNothing) return Finished(7);
    TellLeaving();
    Finished(spoken == Spoken::kGone ? 0 : 7);
    Settle();
  }

  void TellLeaving() {
    AriEvent event;
    event.type = AriEvent::Type::kStasisEnd;
    event.room = event.session = kSession;
    event.tag = std::string(asterisk::kCustomerLeg);
    const bool holds = asterisk::FlowMachine::HoldsEnd(flow_);
    Effects effects = legs_.Apply(call_, event);
    if (holds) flow_.held = std::exchange(effects.facts, {});
    effects.Add(machine_.OnCall(flow_, call_));
    Take(effects);
  }

  // What the flow has to know first, then the end.
  void Settle() {
    for (int i = 0; i < 5 && asked_; ++i) Answer();
    line_.Leaves(end_told_ && flow_.done());
  }

  void CallerLeaves() {
    TellLeaving();
    Settle();
  }

  Service& service_;
  Line& line_;
  const bool twice_;
  asterisk::FlowMachine machine_{absl::StrCat(kSay, "{text}"), "http://pbx/ari/recordings/stored/"};
  asterisk::CallMachine legs_{asterisk::MachineConfig()};
  asterisk::Call call_;
  Flow flow_;
  std::optional<routing::v1::FlowInput> asked_;
  std::optional<Action> playing_;
  std::optional<Action> ringing_;
  std::optional<Action> message_;
  absl::Duration timer_;
  bool answered_ = false;
  bool joined_ = false;
  bool recorded_ = false;
  bool hung_up_ = false;
  bool end_told_ = false;
  int events_ = 0;
};

}  // namespace

void PlayAri(Service& service, Line& line, bool twice) { AriPlayer(service, line, twice).Play(); }

}  // namespace ctc::flows
