// What holds of a caller's question whoever asks it, for the targets of the readers.
#pragma once

#include <algorithm>
#include <string>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/base/ids.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

inline bool IsPhone(const std::string& text) {
  return text.empty() ||
         (text.size() <= 16 && text.front() == '+' &&
          std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

// `right`: whoever asks has the secret. True when it is genuine, and more may be asked of it.
inline bool CheckQuestion(const dispatch::v1::ReadFlowResponse& read, bool right) {
  const bool genuine = read.verdict() == dispatch::v1::ReadWebhookResponse::GENUINE;
  if (!right) Require(!genuine, "nobody without the secret is genuine");
  if (!genuine) {
    Require(!read.has_call() && !read.has_input(), "what is refused says nothing");
    Require(!read.reason().empty(), "what is refused says why");
    return false;
  }
  Require(read.input().kind() != routing::v1::FlowInput::KIND_UNSPECIFIED,
          "a question says what became of the step");
  Require(!read.call().provider_call_id().empty(), "a question is of a call");
  Require(IsPhone(read.call().from_phone()) && IsPhone(read.call().to_phone()),
          "a number is E.164 or none");
  const std::string& session = read.call().session();
  Require(session.empty() || base::IsUuid(session), "a session is named by its UUID");
  return true;
}

}  // namespace ctc::fuzz
