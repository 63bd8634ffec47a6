#include "libs/providers/sip/native/stack.h"

#include <absl/strings/str_cat.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/tport_tag.h>

#include "libs/providers/sip/native/tls_files.h"

namespace ctc::providers::sip::native {
namespace {

constexpr int kSessionSeconds = 1800;  // RFC 4028 recommends it
constexpr int kMinSessionSeconds = 90;
// What is served in a call, and OPTIONS.
constexpr const char* kAllow = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, REFER";

}  // namespace

nua_t* StartStack(su_root_t* root, const StackConfig& config, nua_callback_f on_event,
                  nua_magic_t* magic) {
  const std::string secure = SecureBind(config.bind);
  const std::string allow =
      absl::StrCat(kAllow, config.takes_keys ? ", INFO" : "", config.refers ? ", NOTIFY" : "");
  return nua_create(
      root, on_event, magic, NUTAG_URL(config.bind.c_str()),
      TAG_IF(config.tls, NUTAG_SIPS_URL(secure.c_str())),
      TAG_IF(config.tls, NUTAG_CERTIFICATE_DIR(config.tls_folder.c_str())),
      TAG_IF(config.tls, TPTAG_TLS_VERIFY_POLICY(TPTLS_VERIFY_SUBJECTS_OUT)), NUTAG_MEDIA_ENABLE(0),
      NUTAG_AUTOACK(0), NUTAG_AUTOANSWER(0), NUTAG_AUTOALERT(0),
      NUTAG_ENABLEINVITE(1),  // of phones in a call, and of who may call us
      NUTAG_ENABLEMESSAGE(0), NUTAG_APPL_METHOD("REFER, UPDATE"), SIPTAG_ALLOW_STR(allow.c_str()),
      // Nor 100rel: an offer in a reliable 18x could not be answered.
      SIPTAG_SUPPORTED_STR("timer, replaces"), NUTAG_SESSION_TIMER(kSessionSeconds),
      NUTAG_MIN_SE(kMinSessionSeconds),
      NUTAG_UPDATE_REFRESH(0),  // see ChooseRefresh
      SIPTAG_USER_AGENT_STR("click-to-call"), TAG_END());
}

}  // namespace ctc::providers::sip::native
