// What callbacks and questions of Twilio have in common: the signature, the parameters, and how
// they are read. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/providers/adapter.h"
#include "libs/providers/twiml/form.h"

namespace ctc::providers::twilio {

using twiml::Form;
using twiml::IntOf;
using twiml::IsSid;
using twiml::ValueOf;

// A request after its signature was checked.
struct Incoming {
  dispatch::v1::ReadWebhookResponse::Verdict verdict;  // GENUINE, or why it is refused
  std::string reason;
  Form query;  // what our own URL says, on a GET with Twilio's parameters among it
  Form form;   // Twilio's parameters
};

// A genuine request may still be UNREADABLE: a broken query, or a parameter of no sane length.
Incoming Verify(const Account& account, const common::v1::HttpRequest& request);

// The auth token that signs; with the seed's fields it is api_secret.
const base::Secret& SigningToken(const Account& account);

}  // namespace ctc::providers::twilio
