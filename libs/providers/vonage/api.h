// Requests to Vonage's Voice API and what its answers mean. Thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "libs/providers/adapter.h"
#include "libs/providers/vonage/token.h"

namespace ctc::providers::vonage {

using Json = nlohmann::json;

class Api {
 public:
  explicit Api(const Environment& environment)
      : http_(environment.http), tokens_(environment.clock, environment.random) {}

  // `path` begins with "/v1/"; an empty body is none. A key that cannot sign is told like a request
  // that never left.
  Task<http::ClientResult> Send(const Account& account, std::string method, std::string path,
                                std::string body, absl::Duration timeout);

  // Changes a live leg. True when Vonage does not know it any more: it has ended.
  Task<absl::StatusOr<bool>> Change(const Account& account, std::string method, std::string path,
                                    Json body);

  // As Adapter::FetchRecording. The token goes to Vonage's own hosts and to the account's API only.
  Task<absl::StatusOr<Recording>> Fetch(const Account& account, std::string url);

 private:
  http::Client& http_;
  Tokens tokens_;
};

// Of POST /v1/calls.
dispatch::v1::PlaceCallResponse OutcomeOfCreate(const http::ClientResult& result);

// True for a URL that may see the account's token: https at Vonage's, or the account's own api_url.
bool IsVonageUrl(std::string_view url, std::string_view api_url);

// Ids of legs go into paths and keys.
bool IsId(std::string_view text);

std::string TextOf(const Json& object, const char* name);

// JSON as it is sent; bytes that are no UTF-8 are replaced.
std::string Dump(const Json& json);

// A number as Vonage writes it: E.164 without "+".
std::string WireNumber(std::string_view e164);
// And back; "" for what is no number, as a withheld one.
std::string E164Of(std::string_view wire);

}  // namespace ctc::providers::vonage
