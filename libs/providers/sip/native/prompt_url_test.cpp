#include "libs/providers/sip/native/prompt_url.h"

#include <catch2/catch.hpp>

namespace ctc::providers::sip::native {
namespace {

TEST_CASE("a text is spoken at the account's URL", "[sip][prompt]") {
  CHECK(SpokenAt("http://tts/?l={language}&t={text}", "Press 1 & wait", "en-US") ==
        "http://tts/?l=en-US&t=Press%201%20%26%20wait");
  CHECK(SpokenAt("http://tts/{text}", "{language}", "de") == "http://tts/%7Blanguage%7D");
  CHECK(SpokenAt("http://tts/{language}", "x", "{text}") == "http://tts/%7Btext%7D");
  // The name of a sound made beforehand, as for Asterisk: of the language, a newline and the text.
  const std::string name = SpokenAt("http://tts/{hash}.wav", "x", "en");
  CHECK(name.size() == std::string("http://tts/.wav").size() + 16);
  CHECK(name != SpokenAt("http://tts/{hash}.wav", "x", "de"));
  CHECK(SpokenAt("", "x", "").empty());
  CHECK(SpokenAt("http://tts/{text}", "", "").empty());
}

}  // namespace
}  // namespace ctc::providers::sip::native
