// A phone's session description, for a call whose sound runs through us.
#include "libs/media/audio_sdp.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

void MediaSdp(std::string_view bytes) {
  const auto audio = media::ReadAudio(bytes);
  const auto answer = media::Answer(bytes, {"192.0.2.1", 20000}, {});
  Require(audio.ok() == answer.ok(), "what is read is answered");
  if (!audio.ok()) return;
  Require(audio->stream.remote.port > 0, "a stream that is taken has a port");
  const auto again = media::ReadAudio(*answer);
  Require(again.ok(), "an answer is a description");
  Require(again->stream.codec == audio->stream.codec, "the codec is agreed");
  Require(again->stream.telephone_event == audio->stream.telephone_event, "keys are agreed");
  Require(again->direction == media::Mirrored(audio->direction), "the direction is mirrored");
}

}  // namespace ctc::fuzz
