// Asks proxies by OPTIONS whether they live. Used on the user agent's thread only.
#pragma once

#include <sofia-sip/nua.h>
#include <sofia-sip/su_wait.h>

#include <functional>
#include <map>
#include <string>

namespace ctc::providers::sip::native {

class Prober {
 public:
  // `done` gets the SIP status of the answer; 408 when none comes within 5 s, 400 for no address.
  void Ask(su_root_t* root, nua_t* nua, const std::string& uri, std::function<void(int)> done);
  // Without a message nothing was answered: the stack speaks for the network.
  void OnAnswer(nua_handle_t* handle, int status, bool from_peer);
  // Nobody waits for a proxy that is silent: the rest gets 503.
  void EndAll();

 private:
  struct Waiting {
    std::function<void(int)> done;
    su_timer_t* timer = nullptr;
  };

  static void OnTimeout(su_root_magic_t*, su_timer_t* timer, su_timer_arg_t* argument);
  void Tell(nua_handle_t* handle, int status);

  std::map<nua_handle_t*, Waiting> probes_;
};

}  // namespace ctc::providers::sip::native
