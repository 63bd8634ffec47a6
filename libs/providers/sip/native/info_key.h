// A key in an INFO request, as phones tell it that do not send RFC 4733. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace ctc::providers::sip::native {

// "application/dtmf-relay" (Signal=5) and "application/dtmf" (5): 0-9, *, #, A-D in upper case;
// nothing for another type or body.
std::optional<char> KeyOfInfo(std::string_view content_type, std::string_view body);

}  // namespace ctc::providers::sip::native
