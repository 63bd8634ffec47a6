#include "tools/simulator/seed_webhooks.h"

#include "libs/crypto/crypto.h"

namespace ctc::simulator {

std::string SeedWebhookBody(const Channel& channel, std::string_view what, absl::Time now) {
  const std::string call = channel.variables.value("CTC_CALL_ID", "");
  if (call.empty() || channel.variables.value("CTC_LEG", "") != "customer") return "";
  static const std::map<std::string_view, std::pair<const char*, const char*>> kEvents = {
      {"RINGING", {"CALL_RINGING", "RINGING"}},
      {"ANSWERED", {"CALL_ANSWERED", "CONNECTED"}},
      {"ENDED", {"CALL_ENDED", "COMPLETED"}},
      {"BUSY", {"CALL_ENDED", "BUSY"}},
      {"NO_ANSWER", {"CALL_ENDED", "NO_ANSWER"}}};
  const auto it = kEvents.find(what);
  if (it == kEvents.end()) return "";
  const Json body = {
      {"event_type", it->second.first},
      {"session_id", call},
      {"correlation_id", channel.variables.value("CTC_CORRELATION_ID", call)},
      {"from_phone", channel.caller_number},
      {"to_phone", "+" + DialledNumber(channel.endpoint)},
      {"status", it->second.second},
      {"timestamp", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone())}};
  return body.dump();
}

void SeedWebhooks::Tell(const Channel& channel, std::string_view what) {
  std::string body = SeedWebhookBody(channel, what, absl::Now());
  if (body.empty()) return;
  const std::string call = channel.variables.value("CTC_CALL_ID", "");
  std::deque<std::string>& queue = waiting_[call];
  queue.push_back(std::move(body));
  if (queue.size() == 1) world_.Spawn(Post(call), "seed webhook");
}

Task<void> SeedWebhooks::Post(std::string call) {
  while (!waiting_[call].empty()) {
    const std::string body = waiting_[call].front();
    http::ClientRequest request;
    request.method = "POST";
    request.url = world_.options().seed_webhooks;
    request.headers = {{"Content-Type", "application/json"},
                       {"X-Signature", crypto::ToHex(crypto::HmacSha256(
                                           world_.options().webhook_secret.Reveal(), body))}};
    request.body = body;
    co_await world_.client().Send(std::move(request));
    waiting_[call].pop_front();
  }
  waiting_.erase(call);
}

}  // namespace ctc::simulator
