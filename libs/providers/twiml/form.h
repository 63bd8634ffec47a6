// Forms as TwiML switches send them, and the texts that go back: the common tools of both ways.
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctc::providers::twiml {

using Form = std::vector<std::pair<std::string, std::string>>;

// The first of that name; empty when there is none.
std::string ValueOf(const Form& form, std::string_view name);
// A number from 0 on, else `fallback`.
int IntOf(const Form& form, std::string_view name, int fallback);
// The field that is longer than any sane one; empty when there is none.
std::string OverlongField(const Form& form);

// Ids of calls and recordings stand in URLs and keys of ours. Twilio's are letters and digits;
// others write UUIDs, or "v3:" and base64url.
bool IsSid(std::string_view text);
bool IsHttpUrl(std::string_view text);
// Where the sound of a recording is: such a URL has no ending, which chooses its format.
std::string AudioUrl(std::string url);

std::string XmlEscape(std::string_view text);

}  // namespace ctc::providers::twiml
