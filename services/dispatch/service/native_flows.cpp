#include "services/dispatch/service/native_flows.h"

#include "libs/observability/log.h"
#include "services/dispatch/service/flow_asker.h"

namespace ctc::dispatch {

void NativeFlows::Add(AccountPtr account, providers::sip::native::FlowNote note) {
  background_.Spawn("a caller's step", [this, account = std::move(account),
                                        note = std::move(note)] { return Ask(account, note); });
}

Task<void> NativeFlows::Ask(AccountPtr account, providers::sip::native::FlowNote note) {
  const auto asker = std::make_shared<FlowAsker>(webhook_, background_, clock_, account);
  providers::asterisk::FlowQuestion question;
  question.session = note.session;
  question.provider_call_id = note.provider_call_id;
  question.from_phone = note.from_phone;
  question.to_phone = note.to_phone;
  question.input = note.input;
  absl::StatusOr<providers::asterisk::FlowAnswer> answer = co_await asker->Ask(std::move(question));
  if (!answer.ok()) {
    observability::Warn("a caller's step could not be asked for",
                        {{"call", note.provider_call_id}, {"error", answer.status()}});
    note.done(answer.status());
    co_return;
  }
  providers::sip::native::FlowAnswer step;
  step.session = std::move(answer->session);
  step.step = std::move(answer->step);
  note.done(std::move(step));
}

}  // namespace ctc::dispatch
