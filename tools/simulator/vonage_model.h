// The things of a Vonage application and their JSON forms. Pure.
#pragma once

#include <absl/time/time.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/secret.h"
#include "tools/simulator/inbound.h"
#include "tools/simulator/script.h"

namespace ctc::simulator {

using Json = nlohmann::json;

// Whose call it is, and what signs its webhooks.
struct VonageApplication {
  std::string id;
  base::Secret secret;
};

struct VonageLeg {
  VonageLeg(asio::any_io_executor executor, VonageApplication owner)
      : application(std::move(owner)), wake(std::move(executor)) {}

  std::string uuid;
  std::string conversation;  // "CON-..."
  VonageApplication application;
  Json to;  // endpoints
  Json from;
  std::string status = "started";
  std::string direction = "outbound";
  std::string event_url;
  Json ncco = Json::array();
  std::string answer_url;  // asked instead, when not empty
  absl::Time created;
  std::optional<absl::Time> answered_at;
  std::optional<absl::Time> ended_at;
  absl::Duration ringing;
  CallScript script;
  CallerPtr caller;  // of a scripted one
  bool ended = false;
  bool moved = false;  // by a transfer: its NCCO begins anew
  bool muted = false;
  bool earmuffed = false;
  std::string digits;  // played to it
  std::string room;    // its name; empty outside
  std::string parent;  // whose connect made it
  asio::steady_timer wake;
};

struct VonageRoom {
  std::string conversation;  // "CON-..."
  std::vector<std::string> legs;
  bool started = false;
  std::string recording_url;  // told of its recording; empty: none
  std::string application;
  absl::Time recorded_since;
};

struct VonageRecording {
  std::string id;  // of the file
  std::string application;
};

std::string VonageTime(absl::Time time);  // "2026-01-01T12:00:00.000Z"
// Number of an endpoint, or its address.
std::string EndpointText(const Json& endpoint);
Json VonageCallJson(const VonageLeg& leg);
// What is common to all events of a leg.
Json VonageEvent(const VonageLeg& leg);
// An error as Vonage writes it; `name` of the parameter at fault may be empty.
std::string VonageError(int status, const std::string& title, const std::string& name,
                        const std::string& reason);

// The bearer token of a webhook over `hashed`: the body, or the JSON text of a GET's parameters.
std::string VonageToken(const VonageApplication& application, std::string_view hashed,
                        const std::string& id, absl::Time now);
// The JSON text of a query's parameters, which is what a GET's token is over.
std::string VonageQueryText(std::string_view query);

// "" when `fields`, the body of POST /v1/calls, can be called; else the name and reason at fault.
std::pair<std::string, std::string> CheckVonageCall(const Json& fields);

}  // namespace ctc::simulator
