// Where a prompt is fetched: its own URL, or that of the account's template by which a text is
// spoken. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ctc::providers::sip::native {

// The template `say` with {text}, {language} and {hash} filled in as docs/sip.md says; empty when
// `say` or `text` is.
std::string SpokenAt(std::string_view say, std::string_view text, std::string_view language);

}  // namespace ctc::providers::sip::native
