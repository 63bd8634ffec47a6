#include "tools/simulator/poster.h"

#include <absl/strings/str_cat.h>

namespace ctc::simulator {
namespace {

constexpr uint64_t kShuffleMs = 300;

}  // namespace

void Poster::Post(const std::string& call, http::ClientRequest request, Delivery delivery,
                  bool terminal) {
  if (delivery == Delivery::kNone || (terminal && delivery == Delivery::kNoTerminal)) return;
  if (delivery == Delivery::kShuffled) {
    const auto delay = absl::Milliseconds(world_.Random() % kShuffleMs);
    world_.Spawn(SendLater(std::move(request), delay), "delayed callback");
    return;
  }
  std::deque<http::ClientRequest>& waiting = queues_[call];
  const bool idle = waiting.empty();
  waiting.push_back(request);
  if (delivery == Delivery::kTwice) waiting.push_back(std::move(request));
  if (idle) world_.Spawn(SendQueue(call), "callbacks");
}

Task<void> Poster::SendQueue(std::string call) {
  while (!queues_[call].empty()) {
    co_await Send(queues_[call].front());
    queues_[call].pop_front();
  }
  queues_.erase(call);
}

Task<void> Poster::SendLater(http::ClientRequest request, absl::Duration delay) {
  co_await world_.Sleep(delay);
  co_await Send(std::move(request));
}

Task<void> Poster::Send(http::ClientRequest request) {
  for (int attempt = 1; attempt <= attempts_; ++attempt) {
    if (attempt > 1) co_await world_.Sleep(world_.Scaled(pause_));
    world_.ledger().EventSent();
    const http::ClientResult result = co_await world_.client().Send(request);
    if (result.ok() && result.response.status / 100 == 2) co_return;
  }
}

std::string EncodePairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) {
    absl::StrAppend(&text, text.empty() ? "" : "&", http::Encode(name), "=", http::Encode(value));
  }
  return text;
}

std::string WithQuery(const std::string& url,
                      const std::vector<std::pair<std::string, std::string>>& pairs) {
  return absl::StrCat(url, url.find('?') == std::string::npos ? "?" : "&", EncodePairs(pairs));
}

std::string MultipartBody(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string body;
  for (const auto& [name, value] : pairs) {
    absl::StrAppend(&body, "--simulator-boundary\r\nContent-Disposition: form-data; name=\"", name,
                    "\"\r\n\r\n", value, "\r\n");
  }
  return body + "--simulator-boundary--\r\n";
}

std::string IndianTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", time, absl::FixedTimeZone(19800));
}

}  // namespace ctc::simulator
