// Our URLs of one caller's call, and whether a request came over one of them. Not every proof
// covers the URL: a token in it says that the session is meant. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/providers/adapter.h"
#include "libs/providers/sip/webhook_proof.h"

namespace ctc::providers::sip {

// Where is asked what follows `step`; `on` as in twiml/question.h.
std::string CallerFlowUrl(const Account& account, const std::string& session, int step,
                          std::string_view on);
// Where it is told what happens to `leg`: "agent" or "recording".
std::string CallerEventUrl(const Account& account, const std::string& session,
                           std::string_view leg);

// The session that the query names, where the proof or the token vouches for it; else empty, and
// the call is known by the switch's id of it.
std::string VouchedSession(const Account& account, const WebhookProof& proof,
                           std::string_view query);

}  // namespace ctc::providers::sip
