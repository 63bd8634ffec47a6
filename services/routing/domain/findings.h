// What is wrong with a tree of menus: loops, dead ends, menus that nothing leads to. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ctc/routing/v1/ivr_service.pb.h"
#include "ctc/routing/v1/routing.pb.h"
#include "services/routing/domain/menu_book.h"

namespace ctc::routing {

using Problem = v1::ValidateIvrMenuResponse::Problem;

// Looks at the menu, at those it leads to and at those below it. `agents`: registered ones, by id.
// Errors: LOOP, NO_OPTIONS, MISSING_TARGET, INACTIVE_TARGET (of a menu). Warnings: DEAD_END,
// UNREACHABLE, INACTIVE_TARGET (of a queue or an agent), UNSTAFFED_QUEUE, UNUSED_OPTION, NO_NUMBER,
// INACTIVE.
std::vector<Problem> FindProblems(const Book& book, const std::map<std::string, v1::Agent>& agents,
                                  const std::string& menu_id);

}  // namespace ctc::routing
