#include "libs/providers/asterisk/ari_client.h"

#include <nlohmann/json.hpp>

#include "libs/crypto/crypto.h"

namespace ctc::providers::asterisk {
namespace {

struct Credentials {
  std::string user;
  std::string_view secret;
};

// The seed gives ARI's credentials as auth_token; key and secret serve as well.
Credentials CredentialsOf(const Account& account) {
  const std::string_view token = account.auth_token.Reveal();
  if (const size_t colon = token.find(':'); colon != std::string_view::npos) {
    return {std::string(token.substr(0, colon)), token.substr(colon + 1)};
  }
  if (!token.empty()) return {"", token};
  return {std::string(account.api_key.Reveal()), account.api_secret.Reveal()};
}

}  // namespace

void Authorize(const Account& account, http::ClientRequest& request) {
  const Credentials credentials = CredentialsOf(account);
  if (credentials.user.empty()) {
    request.bearer = base::Secret(std::string(credentials.secret));
  } else {
    request.user = credentials.user;
    request.password = base::Secret(std::string(credentials.secret));
  }
}

std::string AuthorizationHeader(const Account& account) {
  const Credentials credentials = CredentialsOf(account);
  if (credentials.user.empty()) return std::string("Bearer ").append(credentials.secret);
  std::string pair = credentials.user + ":";
  pair.append(credentials.secret);
  return "Basic " + crypto::ToBase64(pair);
}

http::ClientRequest AriClient::MakeRequest(std::string method, const std::string& path,
                                           absl::Duration timeout) const {
  http::ClientRequest request;
  request.method = std::move(method);
  request.url = ari_url_ + path;
  request.timeout = timeout;
  Authorize(account_, request);
  return request;
}

Task<http::ClientResult> AriClient::Dial(Originate originate, absl::Duration timeout) {
  nlohmann::json body;
  body["endpoint"] = originate.endpoint;
  body["app"] = originate.app;
  body["appArgs"] = originate.args;
  body["callerId"] = originate.caller_id;
  body["timeout"] = absl::ToInt64Seconds(originate.ring_timeout);
  body["variables"]["CTC_CALL_ID"] = originate.call;
  body["variables"]["CTC_LEG"] = originate.leg;
  std::string path = "/channels/" + originate.channel_id;
  std::string json = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  co_return co_await Send("POST", std::move(path), std::move(json), timeout);
}

Task<http::ClientResult> AriClient::Get(std::string path, absl::Duration timeout,
                                        size_t max_bytes) {
  http::ClientRequest request = MakeRequest("GET", path, timeout);
  request.max_response_bytes = max_bytes;
  co_return co_await http_.Send(std::move(request));
}

Task<http::ClientResult> AriClient::Ask(std::string method, std::string path) {
  http::ClientRequest request = MakeRequest(std::move(method), path, kAskTimeout);
  co_return co_await http_.Send(std::move(request));
}

Task<http::ClientResult> AriClient::Send(std::string method, std::string path, std::string json,
                                         absl::Duration timeout) {
  http::ClientRequest request = MakeRequest(std::move(method), path, timeout);
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(json);
  co_return co_await http_.Send(std::move(request));
}

}  // namespace ctc::providers::asterisk
