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
#include <sofia-sip/tport_tag.h>

#include <atomic>
#include <future>
#include <map>
#include <thread>

#include "libs/crypto/crypto.h"
#include "libs/providers/sip/native/digest.h"
#include "libs/providers/sip/native/digest_plugin.h"
#include "libs/providers/sip/native/phone_words.h"
#include "libs/providers/sip/native/prober.h"
#include "libs/providers/sip/native/sip_message.h"
#include "libs/providers/sip/native/tls_files.h"

namespace ctc::providers::sip::native {
namespace {

constexpr int kSessionSeconds = 1800;  // RFC 4028 recommends it
constexpr int kMinSessionSeconds = 90;
constexpr absl::Duration kByeWait = absl::Seconds(2);
// What is served in a call, and OPTIONS.
constexpr const char* kAllow = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, REFER";

using Command = std::function<void()>;

class SofiaAgent final : public UserAgent {
 public:
  SofiaAgent(UserAgentConfig config, const base::Clock& clock, PhoneEvents events)
      : config_(std::move(config)),
        clock_(clock),
        events_(std::move(events)),
        challenger_("click-to-call", NewNonceKey()) {}

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
    Post([this, time, then = std::move(then)] {
      su_timer_t* timer = su_timer_create(su_root_task(root_), absl::ToInt64Milliseconds(time));
      timers_[timer] = then;
      su_timer_set(timer, &SofiaAgent::OnTimer, reinterpret_cast<su_timer_arg_t*>(this));
    });
  }

  void Probe(std::string uri, std::function<void(int)> done) override {
    Post([this, uri = std::move(uri), done = std::move(done)] {
      prober_.Ask(root_, nua_, uri, done);
    });
  }

 private:
  struct Line {
    LegName name;
    su_timer_t* ring = nullptr;
    std::string home;  // whose challenges are answered
    bool authenticated = false;
    bool established = false;
    int asks = 0;            // re-INVITEs without a final answer
    std::optional<int> bye;  // the Reason of a BYE, which may wait for them
    bool bye_sent = false;
    bool over = false;        // for the machine, which may call a leg of this name anew at once
    std::string refer_event;  // of the referral that it is told of, "refer;id=5"
  };

  void Run(std::promise<bool>& bound) {
    su_init();
    root_ = su_root_create(nullptr);
    const std::string secure = SecureBind(config_.bind);
    const char* folder = tls_files_ == nullptr ? "" : tls_files_->folder().c_str();
    const std::string allow = absl::StrCat(kAllow, config_.takes_keys ? ", INFO" : "");
    nua_ = root_ == nullptr
               ? nullptr
               : nua_create(root_, &SofiaAgent::OnEvent, Self(), NUTAG_URL(config_.bind.c_str()),
                            TAG_IF(config_.tls, NUTAG_SIPS_URL(secure.c_str())),
                            TAG_IF(config_.tls, NUTAG_CERTIFICATE_DIR(folder)),
                            TAG_IF(config_.tls, TPTAG_TLS_VERIFY_POLICY(TPTLS_VERIFY_SUBJECTS_OUT)),
                            NUTAG_MEDIA_ENABLE(0), NUTAG_AUTOACK(0), NUTAG_AUTOANSWER(0),
                            NUTAG_AUTOALERT(0),
                            NUTAG_ENABLEINVITE(1),  // of phones in a call; see OnCaller
                            NUTAG_ENABLEMESSAGE(0), NUTAG_APPL_METHOD("REFER, UPDATE"),
                            SIPTAG_ALLOW_STR(allow.c_str()),
                            // Nor 100rel: an offer in a reliable 18x could not be answered.
                            SIPTAG_SUPPORTED_STR("timer"), NUTAG_SESSION_TIMER(kSessionSeconds),
                            NUTAG_MIN_SE(kMinSessionSeconds),
                            NUTAG_UPDATE_REFRESH(0),  // see ChooseRefresh
                            SIPTAG_USER_AGENT_STR("click-to-call"), TAG_END());
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
    for (auto& [timer, then] : timers_) su_timer_destroy(timer);
    for (auto& [handle, line] : lines_) {
      StopRing(line);
      nua_handle_destroy(handle);
    }
    prober_.EndAll();
  }

  nua_magic_t* Self() { return reinterpret_cast<nua_magic_t*>(this); }

  void Post(Command command) {
    su_msg_r message = SU_MSG_R_INIT;
    auto* boxed = new Command(std::move(command));
    if (su_msg_create(message, su_root_task(root_), su_task_null, &SofiaAgent::OnMessage,
                      sizeof(boxed)) != 0) {
      delete boxed;
      return;
    }
    *reinterpret_cast<Command**>(su_msg_data(message)) = boxed;
    su_msg_send(message);
  }

  static void OnMessage(su_root_magic_t*, su_msg_r message, su_msg_arg_t* argument) {
    (void)message;
    const std::unique_ptr<Command> command(*reinterpret_cast<Command**>(argument));
    (*command)();
  }

  void Do(const LegName& name, const Action& action, const Dialling& dialling) {
    if (action.kind == Action::Kind::kInvite) return Invite(name, action.text, dialling);
    const auto found = handles_.find(name);
    if (found == handles_.end()) return;
    nua_handle_t* handle = found->second;
    switch (action.kind) {
      case Action::Kind::kReinvite:
        ++lines_.at(handle).asks;
        Reinvite(handle, action.text);
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
        TellKey(handle, action.text);
        break;
      case Action::Kind::kNotify:
        NotifyReferrer(handle, lines_.at(handle).refer_event, action.status);
        break;
      case Action::Kind::kRespond:
        if (action.status >= 300) lines_.at(handle).over = true;
        AnswerCaller(handle, {action.status, action.text});
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
    Line& line = lines_[handle];
    line.name = name;
    line.home = dialling.home;
    handles_[name] = handle;
    CallPhone(handle, sdp, dialling.replaces);
    line.ring =
        su_timer_create(su_root_task(root_), absl::ToInt64Milliseconds(dialling.ring_timeout));
    su_timer_set(line.ring, &SofiaAgent::OnRingTimeout, reinterpret_cast<su_timer_arg_t*>(this));
  }

  static void OnRingTimeout(su_root_magic_t*, su_timer_t* timer, su_timer_arg_t* argument) {
    auto* self = reinterpret_cast<SofiaAgent*>(argument);
    for (auto& [handle, line] : self->lines_) {
      if (line.ring != timer) continue;
      self->Tell(line, Input::Kind::kRingTimeout, 408, "");
      return;
    }
  }

  static void OnTimer(su_root_magic_t*, su_timer_t* timer, su_timer_arg_t* argument) {
    auto* self = reinterpret_cast<SofiaAgent*>(argument);
    auto node = self->timers_.extract(timer);
    su_timer_destroy(timer);
    if (!node.empty()) node.mapped()();
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
    if (event == nua_i_ack) self->Tell(line, Input::Kind::kAcknowledged, 200, PayloadOf(sip));
    if (event == nua_r_invite) self->OnInviteAnswer(handle, line, status, sip);
    if (event == nua_i_invite) self->OnReinvite(handle, line, PayloadOf(sip));
    if (event == nua_i_update && status < 200) self->OnUpdate(handle, line, PayloadOf(sip));
    if (event == nua_i_info) self->OnInfo(line, sip);
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
    if (line.asks == 0) return SendBye(handle, line);
    After(kByeWait, [this, name = line.name, handle] {
      const auto found = lines_.find(handle);
      if (found == lines_.end() || found->second.name != name || !found->second.bye) return;
      SendBye(handle, found->second);
    });
  }

  void SendBye(nua_handle_t* handle, Line& line) {
    if (std::exchange(line.bye_sent, true)) return;
    SayBye(handle, *line.bye);
  }

  // Nobody is called twice for one call: the refusal counts. (A re-INVITE is made again: two that
  // cross are put off, RFC 3261 section 14.2.) Nor does the stack wait for credentials.
  void GiveUp(nua_handle_t* handle, int status = 503) {
    Line line = lines_.at(handle);
    StopRing(line);
    lines_.erase(handle);
    handles_.erase(line.name);
    Tell(line, Input::Kind::kRejected, status, "");
    nua_handle_destroy(handle);
  }

  void OnInviteAnswer(nua_handle_t* handle, Line& line, int status, const sip_t* sip) {
    if (status <= 100) return;
    if (status < 200) return Tell(line, Input::Kind::kRinging, status, PayloadOf(sip));
    if (status == 401 || status == 407) {
      if (Authenticate(handle, line, sip)) return;
      if (!line.established) return GiveUp(handle, status);
    }
    StopRing(line);
    if (line.established && line.asks > 0) --line.asks;
    if (line.bye) {
      if (status < 300) Acknowledge(handle, "");
      return SendBye(handle, line);
    }
    if (status < 300) {
      line.established = true;
      ChooseRefresh(handle, sip);
      return Tell(line, Input::Kind::kAnswered, status, PayloadOf(sip));
    }
    Tell(line, Input::Kind::kRejected, status, "");
  }

  // Answers a challenge once for each dialog; a second one means that the credentials are wrong.
  // Anybody may ask for them, but only the account's own hosts are answered.
  bool Authenticate(nua_handle_t* handle, Line& line, const sip_t* sip) {
    if (line.authenticated || line.home.empty() || sip == nullptr || config_.user.empty()) {
      return false;
    }
    line.authenticated = true;
    const std::vector<std::string> realms = RealmsOf(sip);
    for (const std::string& realm : realms) {
      const std::string credentials = CredentialsFor(realm, config_.user, config_.password);
      nua_authenticate(handle, NUTAG_AUTH(credentials.c_str()), TAG_END());
    }
    return !realms.empty();
  }

  // Strangers learn no more than that they are unknown.
  void OnCaller(nua_handle_t* handle, const sip_t* sip) {
    if (!config_.callers || sip == nullptr || sip->sip_call_id == nullptr) {
      return TurnAway(nua_, handle, 403);
    }
    const bool trusted = config_.callers->Trusts(SourceOf(nua_current_request(nua_)));
    bool stale = false;
    if (!trusted && !Proves(sip, stale)) {
      const bool can = !config_.user.empty() && !config_.password.empty();
      if (!can) return TurnAway(nua_, handle, 403);
      return Challenge(nua_, handle,
                       challenger_.Challenges(sip->sip_call_id->i_id, clock_.Now(), stale));
    }
    const char* user = sip->sip_request->rq_url->url_user;
    Caller caller{{"in-" + crypto::ToHex(crypto::Sha256(DialogOf(sip))).substr(0, 32), "customer"},
                  CallerOf(sip, trusted),
                  user == nullptr ? "" : user,
                  PayloadOf(sip)};
    // The same request by two ways, or a second one with its names: the first one stays.
    if (handles_.contains(caller.name)) return TurnAway(nua_, handle, 482);
    Line& line = lines_[handle];
    line.name = caller.name;
    line.home = SourceOf(nua_current_request(nua_));
    line.established = true;
    ChooseRefresh(handle, sip);
    handles_[caller.name] = handle;
    const int status = events_.on_caller(std::move(caller));
    if (status < 300) return;
    handles_.erase(line.name);
    lines_.erase(handle);
    TurnAway(nua_, handle, status);
  }

  // True when the caller shows the account's password.
  bool Proves(const sip_t* sip, bool& stale) const {
    const DigestSubject subject{config_.user, config_.password, "INVITE", "", PayloadOf(sip)};
    for (const msg_auth_t* shown = sip->sip_authorization; shown; shown = shown->au_next) {
      const auto verdict =
          challenger_.Judge(ParamsOf(*shown), subject, sip->sip_call_id->i_id, clock_.Now());
      if (verdict == Challenger::Verdict::kGood) return !config_.password.empty();
      stale = stale || verdict == Challenger::Verdict::kStale;
    }
    return false;
  }

  void OnRefer(nua_handle_t* handle, Line* line, const sip_t* sip, tagi_t* tags) {
    const int status = line == nullptr ? 403 : line->over ? 481 : ReferralStatus(*line, sip, tags);
    Answer(nua_, handle, {status, ""});
    if (line == nullptr) nua_handle_destroy(handle);
  }

  int ReferralStatus(Line& line, const sip_t* sip, tagi_t* tags) {
    const absl::StatusOr<ReferTo> target = ReferToOf(sip);
    if (!target.ok()) return 400;
    const sip_event_t* event = nullptr;
    tl_gets(tags, NUTAG_REFER_EVENT_REF(event), TAG_END());
    std::string told = event == nullptr ? "refer" : event->o_type;
    if (event != nullptr && event->o_id != nullptr) absl::StrAppend(&told, ";id=", event->o_id);
    // The one that is told of already goes on if this one is refused.
    std::string before = std::exchange(line.refer_event, std::move(told));
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

  static void StopRing(Line& line) {
    if (line.ring != nullptr) su_timer_destroy(line.ring);
    line.ring = nullptr;
  }

  // The dialog is over, whoever ended it; also when nobody refreshed it.
  void Forget(nua_handle_t* handle) {
    Line line = lines_.at(handle);
    StopRing(line);
    lines_.erase(handle);
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
  const Challenger challenger_;
  std::unique_ptr<TlsFiles> tls_files_;  // until the stack has read them
  std::thread thread_;
  std::atomic<bool> leaving_ = false;
  su_root_t* root_ = nullptr;
  nua_t* nua_ = nullptr;
  std::map<nua_handle_t*, Line> lines_;  // these four on the thread only
  std::map<LegName, nua_handle_t*> handles_;
  Prober prober_;
  std::map<su_timer_t*, std::function<void()>> timers_;
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
