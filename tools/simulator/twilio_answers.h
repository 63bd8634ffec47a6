// The shapes of Twilio's answers without a resource, and of its lists.
#pragma once

#include <string>
#include <utility>

#include "tools/simulator/twilio_model.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

inline http::Response TwilioFailure(int status, int code, const std::string& message) {
  return JsonResponse(status, TwilioError(status, code, message));
}

inline http::Response NotFound(const std::string& path) {
  return TwilioFailure(404, 20404, "The requested resource " + path + " was not found");
}

inline http::Response NoTwilioContent() {
  http::Response response;
  response.status = 204;
  return response;
}

inline http::Response Page(const std::string& path, const char* key, Json items, int page_size) {
  const auto end = items.empty() ? 0 : items.size() - 1;
  const Json json = {{key, std::move(items)},
                     {"page", 0},
                     {"page_size", page_size},
                     {"start", 0},
                     {"end", end},
                     {"uri", path + "?PageSize=" + std::to_string(page_size)},
                     {"first_page_uri", path + "?PageSize=" + std::to_string(page_size)},
                     {"next_page_uri", nullptr},
                     {"previous_page_uri", nullptr}};
  return JsonResponse(200, json.dump());
}

}  // namespace ctc::simulator
