// Of a PATCH: whether it takes all of a list or map away. To a message an empty one and an absent
// one are the same, so that the edge tells the names of the empty ones.
#pragma once

#include <algorithm>
#include <string_view>

namespace ctc::routing {

template <class Request>
bool Empties(const Request& request, std::string_view field) {
  return std::find(request.emptied().begin(), request.emptied().end(), field) !=
         request.emptied().end();
}

}  // namespace ctc::routing
