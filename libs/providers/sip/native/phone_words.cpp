#include "libs/providers/sip/native/phone_words.h"

#include <absl/strings/str_cat.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>

#include "libs/providers/sip/native/sip_message.h"

namespace ctc::providers::sip::native {
namespace {

constexpr const char* kSdpType = "application/sdp";
constexpr int kRepeats = 3;  // the stack's own

}  // namespace

void CallPhone(nua_handle_t* handle, const std::string& sdp, const std::string& replaces) {
  nua_invite(handle, TAG_IF(!sdp.empty(), SIPTAG_CONTENT_TYPE_STR(kSdpType)),
             TAG_IF(!sdp.empty(), SIPTAG_PAYLOAD_STR(sdp.c_str())),
             TAG_IF(!replaces.empty(), SIPTAG_REPLACES_STR(replaces.c_str())),
             TAG_IF(!replaces.empty(), SIPTAG_REQUIRE_STR("replaces")), TAG_END());
}

void Reinvite(nua_handle_t* handle, const std::string& sdp) {
  nua_invite(handle, TAG_IF(!sdp.empty(), SIPTAG_CONTENT_TYPE_STR(kSdpType)),
             TAG_IF(!sdp.empty(), SIPTAG_PAYLOAD_STR(sdp.c_str())), TAG_END());
}

void Acknowledge(nua_handle_t* handle, const std::string& sdp) {
  nua_ack(handle, TAG_IF(!sdp.empty(), SIPTAG_CONTENT_TYPE_STR(kSdpType)),
          TAG_IF(!sdp.empty(), SIPTAG_PAYLOAD_STR(sdp.c_str())), TAG_END());
}

void TellKey(nua_handle_t* handle, const std::string& key) {
  const std::string body = absl::StrCat("Signal=", key, "\r\nDuration=160\r\n");
  nua_info(handle, SIPTAG_CONTENT_TYPE_STR("application/dtmf-relay"),
           SIPTAG_PAYLOAD_STR(body.c_str()), TAG_END());
}

void SayBye(nua_handle_t* handle, int status) {
  const std::string reason = absl::StrCat("SIP;cause=", status);
  nua_bye(handle, TAG_IF(status >= 300, SIPTAG_REASON_STR(reason.c_str())), TAG_END());
}

void AskToRefer(nua_handle_t* handle, const std::string& target, const std::string& by,
                bool proves) {
  const std::string to = absl::StrCat("<", target, ">");
  nua_refer(handle, NUTAG_RETRY_COUNT(proves ? 1 : 0), SIPTAG_REFER_TO_STR(to.c_str()),
            SIPTAG_REFERRED_BY_STR(by.c_str()), TAG_END());
}

void AllowRepeats(nua_handle_t* handle) {
  nua_set_hparams(handle, NUTAG_RETRY_COUNT(kRepeats), TAG_END());
}

void NotifyReferrer(nua_handle_t* handle, const std::string& event, int status) {
  const std::string fragment = absl::StrCat("SIP/2.0 ", status, " ", PhraseOf(status), "\r\n");
  const bool over = status >= 200;
  nua_notify(handle, SIPTAG_EVENT_STR(event.c_str()),
             NUTAG_SUBSTATE(over ? nua_substate_terminated : nua_substate_active),
             SIPTAG_CONTENT_TYPE_STR("message/sipfrag"), SIPTAG_PAYLOAD_STR(fragment.c_str()),
             TAG_END());
}

void AnswerCaller(nua_handle_t* handle, const Reply& reply) {
  nua_respond(handle, reply.status, PhraseOf(reply.status),
              TAG_IF(!reply.sdp.empty(), SIPTAG_CONTENT_TYPE_STR(kSdpType)),
              TAG_IF(!reply.sdp.empty(), SIPTAG_PAYLOAD_STR(reply.sdp.c_str())), TAG_END());
}

void Answer(nua_t* nua, nua_handle_t* handle, const Reply& reply) {
  nua_respond(handle, reply.status, PhraseOf(reply.status), NUTAG_WITH_THIS(nua),
              TAG_IF(!reply.sdp.empty(), SIPTAG_CONTENT_TYPE_STR(kSdpType)),
              TAG_IF(!reply.sdp.empty(), SIPTAG_PAYLOAD_STR(reply.sdp.c_str())), TAG_END());
}

void TurnAway(nua_t* nua, nua_handle_t* handle, int status) {
  Answer(nua, handle, {status, ""});
  nua_handle_destroy(handle);
}

void Challenge(nua_t* nua, nua_handle_t* handle, const std::vector<std::string>& challenges) {
  nua_respond(handle, SIP_401_UNAUTHORIZED, NUTAG_WITH_THIS(nua),
              SIPTAG_WWW_AUTHENTICATE_STR(challenges[0].c_str()),
              SIPTAG_WWW_AUTHENTICATE_STR(challenges[1].c_str()), TAG_END());
  nua_handle_destroy(handle);
}

void ChooseRefresh(nua_handle_t* handle, const sip_t* sip) {
  if (sip == nullptr || sip->sip_allow == nullptr) return;
  const int updates = sip_is_allowed(sip->sip_allow, SIP_METHOD_UPDATE);
  nua_set_hparams(handle, NUTAG_UPDATE_REFRESH(updates), TAG_END());
}

}  // namespace ctc::providers::sip::native
