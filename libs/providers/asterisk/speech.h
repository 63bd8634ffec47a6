// What a prompt is for Asterisk: a media URI. Asterisk itself cannot speak, so a text is either
// fetched by the account's template `settings.say`, or spelled out with Asterisk's own sounds.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "ctc/routing/v1/call_flow.pb.h"

namespace ctc::providers::asterisk {

// The media of a prompt, several separated by commas; empty when nothing of it can be heard. In
// `say`, {text} stands for the percent-encoded text, {language} for its language, and {hash} for 16
// hexadecimal digits of the SHA-256 of language, newline and text, the name of a sound made
// beforehand.
std::string MediaOf(const routing::v1::FlowStep::Prompt& prompt, std::string_view say);

// The media of a file that is played: http(s) addresses and Asterisk's own "sound:" names; empty
// for anything else.
std::string MediaOfUrl(std::string_view url);

}  // namespace ctc::providers::asterisk
