// mCube's two APIs: /Restmcube-api/outbound-calls and /api/outboundcall; and its recordings.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "tools/simulator/mcube_exchange.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class McubeRest {
 public:
  explicit McubeRest(World& world) : world_(world), exchange_(world) {}

  static bool Serves(const std::string& path);
  Task<http::Response> Handle(const http::Request& request);
  nlohmann::json LiveCalls() const;
  absl::StatusOr<std::string> Ring(const CallerPtr& caller) { return exchange_.Ring(caller); }

 private:
  using Fields = std::multimap<std::string, std::string>;

  Task<http::Response> Place(bool classic, Fields fields);
  http::Response Recording(const std::string& path) const;

  World& world_;
  McubeExchange exchange_;
};

}  // namespace ctc::simulator
