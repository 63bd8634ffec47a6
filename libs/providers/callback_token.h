// Webhooks of providers that sign nothing: a token in the callback's URL, or X-Signature where a
// proxy of the customer's adds it. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "ctc/common/v1/http.pb.h"
#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/providers/adapter.h"

namespace ctc::providers {

// The token of the callback URLs of one call: it fits no other call, account or tenant. Its key is
// the account's webhook_secret, else `fallback`, a credential that both sides know.
std::string CallToken(const Account& account, const base::Secret& fallback,
                      std::string_view session);

// Our callback URL for one call, token included: `path` is "/api/v1/webhooks/voip/exotel".
std::string CallUrl(const Account& account, const base::Secret& fallback, std::string_view path,
                    std::string_view session);

struct CallbackVerdict {
  dispatch::v1::ReadWebhookResponse::Verdict verdict;
  std::string reason;   // no secret
  std::string session;  // UUID in a URL of ours; empty in one that a person configured
};

// GENUINE with a right X-Signature (which covers the body alone, so that the query's session is not
// believed); with the token of
// the session that the query names; or with token=<webhook_secret>, as people put it into a
// provider's panel. Every comparison takes constant time.
CallbackVerdict CheckCallback(const Account& account, const base::Secret& fallback,
                              const common::v1::HttpRequest& request);

}  // namespace ctc::providers
