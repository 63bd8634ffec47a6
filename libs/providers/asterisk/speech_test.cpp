#include "libs/providers/asterisk/speech.h"

#include <catch2/catch.hpp>

#include <algorithm>

namespace ctc::providers::asterisk {
namespace {

using Prompt = routing::v1::FlowStep::Prompt;

Prompt Text(const std::string& text, const std::string& language = "en-US") {
  Prompt prompt;
  prompt.set_text(text);
  prompt.set_language(language);
  return prompt;
}

TEST_CASE("a file is played from where it is", "[asterisk][speech]") {
  Prompt prompt = Text("unused");
  prompt.set_audio_url("https://files.example/welcome.wav");
  CHECK(MediaOf(prompt, "") == "sound:https://files.example/welcome.wav");
  prompt.set_audio_url("sound:vm-enter-num-to-call");
  CHECK(MediaOf(prompt, "") == "sound:vm-enter-num-to-call");
  for (const char* bad :
       {"file:///etc/passwd", "recording:secret", "https://x/a,sound:b", "https://x/a b"}) {
    INFO(bad);
    prompt.set_audio_url(bad);
    CHECK(MediaOf(prompt, "").empty());
  }
}

TEST_CASE("a text is fetched by the account's template", "[asterisk][speech]") {
  CHECK(MediaOf(Text("Press 1, please."), "sound:https://tts/{language}/say.wav?text={text}") ==
        "sound:https://tts/en-US/say.wav?text=Press%201%2C%20please.");
  const std::string hashed = MediaOf(Text("Hello"), "sound:ctc/{hash}");
  CHECK(hashed.size() == std::string("sound:ctc/").size() + 16);
  CHECK(hashed != MediaOf(Text("Hello", "de-DE"), "sound:ctc/{hash}"));
}

TEST_CASE("a text with a placeholder's name stays a text", "[asterisk][speech]") {
  CHECK(MediaOf(Text("{hash}"), "sound:https://tts/{hash}?t={text}").find("%7Bhash%7D") !=
        std::string::npos);
}

TEST_CASE("without a template a text is spelled out", "[asterisk][speech]") {
  CHECK(MediaOf(Text("Go 1!"), "") == "sound:letters/g,sound:letters/o,sound:digits/1");
  CHECK(MediaOf(Text("..."), "").empty());
  CHECK(MediaOf(Text(""), "").empty());
  const std::string longest = MediaOf(Text(std::string(500, 'a')), "");
  CHECK(std::count(longest.begin(), longest.end(), ',') == 63);
}

}  // namespace
}  // namespace ctc::providers::asterisk
