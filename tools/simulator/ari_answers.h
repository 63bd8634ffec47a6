// The shapes of ARI's answers without a resource.
#pragma once

#include <string>

#include "tools/simulator/world.h"

namespace ctc::simulator {

inline http::Response Message(int status, const std::string& text) {
  return JsonResponse(status, "{\n  \"message\": \"" + text + "\"\n}");
}

inline http::Response NoContent() {
  http::Response response;
  response.status = 204;
  return response;
}

}  // namespace ctc::simulator
