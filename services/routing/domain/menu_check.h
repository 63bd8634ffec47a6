// What a menu or a queue must be to be written. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "ctc/routing/v1/ivr_service.pb.h"
#include "ctc/routing/v1/queue_service.pb.h"
#include "libs/base/status.h"

namespace ctc::routing {

// By itself: names, words, limits, hours and the shape of each option. Brings the number into
// E.164 and drops what is empty. Errors name the field, as
// "options[2].action_json.no_answer.queue_id".
absl::Status CheckMenu(v1::IvrMenu& menu);

// What else the tenant has.
struct Surroundings {
  std::vector<v1::IvrMenu> menus;
  std::set<std::string> queues;  // ids
  std::set<std::string> agents;  // ids of the registered ones
};

// That parent, menus, queues and agents named in it exist, that parents form no circle, and that no
// other menu answers its number (ALREADY_EXISTS). The menu has passed CheckMenu.
absl::Status CheckPlace(const v1::IvrMenu& menu, const Surroundings& surroundings);

// Names of the menus that lead to this menu, or have it as parent.
std::vector<std::string> MenusLeadingTo(const std::string& menu_id,
                                        const std::vector<v1::IvrMenu>& menus);
// Names of the menus that lead to this queue.
std::vector<std::string> MenusUsingQueue(const std::string& queue_id,
                                         const std::vector<v1::IvrMenu>& menus);

// Brings an overflow number into E.164.
absl::Status CheckQueue(v1::Queue& queue);

}  // namespace ctc::routing
