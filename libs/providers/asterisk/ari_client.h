// Requests to ARI, one function each. Every id is ours, so each may be repeated. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/http/client.h"
#include "libs/providers/adapter.h"
#include "libs/providers/asterisk/dialling.h"

namespace ctc::providers::asterisk {

// Credentials as ARI wants them: "user:password" is Basic, a token without colon is Bearer.
void Authorize(const Account& account, http::ClientRequest& request);
// The same as a header, for the event socket.
std::string AuthorizationHeader(const Account& account);

struct Originate {
  std::string channel_id;
  std::string endpoint;
  std::string app;
  std::string args;
  std::string caller_id;
  std::string call;
  std::string leg;
  absl::Duration ring_timeout;
};

inline constexpr size_t kMaxList = size_t{16} << 20;  // a list of all channels

class AriClient {
 public:
  // `account` must outlive the client.
  AriClient(http::Client& http, const Account& account, std::string ari_url)
      : http_(http), account_(account), ari_url_(std::move(ari_url)) {}

  Task<http::ClientResult> Dial(Originate originate, absl::Duration timeout);
  Task<http::ClientResult> Get(std::string path, absl::Duration timeout,
                               size_t max_bytes = kMaxList);
  // POST or DELETE without a body; `path` starts with a slash and holds checked ids only.
  Task<http::ClientResult> Ask(std::string method, std::string path);
  // With a JSON body, for what must not appear in a URL.
  Task<http::ClientResult> Send(std::string method, std::string path, std::string json,
                                absl::Duration timeout);

 private:
  http::ClientRequest MakeRequest(std::string method, const std::string& path,
                                  absl::Duration timeout) const;

  http::Client& http_;
  const Account& account_;
  std::string ari_url_;
};

// Longest wait for anything but placing a call.
inline constexpr absl::Duration kAskTimeout = absl::Seconds(8);

}  // namespace ctc::providers::asterisk
