#include "libs/providers/sip/native/post.h"

#include <memory>
#include <utility>

namespace ctc::providers::sip::native {
namespace {

using Command = std::function<void()>;

void OnMessage(su_root_magic_t* /*magic*/, su_msg_r /*message*/, su_msg_arg_t* argument) {
  const std::unique_ptr<Command> command(*reinterpret_cast<Command**>(argument));
  (*command)();
}

}  // namespace

void PostTo(su_root_t* root, std::function<void()> command) {
  su_msg_r message = SU_MSG_R_INIT;
  auto* boxed = new Command(std::move(command));
  if (su_msg_create(message, su_root_task(root), su_task_null, &OnMessage, sizeof(boxed)) != 0) {
    delete boxed;
    return;
  }
  *reinterpret_cast<Command**>(su_msg_data(message)) = boxed;
  su_msg_send(message);
}

}  // namespace ctc::providers::sip::native
