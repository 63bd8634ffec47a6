#include "tools/simulator/sip_http_calls.h"

#include <absl/strings/str_cat.h>

#include "libs/crypto/crypto.h"

namespace ctc::simulator {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kShuffleMs = 300;
constexpr absl::Duration kQueueDelay = absl::Milliseconds(5);

int StatusOf(Ending ending) {
  switch (ending) {
    case Ending::kBusy:
      return 486;
    case Ending::kRejected:
      return 603;
    case Ending::kFailed:
      return 503;
    case Ending::kUnallocated:
      return 404;
    case Ending::kNoAnswer:
      return 480;
    default:
      return 0;
  }
}

const char* CauseOf(int sip_status) {
  switch (sip_status) {
    case 486:
      return "busy";
    case 480:
      return "timeout";
    case 603:
      return "declined";
    case 487:
      return "canceled";
    case 404:
      return "invalid_number";
    default:
      return "error";
  }
}

const char* WordOf(int sip_status) {
  switch (sip_status) {
    case 486:
      return "busy";
    case 480:
      return "no-answer";
    case 487:
      return "canceled";
    default:
      return "failed";
  }
}

}  // namespace

SipCall::LegPtr SipCall::Find(const std::string& leg) const {
  const auto found = legs.find(leg);
  return found == legs.end() ? nullptr : found->second;
}

SipHttpCalls::CallPtr SipHttpCalls::Find(const std::string& id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second;
}

SipHttpCalls::CallPtr SipHttpCalls::FindReference(const std::string& reference) const {
  for (const auto& [id, call] : calls_) {
    if (call->reference == reference) return call;
  }
  return nullptr;
}

SipHttpCalls::LegPtr SipHttpCalls::NewLeg(const CallPtr& call, const std::string& leg,
                                          const std::string& to) {
  auto made = std::make_shared<SipLeg>(world_.executor());
  made->id = leg;
  made->to = to;
  made->script = world_.Script(to, leg != "customer");
  call->legs[leg] = made;
  return made;
}

void SipHttpCalls::Start(const CallPtr& call, const std::string& agent,
                         const std::string& customer) {
  NewLeg(call, "agent", agent);
  const LegPtr leg = NewLeg(call, "customer", customer);
  call->delivery = leg->script.delivery;
  world_.Spawn(Run(call), "sip call");
}

void SipHttpCalls::Add(const CallPtr& call, const std::string& leg, const std::string& to) {
  world_.Spawn(RunParty(call, NewLeg(call, leg, to)), "sip party");
}

Task<void> SipHttpCalls::Wait(LegPtr leg, absl::Duration duration) {
  if (leg->ended) co_return;
  co_await UntilWoken(leg->wake, duration);
}

// Rings; false when the leg ended unanswered.
Task<bool> SipHttpCalls::Answered(CallPtr call, LegPtr leg) {
  world_.ledger().Dialled(DialledNumber(leg->to).empty() ? leg->to : DialledNumber(leg->to),
                          absl::StrCat(call->reference, "|", leg->id));
  co_await Wait(leg, kQueueDelay);
  const Ending ending = leg->script.ending;
  if (!leg->ended && (ending == Ending::kFailed || ending == Ending::kUnallocated)) {
    EndLeg(call, leg, StatusOf(ending));
  }
  if (leg->ended) co_return false;
  if (leg->id == "customer") call->status = "ringing";
  Tell(call, "call.ringing", leg->id);
  const bool silent = ending == Ending::kNoAnswer || leg->script.ring > call->ring_timeout;
  co_await Wait(leg, silent ? call->ring_timeout : leg->script.ring);
  if (leg->ended) co_return false;
  if (silent) EndLeg(call, leg, 480);
  if (ending == Ending::kBusy || ending == Ending::kRejected) EndLeg(call, leg, StatusOf(ending));
  if (leg->ended) co_return false;
  leg->answered = true;
  Tell(call, "call.answered", leg->id, {{"sip_status", 200}});
  co_return true;
}

Task<void> SipHttpCalls::Run(CallPtr call) {
  Tell(call, "call.initiated", "");
  for (const char* name : {"agent", "customer"}) {
    const LegPtr leg = call->Find(name);
    if (co_await Answered(call, leg)) continue;
    if (call->ended()) co_return;
    const std::string cause = CauseOf(leg->sip_status);
    End(call, leg->id, leg->sip_status,
        leg->id == "agent" && cause == "timeout" ? "agent_no_answer" : cause);
    co_return;
  }
  const LegPtr customer = call->Find("customer");
  call->status = "in-progress";
  call->joined_at = absl::Now();
  if (customer->script.ending == Ending::kMachine) Tell(call, "call.voicemail", "customer");
  Tell(call, "call.bridged", "");
  co_await Wait(customer, customer->script.talk);
  if (!call->ended()) End(call, "customer", 200, "normal");
}

Task<void> SipHttpCalls::RunParty(CallPtr call, LegPtr leg) {
  if (co_await Answered(call, leg)) co_await Wait(leg, leg->script.talk);
  if (call->ended()) co_return;
  EndLeg(call, leg, leg->answered ? 200 : leg->sip_status);
}

void SipHttpCalls::EndLeg(const CallPtr& call, const LegPtr& leg, int sip_status) {
  if (leg->ended) return;
  leg->ended = true;
  leg->sip_status = sip_status;
  leg->wake.cancel();
  const bool first = leg->id == "customer" || (leg->id == "agent" && !call->agent_left);
  if (first || call->ended()) return;  // told as the call's end
  const char* cause = sip_status == 200 ? "normal" : CauseOf(sip_status);
  Tell(call, "call.leg_ended", leg->id, {{"sip_status", sip_status}, {"cause", cause}});
}

void SipHttpCalls::End(const CallPtr& call, const std::string& leg, int sip_status,
                       const std::string& cause) {
  if (call->ended()) return;
  call->ended_at = absl::Now();
  call->sip_status = sip_status;
  call->cause = cause;
  call->status = call->joined_at.has_value() ? "completed" : WordOf(sip_status);
  for (const auto& [id, one] : call->legs) EndLeg(call, one, sip_status);
  const absl::Duration talked =
      call->joined_at.has_value() ? *call->ended_at - *call->joined_at : absl::ZeroDuration();
  Json more = {
      {"sip_status", sip_status}, {"cause", cause}, {"talk_s", absl::ToInt64Seconds(talked)}};
  if (call->recording != "stopped") {
    Tell(call, "call.recording", "",
         {{"recording_url",
           absl::StrCat(world_.options().public_url, "/sip/v1/calls/", call->id, "/recording")}});
  }
  Tell(call, "call.ended", leg, std::move(more));
}

void SipHttpCalls::HandOver(const CallPtr& call) {
  call->agent_left = true;
  if (const LegPtr agent = call->Find("agent")) EndLeg(call, agent, 200);
  if (call->held) Tell(call, "call.resumed", "customer");
  call->held = false;
}

Json SipHttpCalls::Describe(const SipCall& call) const {
  const absl::Time until = call.ended_at.value_or(absl::Now());
  const absl::Duration talked = call.joined_at ? until - *call.joined_at : absl::ZeroDuration();
  Json legs = Json::array();
  for (const auto& [id, leg] : call.legs) legs.push_back({{"id", id}, {"role", id}});
  return {{"id", call.id},
          {"reference", call.reference},
          {"status", call.held && !call.ended() ? "on-hold" : call.status},
          {"sip_status", call.sip_status},
          {"cause", call.cause},
          {"talk_s", absl::ToInt64Seconds(talked)},
          {"legs", legs}};
}

void SipHttpCalls::Tell(const CallPtr& call, const std::string& event, const std::string& leg,
                        Json more) {
  if (call->callback_url.empty() || call->delivery == Delivery::kNone) return;
  if (event == "call.ended" && call->delivery == Delivery::kNoTerminal) return;
  Json body = Describe(*call);
  body.erase("legs");
  body.update({{"event_id", "e_" + world_.RandomHex(16)},
               {"seq", ++call->sequence},
               {"event", event},
               {"at", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone())}});
  body["leg"] = leg.empty() ? Json() : Json(leg);
  body.update(more);
  http::ClientRequest request;
  request.method = "POST";
  request.url = call->callback_url;
  request.body = body.dump();
  request.headers = {{"Content-Type", "application/json"},
                     {"X-Signature", crypto::ToHex(crypto::HmacSha256(call->key, request.body))}};
  if (call->delivery == Delivery::kShuffled) {
    world_.Spawn(SendLater(std::move(request)), "delayed sip webhook");
    return;
  }
  std::deque<http::ClientRequest>& waiting = queues_[call->id];
  const bool idle = waiting.empty();
  waiting.push_back(request);
  if (call->delivery == Delivery::kTwice) waiting.push_back(std::move(request));
  if (idle) world_.Spawn(SendQueue(call->id), "sip webhooks");
}

Task<void> SipHttpCalls::SendQueue(std::string call) {
  while (!queues_[call].empty()) {
    world_.ledger().EventSent();
    http::ClientRequest request = queues_[call].front();
    co_await world_.client().Send(std::move(request));
    queues_[call].pop_front();
  }
  queues_.erase(call);
}

Task<void> SipHttpCalls::SendLater(http::ClientRequest request) {
  co_await world_.Sleep(absl::Milliseconds(world_.Random() % kShuffleMs));
  world_.ledger().EventSent();
  co_await world_.client().Send(std::move(request));
}

}  // namespace ctc::simulator
