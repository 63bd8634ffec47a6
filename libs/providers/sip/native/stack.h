// Starts the SIP stack (Sofia-SIP) as our user agent wants it.
#pragma once

#include <sofia-sip/nua.h>
#include <sofia-sip/su_wait.h>

#include <string>

namespace ctc::providers::sip::native {

struct StackConfig {
  std::string bind;         // "sip:0.0.0.0:*"
  bool tls = false;         // at the port after that of `bind`
  std::string tls_folder;   // of the certificates
  bool refers = false;      // and is told by NOTIFY how that goes
  bool takes_keys = false;  // by INFO
};

// Null when the address cannot be bound.
nua_t* StartStack(su_root_t* root, const StackConfig& config, nua_callback_f on_event,
                  nua_magic_t* magic);

}  // namespace ctc::providers::sip::native
