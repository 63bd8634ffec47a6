// Exotel's calls and their forms on the wire. Pure.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "libs/base/secret.h"
#include "tools/simulator/script.h"

namespace ctc::simulator {

using Json = nlohmann::json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// A phone of a call. Status is empty until it is rung.
struct ExotelLeg {
  std::string status;
  std::string answered_by;
  std::optional<absl::Time> answered_at;
};

struct ExotelCall {
  std::string sid;
  std::string account;
  std::string first;   // rung first
  std::string second;  // empty for a call into a flow
  std::string caller_id;
  std::string custom_field;
  std::string callback;
  bool json = false;
  bool record = false;
  std::set<std::string> events;
  absl::Duration timeout;
  std::string status = "in-progress";
  std::string direction = "outbound-api";
  ExotelLeg leg1;
  ExotelLeg leg2;
  CallScript agent;
  CallScript customer;
  absl::Time created;
  std::optional<absl::Time> ended_at;
  absl::Duration talked;
};

// Whole seconds a leg has been up.
int64_t SecondsUp(const ExotelLeg& leg, absl::Time until);

std::string RecordingUrlOf(const ExotelCall& call, const std::string& public_url);

// The Call object; with `details` the second leg too.
Json ExotelCallJson(const ExotelCall& call, bool details, const std::string& public_url);

// The fields of a status callback. Without subscribed events only four of them.
Pairs ExotelStatus(const ExotelCall& call, const std::string& event, absl::Time now,
                   const std::string& public_url);

// The callback's body as JSON: Legs as an array.
std::string ExotelStatusJson(const Pairs& fields);

// {"RestException":{...}}.
std::string ExotelError(int status, const std::string& message);

// Exotel writes Indian numbers with a leading 0, whatever was sent.
std::string ExotelNumber(const std::string& number);

}  // namespace ctc::simulator
