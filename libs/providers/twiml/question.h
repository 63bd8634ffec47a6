// Questions of TwiML switches: what became of a step, by the verb that ended it. The words in our
// own URLs say which verb asks: `session`, `step` and `on`. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/providers/twiml/form.h"

namespace ctc::providers::twiml {

// "&step=2&on=gather", behind a URL that names the call. `on` is "gather", "dial", "record", "done"
// (all was heard), "silence" (nothing came), or "asked" with an outcome (AskedWord).
std::string StepQuery(int step, std::string_view on);
// "asked&outcome=busy": the same, telling what became of whom we rang or could not ring.
std::string AskedWord(routing::v1::FlowInput::Kind outcome);

// Reads call and input. Empty, or what cannot be read. Without session and step in the query it is
// a new call.
std::string ReadQuestion(const Form& query, const Form& form,
                         dispatch::v1::ReadFlowResponse& response);

// FlowInput's word in such a URL and back: "no-answer". Empty, or KIND_UNSPECIFIED, for others.
std::string_view OutcomeWord(routing::v1::FlowInput::Kind kind);
routing::v1::FlowInput::Kind OutcomeOfWord(std::string_view word);

// "completed", "busy", "no-answer", "failed", "canceled".
bool IsOver(std::string_view call_status);

}  // namespace ctc::providers::twiml
