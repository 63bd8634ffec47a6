#include "libs/providers/sip/native/prober.h"

#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_tag.h>

#include <utility>

namespace ctc::providers::sip::native {
namespace {

constexpr su_duration_t kTimeoutMs = 5000;

}  // namespace

void Prober::Ask(su_root_t* root, nua_t* nua, const std::string& uri,
                 std::function<void(int)> done) {
  nua_handle_t* handle =
      nua_handle(nua, nullptr, NUTAG_URL(uri.c_str()), SIPTAG_TO_STR(uri.c_str()), TAG_END());
  if (handle == nullptr) return done(400);
  su_timer_t* timer = su_timer_create(su_root_task(root), kTimeoutMs);
  su_timer_set(timer, &Prober::OnTimeout, reinterpret_cast<su_timer_arg_t*>(this));
  probes_[handle] = {std::move(done), timer};
  nua_options(handle, TAG_END());
}

void Prober::OnAnswer(nua_handle_t* handle, int status, bool from_peer) {
  if (!from_peer) return Tell(handle, 408);
  if (status >= 200) Tell(handle, status);
}

void Prober::EndAll() {
  while (!probes_.empty()) Tell(probes_.begin()->first, 503);
}

void Prober::OnTimeout(su_root_magic_t*, su_timer_t* timer, su_timer_arg_t* argument) {
  auto* self = reinterpret_cast<Prober*>(argument);
  for (const auto& [handle, waiting] : self->probes_) {
    if (waiting.timer == timer) return self->Tell(handle, 408);
  }
}

void Prober::Tell(nua_handle_t* handle, int status) {
  const auto found = probes_.find(handle);
  if (found == probes_.end()) return;
  const Waiting waiting = std::move(found->second);
  probes_.erase(found);
  su_timer_destroy(waiting.timer);
  nua_handle_destroy(handle);
  waiting.done(status);
}

}  // namespace ctc::providers::sip::native
