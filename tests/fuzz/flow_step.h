// A step of a caller's way out of bytes from outside, for the targets of the renderers.
#pragma once

#include <string>

#include "ctc/routing/v1/call_flow.pb.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

// `kind` picks what ends the step and its numbers; a line each is a language, a text and a sound,
// the rest is the one text of what ends it.
inline routing::v1::FlowStep MakeStep(uint8_t kind, std::string_view bytes) {
  routing::v1::FlowStep step;
  step.set_number(1 + kind % 4);
  auto& prompt = *step.add_prompts();
  prompt.set_language(std::string(TakeLine(bytes)));
  prompt.set_text(std::string(TakeLine(bytes)));
  step.add_prompts()->set_audio_url(std::string(TakeLine(bytes)));
  const std::string rest(bytes);
  switch (kind % 6) {
    case 0:
      step.mutable_gather()->set_finish_on_key(rest);
      step.mutable_gather()->set_max_digits(kind - 10);
      step.mutable_gather()->set_timeout_seconds(kind - 10);
      break;
    case 1:
      step.mutable_dial()->set_phone(rest);
      step.mutable_dial()->set_ring_seconds(kind - 10);
      step.mutable_dial()->set_record(kind > 99);
      break;
    case 2:
      step.mutable_wait()->set_music_url(rest);
      step.mutable_wait()->set_seconds(kind - 10);
      break;
    case 3:
      step.mutable_voicemail()->set_finish_on_key(rest);
      step.mutable_voicemail()->set_max_seconds(kind - 10);
      break;
    case 4:
      step.mutable_hang_up();
      break;
    default:
      break;
  }
  return step;
}

}  // namespace ctc::fuzz
