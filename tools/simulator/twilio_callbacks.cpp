#include "tools/simulator/twilio_callbacks.h"

#include <absl/strings/str_cat.h>

namespace ctc::simulator {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(15);
constexpr uint64_t kShuffleMs = 300;

std::string EncodeForm(const Form& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    absl::StrAppend(&text, text.empty() ? "" : "&", http::Encode(name), "=", http::Encode(value));
  }
  return text;
}

}  // namespace

http::ClientRequest TwilioCallbacks::MakeRequest(const Account& account, const std::string& url,
                                                 const std::string& method,
                                                 const Form& parameters) {
  http::ClientRequest request;
  request.url = url.substr(0, url.find('#'));
  request.timeout = kLimit;
  request.max_response_bytes = 64 << 10;
  Form in_body = parameters;
  if (method == "GET") {
    absl::StrAppend(&request.url, request.url.find('?') == std::string::npos ? "?" : "&",
                    EncodeForm(parameters));
    in_body.clear();
  } else {
    request.method = "POST";
    request.body = EncodeForm(parameters);
    request.headers.emplace_back("Content-Type",
                                 "application/x-www-form-urlencoded; charset=UTF-8");
  }
  request.headers.emplace_back(
      account.signature_header,
      TwilioSignature(account.token.Reveal(), SignedUrl(request.url), in_body));
  request.headers.emplace_back("I-Twilio-Idempotency-Token",
                               absl::StrCat(world_.RandomHex(8), "-", world_.RandomHex(12)));
  request.headers.emplace_back("User-Agent", "TwilioProxy/1.1");
  return request;
}

void TwilioCallbacks::Notify(const std::string& queue, const Account& account,
                             const Callback& callback, Form parameters, Delivery delivery,
                             bool terminal) {
  if (delivery == Delivery::kNone || (terminal && delivery == Delivery::kNoTerminal)) return;
  http::ClientRequest request = MakeRequest(account, callback.url, callback.method, parameters);
  if (delivery == Delivery::kShuffled) {
    const auto delay = absl::Milliseconds(world_.Random() % kShuffleMs);
    world_.Spawn(SendLater(std::move(request), delay), "delayed callback");
    return;
  }
  std::deque<http::ClientRequest>& waiting = queues_[queue];
  const bool idle = waiting.empty();
  waiting.push_back(request);
  if (delivery == Delivery::kTwice) waiting.push_back(std::move(request));
  if (idle) world_.Spawn(SendQueue(queue), "callbacks");
}

Task<void> TwilioCallbacks::SendQueue(std::string queue) {
  while (!queues_[queue].empty()) {
    co_await Send(queues_[queue].front());
    queues_[queue].pop_front();
  }
  queues_.erase(queue);
}

Task<void> TwilioCallbacks::SendLater(http::ClientRequest request, absl::Duration delay) {
  co_await world_.Sleep(delay);
  co_await Send(std::move(request));
}

// One more attempt when no connection could be made, as Twilio does by default.
Task<http::ClientResult> TwilioCallbacks::Send(http::ClientRequest request) {
  world_.ledger().EventSent();
  http::ClientResult result = co_await world_.client().Send(request);
  if (!result.ok() && result.error.reached == http::Reached::kNotSent) {
    result = co_await world_.client().Send(std::move(request));
  }
  co_return result;
}

Task<std::string> TwilioCallbacks::Fetch(Account account, std::string url, std::string method,
                                         Form parameters) {
  http::ClientRequest request = MakeRequest(account, url, method, parameters);
  const http::ClientResult result = co_await Send(std::move(request));
  if (!result.ok() || result.response.status / 100 != 2) co_return "";
  co_return result.response.body;
}

}  // namespace ctc::simulator
