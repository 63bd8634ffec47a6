// Exotel's v1 voice API at /v1/Accounts/{sid} and its recordings.
#pragma once

#include <string>
#include <vector>

#include "tools/simulator/exotel_callers.h"
#include "tools/simulator/exotel_exchange.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class ExotelRest {
 public:
  explicit ExotelRest(World& world) : world_(world), exchange_(world), callers_(world) {}

  // Paths that begin with /v1/Accounts/ or /exotelrecordings/.
  Task<http::Response> Handle(const http::Request& request);
  Json LiveCalls() const;
  absl::StatusOr<std::string> Ring(const CallerPtr& caller) { return callers_.Ring(caller); }

 private:
  struct Query {
    std::string account;
    std::vector<std::string> parts;  // after the account, the suffix cut off
    bool json = false;               // the path ended in .json
    std::multimap<std::string, std::string> fields;
    std::string Get(const std::string& name) const;
  };

  Task<http::Response> Connect(const Query& query);
  http::Response Answer(const Query& query, const ExotelCall& call, bool details) const;
  // Status 0 when the fields are acceptable.
  http::Response CheckConnect(const Query& query) const;
  ExotelExchange::CallPtr MakeCall(const Query& query);
  http::Response ListCalls(const Query& query) const;
  http::Response Numbers(const Query& query) const;

  World& world_;
  ExotelExchange exchange_;
  ExotelCallers callers_;
};

}  // namespace ctc::simulator
