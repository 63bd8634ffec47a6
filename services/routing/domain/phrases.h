// What we say ourselves where a menu has no words of its own. Pure.
#pragma once

#include <string>
#include <string_view>

#include "ctc/routing/v1/call_flow.pb.h"

namespace ctc::routing {

enum class Phrase { kGoodBye, kClosed, kNobody, kCannotGoOn, kLeaveMessage };

// In the language asked for (by its primary subtag) where we have it, else in English; the prompt
// says which.
v1::FlowStep::Prompt Spoken(Phrase phrase, std::string_view language);

}  // namespace ctc::routing
