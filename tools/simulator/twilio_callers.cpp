// Calls to our numbers.
#include "tools/simulator/twilio_exchange.h"

namespace ctc::simulator {

absl::StatusOr<std::string> TwilioExchange::Ring(const CallerPtr& caller, const NumberUrls& urls) {
  const CallerScript& script = caller->script();
  const Options& options = world_.options();
  Account account;
  account.sid = script.account.empty() ? options.twilio_account : script.account;
  account.token = script.secret.empty() ? options.twilio_token : script.secret;
  if (script.provider == "signalwire") account.signature_header = "X-SignalWire-Signature";
  if (account.sid.empty()) return absl::InvalidArgumentError("account: is missing");
  if (account.token.empty()) return absl::InvalidArgumentError("secret: is missing");
  if (urls.voice_url.empty()) return absl::NotFoundError("the number has no voice URL");
  CallPtr call = NewCall(account, script.to, script.from.empty() ? "anonymous" : script.from);
  call->direction = "inbound";
  call->status = "ringing";
  call->caller = caller;
  // A number of the table makes its caller's callbacks come twice, late or never.
  call->script = world_.Script(script.from, true);
  call->script.talk = absl::InfiniteDuration();
  call->url = urls.voice_url;
  call->status_callback.url = urls.status_callback;
  call->status_callback.events = {"completed"};
  calls_.emplace(call->sid, call);
  world_.Spawn(RunCaller(call), "caller");
  world_.Spawn(GiveUpLater(call, script.hang_up_after), "caller");
  return call->sid;
}

Task<void> TwilioExchange::RunCaller(CallPtr call) {
  co_await RunTwiml(call);
  // An application that cannot be understood is answered, and told so to the caller.
  PickUp(call);
  End(call, "completed", 200);
}

Task<void> TwilioExchange::GiveUpLater(CallPtr call, absl::Duration after) {
  if (after == absl::InfiniteDuration()) co_return;
  co_await world_.Sleep(world_.Scaled(after));
  const bool answered = call->answered_at.has_value();
  End(call, answered ? "completed" : "no-answer", answered ? 200 : 487);
}

// A caller talks from the moment somebody else is there.
Task<void> TwilioExchange::StayInRoom(CallPtr call, ConferencePtr conference) {
  if (call->caller == nullptr) co_return co_await Stay(call, call->script.talk);
  while (!call->ended && !call->redirected && conference->status == "init") {
    co_await Wait(call, absl::InfiniteDuration());
  }
  if (call->ended || call->redirected || conference->status == "completed") co_return;
  call->Heard("joined");
  const absl::Duration talk = call->caller->script().talk;
  co_await Stay(call, world_.Scaled(talk));
  const bool satisfied = !call->ended && !call->redirected && conference->status != "completed";
  if (satisfied) End(call, "completed", 200);
}

}  // namespace ctc::simulator
