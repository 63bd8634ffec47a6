// The table: menus with a caller's behaviour, and the one course that each provider must give.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "services/routing/domain/flow_world_for_test.h"

namespace ctc::flows {

enum class Wire { kTwiml, kNcco, kExotel, kAri, kSip, kSipTwiml, kJambonz };

// Where a provider cannot do what the row asks for: what it declares, and what happens instead.
struct Instead {
  std::string why;
  std::vector<std::string> course;
};

struct Row {
  std::string name;
  std::function<void(routing::FlowWorld&)> menus;
  std::vector<std::string> caller;  // see line.h
  std::vector<std::string> course;
  std::map<Wire, Instead> instead = {};
};

const std::vector<Row>& Table();

// Its parts.
std::vector<Row> MenuRows();
std::vector<Row> CallRows();

// The menu that answers the number called.
routing::v1::IvrMenu& AddRoot(routing::FlowWorld& world,
                              std::vector<routing::v1::IvrMenuOption> options);

}  // namespace ctc::flows
