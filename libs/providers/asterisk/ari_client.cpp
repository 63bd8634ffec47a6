#include "libs/providers/asterisk/ari_client.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

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
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json_writer(buffer);
  const auto add = [&](const char* name, const std::string& value) {
    json_writer.Key(name);
    json_writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  json_writer.StartObject();
  add("endpoint", originate.endpoint);
  add("app", originate.app);
  add("appArgs", originate.args);
  add("callerId", originate.caller_id);
  json_writer.Key("timeout");
  json_writer.Int64(absl::ToInt64Seconds(originate.ring_timeout));
  json_writer.Key("variables");
  json_writer.StartObject();
  add("CTC_CALL_ID", originate.call);
  add("CTC_LEG", originate.leg);
  json_writer.EndObject();
  json_writer.EndObject();
  std::string path = "/channels/" + originate.channel_id;
  std::string json(buffer.GetString(), buffer.GetSize());
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
