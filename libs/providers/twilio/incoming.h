// What callbacks and questions of Twilio have in common: the signature, the parameters, and how
// they are read. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/providers/adapter.h"
#include "libs/providers/twilio/signature.h"

namespace ctc::providers::twilio {

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

// The first of that name; empty when there is none.
std::string ValueOf(const Form& form, std::string_view name);
// A number from 0 on, else `fallback`.
int IntOf(const Form& form, std::string_view name, int fallback);

// SIDs stand in URLs and keys of ours.
bool IsSid(std::string_view text);
bool IsHttpUrl(std::string_view text);
// "completed", "busy", "no-answer", "failed", "canceled".
bool IsOver(std::string_view call_status);

}  // namespace ctc::providers::twilio
