// How Twilio signs, and who took it over: base64(HMAC-SHA1(secret, URL and parameters)). Pure;
// thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "ctc/common/v1/http.pb.h"
#include "libs/base/secret.h"
#include "libs/providers/twiml/form.h"

namespace ctc::providers::twiml {

// What is signed: the URL, then each parameter by name; a name's values without repetitions,
// sorted.
std::string SignedText(std::string_view url, const Form& parameters);
std::string Signature(const base::Secret& token, std::string_view url, const Form& parameters);

// True when `signature` fits the request as it came to its public URL. Twilio signs https without
// the port, and sometimes with it: both are accepted, another explicit port is not. Where the
// account has a `callback_url`, its URLs are below that, so that those are what is signed: accepted
// too.
bool SignatureFits(const base::Secret& token, const common::v1::HttpRequest& request,
                   const Form& parameters, std::string_view signature,
                   std::string_view callback_url = "");

// Without userinfo and fragment.
std::string BareUrl(std::string_view url);

}  // namespace ctc::providers::twiml
