// The texts of requests to Twilio: form bodies, callback URLs and the conference's TwiML. Pure.
#pragma once

#include <string>
#include <string_view>

#include "libs/providers/adapter.h"
#include "libs/providers/twilio/signature.h"

namespace ctc::providers::twilio {

// Body of a request: a list is the name repeated.
std::string Encode(const Form& form);

// Asks for the progress of a leg ("agent", "customer") and of a recording, at URLs that name the
// call.
void AddProgress(const Account& account, const std::string& call, std::string_view leg, Form& form);
void AddRecording(const Account& account, const std::string& call, Form& form);

// The first leg's instructions. The conference ends with it: nobody stays behind alone.
std::string ConferenceTwiml(const Account& account, const dispatch::v1::CallOrder& order,
                            bool agent);

}  // namespace ctc::providers::twilio
