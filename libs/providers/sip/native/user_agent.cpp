// The thread runs a su_root; requests come to it as messages, so that all handles are its own.
#include "libs/providers/sip/native/user_agent.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sofia-sip/nua.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_wait.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <thread>

#include "libs/providers/sip/native/digest_plugin.h"
#include "libs/providers/sip/native/gate.h"
#include "libs/providers/sip/native/line.h"
#include "libs/providers/sip/native/phone_words.h"
#include "libs/providers/sip/native/post.h"
#include "libs/providers/sip/native/prober.h"
#include "libs/providers/sip/native/sip_message.h"
#include "libs/providers/sip/native/stack.h"
#include "libs/providers/sip/native/timers.h"
#include "libs/providers/sip/native/tls_files.h"

namespace ctc::providers::sip::native {
namespace {

constexpr absl::Duration kByeWait = absl::Seconds(2);

class SofiaAgent final : public UserAgent {
 public:
  SofiaAgent(UserAgentConfig config, const base::Clock& clock, PhoneEvents events)
      : config_(std::move(config)),
        clock_(clock),
        events_(std::move(events)),
        gate_(config_.callers, config_.user, config_.password) {}

  ~SofiaAgent() override {
    if (!thread_.joinable()) return;
    BeginShutdown();
    thread_.join();
  }

  void Leave() override { BeginShutdown(); }

  absl::Status Launch() {
    if (config_.tls) {
      CTC_ASSIGN_OR_RETURN(
          tls_files_, TlsFiles::Write(config_.tls_ca, config_.tls_certificate, config_.tls_key));
    }
    std::promise<bool> bound;
    std::future<bool> ready = bound.get_future();
    thread_ = std::thread([this, &bound] { Run(bound); });
    if (ready.get()) return absl::OkStatus();
    thread_.join();
    return absl::UnavailableError("the SIP address cannot be bound");
  }

  void Perform(LegName name, Action action, Dialling dialling) override {
    Post([this, name = std::move(name), action = std::move(action),
          dialling = std::move(dialling)] { Do(name, action, dialling); });
  }

  void After(absl::Duration time, std::function<void()> then) override {
    Post([this, time, then = std::move(then)] { timers_.After(root_, time, then); });
  }

  void Probe(std::string uri, std::function<void(int)> done) override {
    Post([this, uri = std::move(uri), done = std::move(done)] {
      prober_.Ask(root_, nua_, uri, done);
    });
  }

 private:
  void Run(std::promise<bool>& bound) {
    su_init();
    root_ = su_root_create(nullptr);
    StackConfig stack{config_.bind, config_.tls, "", config_.refers, config_.takes_keys};
    if (tls_files_ != nullptr) stack.tls_folder = tls_files_->folder();
    nua_ = root_ == nullptr ? nullptr : StartStack(root_, stack, &SofiaAgent::OnEvent, Self());
    tls_files_.reset();
    const bool good = nua_ != nullptr && RegisterDigestPlugin();
    bound.set_value(good);
    if (good) su_root_run(root_);
    LetGo();
    if (nua_ != nullptr) nua_destroy(nua_);
    if (root_ != nullptr) su_root_destroy(root_);
    su_deinit();
  }

  void BeginShutdown() {
    if (nua_ == nullptr || leaving_.exchange(true)) return;
    Post([this] {
      prober_.EndAll();
      nua_shutdown(nua_);
    });
  }

  // What is still there when the stack has shut down.
  void LetGo() {
    timers_.EndAll();
    for (auto& [handle, line] : lines_) nua_handle_destroy(handle);
    prober_.EndAll();
  }

  nua_magic_t* Self() { return reinterpret_cast<nua_magic_t*>(this); }

  void Post(std::function<void()> command) { PostTo(root_, std::move(command)); }

  void Do(const LegName& name, const Action& action, const Dialling& dialling) {
    if (action.kind == Action::Kind::kInvite) return Invite(name, action.text, dialling);
    const auto found = handles_.find(name);
    if (found == handles_.end()) return;
    nua_handle_t* handle = found->second;
    switch (action.kind) {
      case Action::Kind::kReinvite:
        lines_.at(handle).reinvite = action.text;
        SendReinvite(handle, lines_.at(handle));
        break;
      case Action::Kind::kAck:
        Acknowledge(handle, action.text);
        break;
      case Action::Kind::kCancel:
        nua_cancel(handle, TAG_END());
        break;
      case Action::Kind::kBye:
        HangUp(handle, lines_.at(handle), action.status);
        break;
      case Action::Kind::kInfo:
        SendKey(handle, lines_.at(handle), action.text);
        break;
      case Action::Kind::kNotify:
        SendProgress(handle, lines_.at(handle), action.status);
        break;
      case Action::Kind::kRespond:
        if (action.status >= 300) lines_.at(handle).over = true;
        AnswerCaller(handle, {action.status, action.text});
        break;
      case Action::Kind::kAbandon:
        Abandon(handle, lines_.at(handle));
        break;
      case Action::Kind::kRefer:
        Refer(handle, lines_.at(handle), dialling);
        break;
      case Action::Kind::kInvite:
        break;
    }
  }

  void Invite(const LegName& name, const std::string& sdp, const Dialling& dialling) {
    const char* uri = dialling.uri.c_str();
    // In brackets: what follows a bare URI belongs to the header.
    const std::string to = absl::StrCat("<", dialling.uri, ">");
    nua_handle_t* handle = nua_handle(nua_, nullptr, NUTAG_URL(uri), SIPTAG_TO_STR(to.c_str()),
                                      SIPTAG_FROM_STR(dialling.from.c_str()), TAG_END());
    if (handle == nullptr) {
      Input failed;
      failed.kind = Input::Kind::kRejected;
      failed.leg = name.leg;
      failed.status = 400;
      return events_.on_input(name, std::move(failed));
    }
    Line& line = AddLine(handle, name, dialling.home);
    CallPhone(handle, sdp, dialling.replaces);
    line.rings = true;
    AfterOf(handle, dialling.ring_timeout, [this](Line& late) {
      if (late.rings) Tell(late, Input::Kind::kRingTimeout, 408, "");
    });
  }

  Line& AddLine(nua_handle_t* handle, const LegName& name, std::string home) {
    Line& line = lines_[handle];
    line.name = name;
    line.number = ++added_;
    line.home = std::move(home);
    handles_[name] = handle;
    return line;
  }

  // With the line, if it is there still.
  void AfterOf(nua_handle_t* handle, absl::Duration time, std::function<void(Line&)> then) {
    After(time, [this, handle, number = lines_.at(handle).number, then = std::move(then)] {
      const auto found = lines_.find(handle);
      if (found != lines_.end() && found->second.number == number) then(found->second);
    });
  }

  // A phone that says no more of it than that it will has not reached anybody in the end.
  void Refer(nua_handle_t* handle, Line& line, const Dialling& dialling) {
    line.refer = dialling;
    const int number = line.refers.Ask();
    SendRefer(handle, line, false);
    AfterOf(handle, dialling.ring_timeout, [this, number](Line& late) {
      if (late.refers.GiveUp(number)) Tell(late, Input::Kind::kReferred, 480, "");
    });
  }

  static void OnEvent(nua_event_t event, int status, const char* phrase, nua_t* /*nua*/,
                      nua_magic_t* magic, nua_handle_t* handle, nua_hmagic_t* /*hmagic*/,
                      const sip_t* sip, tagi_t* tags) {
    auto* self = reinterpret_cast<SofiaAgent*>(magic);
    if (event == nua_r_shutdown) {
      if (status >= 200) su_root_break(self->root_);
      return;
    }
    if (event == nua_r_options) return self->prober_.OnAnswer(handle, status, sip != nullptr);
    const auto found = self->lines_.find(handle);
    if (event == nua_i_refer) {
      Line* line = found == self->lines_.end() ? nullptr : &found->second;
      return self->OnRefer(handle, line, sip, tags);
    }
    if (event == nua_i_invite && found == self->lines_.end()) return self->OnCaller(handle, sip);
    if (found == self->lines_.end()) return self->OnStranger(handle, status, sip);
    Line& line = found->second;
    if (event == nua_r_invite && IsPutOff(status, phrase) && !line.established) {
      return self->GiveUp(handle);
    }
    if (event == nua_r_invite && status == 100) return self->OnRepeated(handle, line, sip);
    if (event == nua_i_cancel) self->Tell(line, Input::Kind::kEnded, 0, "");
    if (event == nua_i_ack) self->OnAcknowledged(handle, line, sip);
    if (event == nua_r_invite) self->OnInviteAnswer(handle, line, status, sip);
    if (event == nua_i_invite) self->OnReinvite(handle, line, PayloadOf(sip));
    if (event == nua_i_update && status < 200) self->OnUpdate(handle, line, PayloadOf(sip));
    if (event == nua_i_info) self->OnInfo(line, sip);
    if (event == nua_r_refer && status == 100) NoteRefer(line, tags);
    if (event == nua_r_info || event == nua_r_notify || event == nua_r_refer) {
      self->OnRequestAnswer(handle, line, event == nua_r_refer, status, sip);
    }
    if (event == nua_r_authenticate && status >= 300) self->OnUnproven(handle, line);
    if (event == nua_i_notify && status < 300) self->OnNotify(line, sip);
    if (event == nua_i_bye) self->Tell(line, Input::Kind::kEnded, ReasonOf(sip), "");
    if (event == nua_i_terminated) self->Forget(handle);
  }

  // A request outside any call, which the stack has mostly answered.
  void OnStranger(nua_handle_t* handle, int status, const sip_t* sip) {
    if (handle == nullptr || sip == nullptr || sip->sip_request == nullptr) return;
    if (status < 200) return TurnAway(nua_, handle, 403);
    nua_handle_destroy(handle);
  }

  // The stack asks again, perhaps elsewhere. It would show what it has answered a challenge with
  // there as well, and answer further ones by itself: then the call is not to be had.
  void OnRepeated(nua_handle_t* handle, Line& line, const sip_t* sip) {
    const std::string host = RedirectedTo(sip);
    if (host.empty() || absl::EqualsIgnoreCase(host, line.home)) return;
    line.home.clear();
    if (line.authenticated && !line.established) GiveUp(handle, sip->sip_status->st_status);
  }

  // A BYE waits for the answer to a re-INVITE, since the stack does not acknowledge one behind it,
  // but not for long.
  void HangUp(nua_handle_t* handle, Line& line, int status) {
    if (line.bye) return;
    line.bye = status;
    line.over = true;
    line.reinvite.reset();
    if (line.asks == 0) return SendBye(handle, line);
    AfterOf(handle, kByeWait, [handle](Line& late) { SendBye(handle, late); });
  }

  // Should the phone pick up all the same, it is hung up.
  void Abandon(nua_handle_t* handle, Line& line) {
    line.over = true;
    line.bye = 0;
    nua_cancel(handle, TAG_END());
  }

  // Nobody is called twice for one call: the refusal counts. (A re-INVITE is made again: two that
  // cross are put off, RFC 3261 section 14.2.) Nor does the stack wait for credentials.
  void GiveUp(nua_handle_t* handle, int status = 503) {
    Line line = lines_.at(handle);
    lines_.erase(handle);
    dialogs_.End(handle, clock_.Now());
    handles_.erase(line.name);
    Tell(line, Input::Kind::kRejected, status, "");
    nua_handle_destroy(handle);
  }

  void OnInviteAnswer(nua_handle_t* handle, Line& line, int status, const sip_t* sip) {
    if (status <= 100) return;
    if (status < 200) dialogs_.Note(handle, DialogOfAnswer(sip));
    if (status < 200) return Tell(line, Input::Kind::kRinging, status, PayloadOf(sip));
    if (line.bye && !line.established && status >= 300) return;
    if (status == 401 || status == 407) {
      if (Authenticate(handle, line, sip, config_.user, config_.password)) return;
      if (!line.established) return GiveUp(handle, status);
    }
    line.rings = false;
    if (line.established && line.asks > 0) --line.asks;
    if (line.bye) {
      if (status < 300) Acknowledge(handle, "");
      return SendBye(handle, line);
    }
    if (status < 300) {
      line.established = true;
      dialogs_.Settle(handle, DialogOfAnswer(sip));
      ChooseRefresh(handle, sip);
      return Tell(line, Input::Kind::kAnswered, status, PayloadOf(sip));
    }
    Tell(line, Input::Kind::kRejected, status, "");
  }

  void OnNotify(Line& line, const sip_t* sip) {
    if (sip == nullptr || !line.refers.IsToldOfNewest(IdOfNotify(sip), IsLastNotify(sip))) return;
    Tell(line, Input::Kind::kReferred, ProgressOf(sip), "");
  }

  // The stack waits for credentials, and everything else in the dialog with it, BYE included: it is
  // told when there are none. A REFER that is sent for the first time has ended.
  void OnRequestAnswer(nua_handle_t* handle, Line& line, bool refer, int status, const sip_t* sip) {
    if (status < 200) return;
    const bool challenge = status == 401 || status == 407;
    if (challenge && (!refer || line.refer_proves)) {
      if (Authenticate(handle, line, sip, config_.user, config_.password)) return;
      line.challenged = status;
      nua_authenticate(handle, TAG_END());
      return;  // comes again as 904
    }
    const int challenged = std::exchange(line.challenged, 0);
    OnRequestEnd(handle, line, refer, challenged > 0 ? challenged : status, sip);
  }

  // It had not waited.
  void OnUnproven(nua_handle_t* handle, Line& line) {
    const int status = std::exchange(line.challenged, 0);
    if (status > 0) OnRequestEnd(handle, line, !line.refers.all_answered(), status, nullptr);
  }

  void OnRequestEnd(nua_handle_t* handle, Line& line, bool refer, int status, const sip_t* sip) {
    if (line.requests > 0) --line.requests;
    const bool newest = refer && line.refers.Answered(status < 300);
    if (refer && line.refers.all_answered()) AllowRepeats(handle);
    // Who takes the call back does not want it any more.
    const bool wanted = newest && !line.reinvite && !line.over;
    SendReinvite(handle, line);
    if (!newest || status < 300) return;
    if (wanted && !line.refer_proves && !config_.user.empty() && MayProve(line, sip)) {
      line.refers.AskAgain();
      return SendRefer(handle, line, true);
    }
    Tell(line, Input::Kind::kReferRefused, status, "");
  }

  void OnCaller(nua_handle_t* handle, const sip_t* sip) {
    const Gate::Verdict verdict = gate_.Judge(sip, nua_current_request(nua_), clock_.Now());
    if (verdict.refusal == 401) return Challenge(nua_, handle, verdict.challenges);
    if (verdict.refusal > 0) return TurnAway(nua_, handle, verdict.refusal);
    const absl::StatusOr<Replaces> replaces = ReplacesOf(sip);
    if (absl::IsInvalidArgument(replaces.status())) return TurnAway(nua_, handle, 400);
    if (replaces.ok()) return OnNewcomer(handle, sip, *replaces, verdict);
    const char* user = sip->sip_request->rq_url->url_user;
    Caller caller{{OwnNameOf(sip), "customer"},
                  CallerOf(sip, verdict.trusted),
                  user == nullptr ? "" : user,
                  PayloadOf(sip)};
    Admit(handle, sip, caller.name, verdict.proof,
          [&] { return events_.on_caller(std::move(caller)); });
  }

  // Who knows a dialog by its names may still be anybody: it was proven who calls before.
  void OnNewcomer(nua_handle_t* handle, const sip_t* sip, const Replaces& replaces,
                  const Gate::Verdict& verdict) {
    const DialogBook::Match match = dialogs_.Find(replaces.dialog);
    if (match.kind == DialogBook::Match::Kind::kNone) return TurnAway(nua_, handle, 481);
    const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const auto& entry) {
      return match.owner == entry.first && !entry.second.over;
    });
    if (found == lines_.end()) return TurnAway(nua_, handle, 603);
    const LegName name{found->second.name.call, OwnNameOf(sip)};
    Newcomer newcomer{name.leg, found->second.name.leg, CallerOf(sip, verdict.trusted),
                      PayloadOf(sip), replaces.early_only};
    Admit(handle, sip, name, verdict.proof,
          [&] { return events_.on_newcomer(name.call, std::move(newcomer)); });
  }

  // `ask` says by which status it is refused.
  template <class Ask>
  void Admit(nua_handle_t* handle, const sip_t* sip, const LegName& name, const std::string& proof,
             const Ask& ask) {
    // The same request by two ways, or a second one with its names: the first one stays.
    if (handles_.contains(name)) return TurnAway(nua_, handle, 482);
    if (!gate_.Spend(proof, clock_.Now())) {
      return Challenge(nua_, handle, gate_.Challenges(sip, clock_.Now(), true));
    }
    Line& line = AddLine(handle, name, SourceOf(nua_current_request(nua_)));
    line.established = true;
    ChooseRefresh(handle, sip);
    const int status = ask();
    if (status < 300) return;
    handles_.erase(line.name);
    lines_.erase(handle);
    TurnAway(nua_, handle, status);
  }

  void OnAcknowledged(nua_handle_t* handle, Line& line, const sip_t* sip) {
    dialogs_.Settle(handle, DialogOfRequest(sip));
    Tell(line, Input::Kind::kAcknowledged, 200, PayloadOf(sip));
  }

  void OnRefer(nua_handle_t* handle, Line* line, const sip_t* sip, tagi_t* tags) {
    const int status = line == nullptr ? 403 : line->over ? 481 : ReferralStatus(*line, sip, tags);
    Answer(nua_, handle, {status, ""});
    if (line == nullptr) nua_handle_destroy(handle);
  }

  int ReferralStatus(Line& line, const sip_t* sip, tagi_t* tags) {
    const absl::StatusOr<ReferTo> target = ReferToOf(sip);
    if (!target.ok()) return 400;
    // The one that is told of already goes on if this one is refused.
    std::string before = std::exchange(line.refer_event, EventOfRefer(tags));
    const int status = events_.on_refer(line.name, *target);
    if (status != 202) line.refer_event = std::move(before);
    return status;
  }

  void OnInfo(const Line& line, const sip_t* sip) {
    const std::optional<char> key = KeyOf(sip);
    if (key && !line.over) events_.on_key(line.name, *key);
  }

  // Most are refreshes of the session, by which nothing changes.
  void OnReinvite(nua_handle_t* handle, const Line& line, const std::string& offer) {
    Answer(nua_, handle, line.over ? Reply() : events_.on_reinvite(line.name, offer));
  }

  // Without an offer it is such a refresh, too.
  void OnUpdate(nua_handle_t* handle, const Line& line, const std::string& offer) {
    if (offer.empty()) return Answer(nua_, handle, {200, ""});
    // Ours is not answered yet (RFC 3311 section 5.2).
    if (!line.established) return Answer(nua_, handle, {491, ""});
    OnReinvite(handle, line, offer);
  }

  void Tell(Line& line, Input::Kind kind, int status, std::string sdp) {
    if (line.over) return;
    line.over =
        kind == Input::Kind::kEnded || (kind == Input::Kind::kRejected && !line.established);
    Input input;
    input.kind = kind;
    input.leg = line.name.leg;
    input.status = status;
    input.sdp = std::move(sdp);
    const LegName name = line.name;  // the line may go in the call
    events_.on_input(name, std::move(input));
  }

  // The dialog is over, whoever ended it; also when nobody refreshed it.
  void Forget(nua_handle_t* handle) {
    Line line = lines_.at(handle);
    lines_.erase(handle);
    dialogs_.End(handle, clock_.Now());
    const auto found = handles_.find(line.name);
    // A leg that was called anew since is another dialog's.
    if (found != handles_.end() && found->second == handle) {
      handles_.erase(found);
      Tell(line, Input::Kind::kEnded, 0, "");
    }
    nua_handle_destroy(handle);
  }

  const UserAgentConfig config_;
  const base::Clock& clock_;
  const PhoneEvents events_;
  Gate gate_;                            // on the thread only
  std::unique_ptr<TlsFiles> tls_files_;  // until the stack has read them
  std::thread thread_;
  std::atomic<bool> leaving_ = false;
  su_root_t* root_ = nullptr;
  nua_t* nua_ = nullptr;
  std::map<nua_handle_t*, Line> lines_;  // these five on the thread only
  std::map<LegName, nua_handle_t*> handles_;
  DialogBook dialogs_;
  Prober prober_;
  Timers timers_;
  int added_ = 0;  // lines
};

}  // namespace

absl::StatusOr<std::unique_ptr<UserAgent>> UserAgent::Start(UserAgentConfig config,
                                                            const base::Clock& clock,
                                                            PhoneEvents events) {
  auto agent = std::make_unique<SofiaAgent>(std::move(config), clock, std::move(events));
  CTC_RETURN_IF_ERROR(agent->Launch());
  return std::unique_ptr<UserAgent>(std::move(agent));
}

}  // namespace ctc::providers::sip::native
