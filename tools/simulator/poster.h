// Posts a provider's callbacks the way a script wants it: in order per call, twice, shuffled, or
// not at all.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "tools/simulator/world.h"

namespace ctc::simulator {

class Poster {
 public:
  // `attempts` at most, `pause` apart, until something answers 2xx.
  Poster(World& world, int attempts, absl::Duration pause)
      : world_(world), attempts_(attempts), pause_(pause) {}

  // `terminal` callbacks are the ones that kNoTerminal loses.
  void Post(const std::string& call, http::ClientRequest request, Delivery delivery, bool terminal);

 private:
  Task<void> SendQueue(std::string call);
  Task<void> SendLater(http::ClientRequest request, absl::Duration delay);
  Task<void> Send(http::ClientRequest request);

  World& world_;
  const int attempts_;
  const absl::Duration pause_;
  std::map<std::string, std::deque<http::ClientRequest>> queues_;
};

// "a=1&b=2".
std::string EncodePairs(const std::vector<std::pair<std::string, std::string>>& pairs);

// `url` with a query of `pairs` added.
std::string WithQuery(const std::string& url,
                      const std::vector<std::pair<std::string, std::string>>& pairs);

// multipart/form-data of `pairs` with the boundary "simulator-boundary".
std::string MultipartBody(const std::vector<std::pair<std::string, std::string>>& pairs);

// "2025-03-04 11:02:33", Indian time, as Exotel and mCube write it.
std::string IndianTime(absl::Time time);

}  // namespace ctc::simulator
