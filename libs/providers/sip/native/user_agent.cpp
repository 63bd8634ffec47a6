// The thread runs a su_root; requests come to it as messages, so that all handles are its own.
#include "libs/providers/sip/native/user_agent.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/nua.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_wait.h>

#include <future>
#include <map>
#include <thread>

#include "libs/providers/sip/sip_status.h"

namespace ctc::providers::sip::native {
namespace {

constexpr int kSessionSeconds = 1800;  // RFC 4028 recommends it
constexpr int kMinSessionSeconds = 90;
constexpr su_duration_t kProbeMs = 5000;
constexpr const char* kSdpType = "application/sdp";

using Command = std::function<void()>;

std::string PayloadOf(const sip_t* sip) {
  if (sip == nullptr || sip->sip_payload == nullptr || sip->sip_payload->pl_data == nullptr) {
    return "";
  }
  return {sip->sip_payload->pl_data, sip->sip_payload->pl_len};
}

// The Reason header's status (RFC 3326): its SIP cause, or the one its Q.850 cause means.
int ReasonOf(const sip_t* sip) {
  for (const sip_reason_t* reason = sip == nullptr ? nullptr : sip->sip_reason; reason != nullptr;
       reason = reason->re_next) {
    int cause = 0;
    if (reason->re_cause == nullptr || !absl::SimpleAtoi(reason->re_cause, &cause)) continue;
    if (absl::string_view(reason->re_protocol) == "Q.850") return StatusOfCause(cause);
    if (absl::string_view(reason->re_protocol) == "SIP") return cause;
  }
  return 0;
}

class SofiaAgent final : public UserAgent {
 public:
  SofiaAgent(UserAgentConfig config, OnInput on_input, OnRefresh on_refresh)
      : config_(std::move(config)),
        on_input_(std::move(on_input)),
        on_refresh_(std::move(on_refresh)) {}

  ~SofiaAgent() override {
    if (!thread_.joinable()) return;
    if (nua_ != nullptr) Post([this] { nua_shutdown(nua_); });
    thread_.join();
  }

  absl::Status Launch() {
    std::promise<bool> bound;
    std::future<bool> ready = bound.get_future();
    thread_ = std::thread([this, &bound] { Run(bound); });
    if (ready.get()) return absl::OkStatus();
    thread_.join();
    return absl::UnavailableError("the SIP address cannot be bound");
  }

  void Perform(LegName name, Action action, std::string uri, std::string from) override {
    Post([this, name = std::move(name), action = std::move(action), uri = std::move(uri),
          from = std::move(from)] { Do(name, action, uri, from); });
  }

  void Probe(std::string uri, std::function<void(int)> done) override {
    Post([this, uri = std::move(uri), done = std::move(done)] {
      nua_handle_t* handle =
          nua_handle(nua_, nullptr, NUTAG_URL(uri.c_str()), SIPTAG_TO_STR(uri.c_str()), TAG_END());
      if (handle == nullptr) return done(400);
      su_timer_t* timer = su_timer_create(su_root_task(root_), kProbeMs);
      su_timer_set(timer, &SofiaAgent::OnProbeTimeout, reinterpret_cast<su_timer_arg_t*>(this));
      probes_[handle] = {done, timer};
      nua_options(handle, TAG_END());
    });
  }

 private:
  struct Line {
    LegName name;
    su_timer_t* ring = nullptr;
    bool authenticated = false;
    bool established = false;
  };

  struct Waiting {  // for the answer to OPTIONS
    std::function<void(int)> done;
    su_timer_t* timer = nullptr;
  };

  void Run(std::promise<bool>& bound) {
    su_init();
    root_ = su_root_create(nullptr);
    nua_ = root_ == nullptr
               ? nullptr
               : nua_create(root_, &SofiaAgent::OnEvent, Self(), NUTAG_URL(config_.bind.c_str()),
                            NUTAG_MEDIA_ENABLE(0), NUTAG_AUTOACK(0), NUTAG_AUTOANSWER(0),
                            NUTAG_AUTOALERT(0), NUTAG_ENABLEINVITE(0), NUTAG_ENABLEMESSAGE(0),
                            NUTAG_SESSION_TIMER(kSessionSeconds), NUTAG_MIN_SE(kMinSessionSeconds),
                            NUTAG_UPDATE_REFRESH(1), SIPTAG_USER_AGENT_STR("click-to-call"),
                            TAG_END());
    const bool good = nua_ != nullptr;
    bound.set_value(good);
    if (good) su_root_run(root_);
    for (auto& [handle, line] : lines_) nua_handle_destroy(handle);
    if (nua_ != nullptr) nua_destroy(nua_);
    if (root_ != nullptr) su_root_destroy(root_);
    su_deinit();
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

  void Do(const LegName& name, const Action& action, const std::string& uri,
          const std::string& from) {
    if (action.kind == Action::Kind::kInvite) return Invite(name, action.text, uri, from);
    const auto found = handles_.find(name);
    if (found == handles_.end()) return;
    nua_handle_t* handle = found->second;
    const char* body = action.text.c_str();
    const bool sdp = !action.text.empty();
    const std::string reason = absl::StrCat("SIP;cause=", action.status);
    const std::string digit = absl::StrCat("Signal=", action.text, "\r\nDuration=160\r\n");
    switch (action.kind) {
      case Action::Kind::kReinvite:
        nua_invite(handle, TAG_IF(sdp, SIPTAG_CONTENT_TYPE_STR(kSdpType)),
                   TAG_IF(sdp, SIPTAG_PAYLOAD_STR(body)), TAG_END());
        break;
      case Action::Kind::kAck:
        nua_ack(handle, TAG_IF(sdp, SIPTAG_CONTENT_TYPE_STR(kSdpType)),
                TAG_IF(sdp, SIPTAG_PAYLOAD_STR(body)), TAG_END());
        break;
      case Action::Kind::kCancel:
        nua_cancel(handle, TAG_END());
        break;
      case Action::Kind::kBye:
        nua_bye(handle, TAG_IF(action.status >= 300, SIPTAG_REASON_STR(reason.c_str())), TAG_END());
        break;
      case Action::Kind::kInfo:
        nua_info(handle, SIPTAG_CONTENT_TYPE_STR("application/dtmf-relay"),
                 SIPTAG_PAYLOAD_STR(digit.c_str()), TAG_END());
        break;
      case Action::Kind::kInvite:
        break;
    }
  }

  void Invite(const LegName& name, const std::string& sdp, const std::string& uri,
              const std::string& from) {
    nua_handle_t* handle =
        nua_handle(nua_, nullptr, NUTAG_URL(uri.c_str()), SIPTAG_TO_STR(uri.c_str()),
                   SIPTAG_FROM_STR(from.c_str()), TAG_END());
    if (handle == nullptr) {
      Input failed;
      failed.kind = Input::Kind::kRejected;
      failed.leg = name.leg;
      failed.status = 400;
      return on_input_(name, std::move(failed));
    }
    Line& line = lines_[handle];
    line.name = name;
    handles_[name] = handle;
    nua_invite(handle, TAG_IF(!sdp.empty(), SIPTAG_CONTENT_TYPE_STR(kSdpType)),
               TAG_IF(!sdp.empty(), SIPTAG_PAYLOAD_STR(sdp.c_str())), TAG_END());
    line.ring =
        su_timer_create(su_root_task(root_), absl::ToInt64Milliseconds(config_.ring_timeout));
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

  static void OnEvent(nua_event_t event, int status, const char* /*phrase*/, nua_t* /*nua*/,
                      nua_magic_t* magic, nua_handle_t* handle, nua_hmagic_t* /*hmagic*/,
                      const sip_t* sip, tagi_t* /*tags*/) {
    auto* self = reinterpret_cast<SofiaAgent*>(magic);
    if (event == nua_r_shutdown) {
      if (status >= 200) su_root_break(self->root_);
      return;
    }
    // Without a message nothing was answered: the stack speaks for the network.
    if (event == nua_r_options) return self->OnProbed(handle, sip == nullptr ? 408 : status);
    const auto found = self->lines_.find(handle);
    if (found == self->lines_.end()) return;
    if (event == nua_r_invite) self->OnInviteAnswer(handle, found->second, status, sip);
    if (event == nua_i_invite) self->OnReinvite(handle, found->second);
    if (event == nua_i_bye) {
      self->Tell(found->second, Input::Kind::kEnded, ReasonOf(sip), "");
    }
    if (event == nua_i_terminated) self->Forget(handle);
  }

  void OnProbed(nua_handle_t* handle, int status) {
    const auto found = probes_.find(handle);
    if (found == probes_.end() || status < 200) return;
    const Waiting waiting = std::move(found->second);
    probes_.erase(found);
    su_timer_destroy(waiting.timer);
    nua_handle_destroy(handle);
    waiting.done(status);
  }

  static void OnProbeTimeout(su_root_magic_t*, su_timer_t* timer, su_timer_arg_t* argument) {
    auto* self = reinterpret_cast<SofiaAgent*>(argument);
    for (const auto& [handle, waiting] : self->probes_) {
      if (waiting.timer == timer) return self->OnProbed(handle, 408);
    }
  }

  void OnInviteAnswer(nua_handle_t* handle, Line& line, int status, const sip_t* sip) {
    if (status <= 100) return;
    if (status < 200) return Tell(line, Input::Kind::kRinging, status, "");
    if ((status == 401 || status == 407) && Authenticate(handle, line, sip)) return;
    StopRing(line);
    if (status < 300) {
      line.established = true;
      return Tell(line, Input::Kind::kAnswered, status, PayloadOf(sip));
    }
    Tell(line, Input::Kind::kRejected, status, "");
  }

  // Answers a challenge once for each dialog; a second one means that the credentials are wrong.
  bool Authenticate(nua_handle_t* handle, Line& line, const sip_t* sip) {
    if (line.authenticated || sip == nullptr || config_.user.empty()) return false;
    const msg_auth_t* challenge = sip->sip_www_authenticate != nullptr
                                      ? sip->sip_www_authenticate
                                      : sip->sip_proxy_authenticate;
    if (challenge == nullptr) return false;
    const char* realm = msg_params_find(challenge->au_params, "realm=");
    if (realm == nullptr) return false;
    line.authenticated = true;
    const std::string credentials =
        absl::StrCat(challenge->au_scheme, ":", realm, ":", std::string(config_.user.Reveal()), ":",
                     std::string(config_.password.Reveal()));
    nua_authenticate(handle, NUTAG_AUTH(credentials.c_str()), TAG_END());
    return true;
  }

  // A phone's re-INVITE (a refresh of the session, mostly): nothing changes.
  void OnReinvite(nua_handle_t* handle, const Line& line) {
    const std::string told = on_refresh_(line.name);
    if (told.empty()) {
      nua_respond(handle, SIP_488_NOT_ACCEPTABLE, TAG_END());
      return;
    }
    nua_respond(handle, SIP_200_OK, SIPTAG_CONTENT_TYPE_STR(kSdpType),
                SIPTAG_PAYLOAD_STR(told.c_str()), TAG_END());
  }

  void Tell(const Line& line, Input::Kind kind, int status, std::string sdp) {
    Input input;
    input.kind = kind;
    input.leg = line.name.leg;
    input.status = status;
    input.sdp = std::move(sdp);
    const LegName name = line.name;  // the line may go in the call
    on_input_(name, std::move(input));
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
    if (found != handles_.end() && found->second == handle) handles_.erase(found);
    Tell(line, Input::Kind::kEnded, 0, "");
    nua_handle_destroy(handle);
  }

  const UserAgentConfig config_;
  const OnInput on_input_;
  const OnRefresh on_refresh_;
  std::thread thread_;
  su_root_t* root_ = nullptr;
  nua_t* nua_ = nullptr;
  std::map<nua_handle_t*, Line> lines_;  // these three on the thread only
  std::map<LegName, nua_handle_t*> handles_;
  std::map<nua_handle_t*, Waiting> probes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<UserAgent>> UserAgent::Start(UserAgentConfig config,
                                                            OnInput on_input,
                                                            OnRefresh on_refresh) {
  auto agent =
      std::make_unique<SofiaAgent>(std::move(config), std::move(on_input), std::move(on_refresh));
  CTC_RETURN_IF_ERROR(agent->Launch());
  return std::unique_ptr<UserAgent>(std::move(agent));
}

}  // namespace ctc::providers::sip::native
