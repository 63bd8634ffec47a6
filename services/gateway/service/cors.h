// Cross-origin requests of browsers (Fetch standard): only origins that are allowed by name. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/http/message.h"

namespace ctc::gateway {

class Cors {
 public:
  // Comma-separated origins, as "https://crm.example.com", or "*".
  explicit Cors(std::string_view allowed);

  // Answers OPTIONS; `allow` holds the methods of the path.
  http::Response Preflight(const http::Request& request, const std::string& allow) const;
  // What every answer to an allowed origin carries.
  void Decorate(std::string_view origin, http::Response& response) const;

 private:
  bool Allows(std::string_view origin) const;

  std::vector<std::string> origins_;
  bool any_ = false;
};

}  // namespace ctc::gateway
