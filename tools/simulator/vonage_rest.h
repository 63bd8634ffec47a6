// Vonage's Voice API under /v1: calls, their control, and files of recordings.
#pragma once

#include <string>
#include <vector>

#include "libs/http/message.h"
#include "tools/simulator/vonage_exchange.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class VonageRest {
 public:
  explicit VonageRest(World& world) : world_(world), exchange_(world) {}

  Task<http::Response> Handle(const http::Request& request);
  VonageExchange& exchange() { return exchange_; }
  // For /_calls.
  Json LiveCalls() const;

 private:
  using LegPtr = VonageExchange::LegPtr;

  // The application of the request's token; empty id when it is not a good one.
  VonageApplication Authorize(const http::Request& request) const;
  Task<http::Response> Create(const http::Request& request, VonageApplication application);
  http::Response List(const http::Request& request, const std::string& application) const;
  LegPtr OnlyHearer(const VonageLeg& leg) const;
  http::Response Change(const http::Request& request, const LegPtr& leg);
  http::Response ChangePart(const http::Request& request, const LegPtr& leg,
                            const std::vector<std::string>& parts);
  http::Response Move(const Json& body, const LegPtr& leg);
  http::Response File(const std::string& id, const std::string& application) const;

  World& world_;
  VonageExchange exchange_;
};

}  // namespace ctc::simulator
