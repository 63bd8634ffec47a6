// The list of a conference.
#include "libs/media/media_server.h"

namespace ctc::media {

Hearing EverybodyOf(const std::vector<std::string>& parties) {
  Hearing hearing;
  for (const std::string& speaker : parties) {
    for (const std::string& listener : parties) {
      if (speaker != listener) hearing.push_back({speaker, listener});
    }
  }
  return hearing;
}

}  // namespace ctc::media
