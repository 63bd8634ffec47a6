#include "tools/simulator/exotel_exchange.h"

#include <algorithm>

namespace ctc::simulator {
namespace {

// Two more attempts, 5 minutes apart; the second pause is longer at Exotel.
constexpr int kAttempts = 3;
constexpr absl::Duration kRetryPause = absl::Minutes(5);
constexpr absl::Duration kCallbackLimit = absl::Seconds(15);
constexpr size_t kKeptCalls = 20000;

std::string StatusOf(Ending ending) {
  switch (ending) {
    case Ending::kBusy:
    case Ending::kRejected:  // a declined call looks like a busy line
      return "busy";
    case Ending::kNoAnswer:
      return "no-answer";
    case Ending::kFailed:
    case Ending::kUnallocated:
      return "failed";
    default:
      return "completed";
  }
}

}  // namespace

ExotelExchange::ExotelExchange(World& world)
    : world_(world), poster_(world, kAttempts, kRetryPause) {}

ExotelExchange::CallPtr ExotelExchange::Find(const std::string& sid) const {
  const auto it = calls_.find(sid);
  return it == calls_.end() ? nullptr : it->second;
}

void ExotelExchange::Start(const CallPtr& call) {
  if (calls_.size() > kKeptCalls) {
    std::erase_if(calls_, [](const auto& entry) { return entry.second->ended_at.has_value(); });
  }
  calls_.emplace(call->sid, call);
  world_.Spawn(Run(call), "Exotel call");
}

Task<bool> ExotelExchange::Rings(CallPtr call, ExotelLeg& leg, const CallScript& script) {
  const bool silent = script.ending == Ending::kNoAnswer || script.ring > call->timeout;
  co_await world_.Sleep(silent ? call->timeout : script.ring);
  const std::string status = silent ? "no-answer" : StatusOf(script.ending);
  if (status != "completed") {
    leg.status = status;
    co_return false;
  }
  leg.status = "in-progress";
  leg.answered_at = absl::Now();
  co_return true;
}

Task<void> ExotelExchange::Run(CallPtr call) {
  const bool agent_up = co_await Rings(call, call->leg1, call->agent);
  if (!agent_up) co_return End(call, call->leg1.status);
  call->leg1.answered_by = "NA";
  Tell(call, "answered");
  if (!call->second.empty()) {
    const bool customer_up = co_await Rings(call, call->leg2, call->customer);
    if (!customer_up) co_return End(call, call->leg2.status);
    call->leg2.answered_by = call->customer.ending == Ending::kMachine ? "machine" : "human";
    Tell(call, "answered");
  }
  const absl::Time joined = absl::Now();
  co_await world_.Sleep(std::min(call->agent.talk, call->customer.talk));
  call->talked = absl::Now() - joined;
  End(call, "completed");
}

void ExotelExchange::End(const CallPtr& call, const std::string& status) {
  call->status = status;
  call->ended_at = absl::Now();
  for (ExotelLeg* leg : {&call->leg1, &call->leg2}) {
    if (leg->status == "in-progress") leg->status = "completed";
  }
  Tell(call, "terminal");
}

void ExotelExchange::Tell(const CallPtr& call, const std::string& event) {
  const bool wanted =
      event == "terminal" || (!call->second.empty() && call->events.contains(event));
  if (call->callback.empty() || !wanted) return;
  const Pairs fields = ExotelStatus(*call, event, absl::Now(), world_.options().public_url);
  http::ClientRequest request;
  request.method = "POST";
  request.url = call->callback;
  request.timeout = kCallbackLimit;
  request.body = call->json ? ExotelStatusJson(fields) : MultipartBody(fields);
  request.headers.emplace_back(
      "Content-Type",
      call->json ? "application/json" : "multipart/form-data; boundary=simulator-boundary");
  poster_.Post(call->sid, std::move(request), call->customer.delivery, event == "terminal");
}

}  // namespace ctc::simulator
