// What a recording is served as, whatever its provider calls it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ctc::recording {

// "audio/wav" of "audio/x-wav; rate=8000"; "application/octet-stream" for all that is no audio, so
// that a browser never takes a provider's bytes for a page.
std::string SafeMediaType(std::string_view content_type);

// ".wav" of "audio/wav"; empty when unknown.
std::string_view ExtensionOf(std::string_view media_type);

}  // namespace ctc::recording
