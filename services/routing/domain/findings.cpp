#include "services/routing/domain/findings.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "services/routing/domain/queue_choice.h"
#include "services/routing/domain/ways.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;
using Agents = std::map<std::string, v1::Agent>;

bool EndsTheMenu(const Action& action) {
  switch (action.kind) {
    case Kind::ROUTE_AGENT:
    case Kind::ROUTE_QUEUE:
    case Kind::ROUTE_NUMBER:
    case Kind::VOICEMAIL:
    case Kind::HANG_UP:
      return true;
    default:
      return false;
  }
}

// Where the action ends for a caller who does nothing and to whom nobody talks: a message goes on
// by itself, digits and a phone that is not answered do not.
const Action& WithoutTheCaller(const Action& action) {
  const Action* at = &action;
  while (at->kind == Kind::PLAY_MESSAGE && at->then) at = at->then.get();
  return *at;
}

class Finding {
 public:
  Finding(const Book& book, const Agents& agents) : book_(book), agents_(agents) { Map(); }

  std::vector<Problem> Run(const std::string& root) {
    const std::set<std::string> reached = Reached(ways_, {root});
    LookAtRoot(root);
    for (const std::string& id : reached) LookAt(*book_.MenuOf(id));
    for (const std::string& id : reached) LookForLoops(id);
    for (const auto& [id, menu] : book_.menus) {
      if (reached.count(id) == 0 && IsBelow(menu, root)) {
        Add("warning", "UNREACHABLE", id, "", "no option leads to this menu");
      }
    }
    return std::move(problems_);
  }

 private:
  void Add(const char* severity, const char* code, const std::string& menu_id,
           const std::string& key, const std::string& message) {
    Problem problem;
    problem.set_severity(severity);
    problem.set_code(code);
    problem.set_menu_id(menu_id);
    problem.set_dtmf_key(key);
    problem.set_message(message);
    problems_.push_back(std::move(problem));
  }

  // Which menus lead to which, and which of them without the caller doing anything.
  void Map() {
    Ways unattended;
    std::set<std::string> exits;
    for (const auto& [id, menu] : book_.menus) {
      for (const auto& [key, option] : menu.options) {
        const bool by_itself = key == "t" || key == "c";
        Walk(option.action, [&, from = id, k = key](const Action& action, const std::string&) {
          if (EndsTheMenu(action)) exits.insert(from);
          if (LeadsOn(action)) ways_[from].emplace(action.menu_id, k);
        });
        const Action& last = WithoutTheCaller(option.action);
        if (by_itself && LeadsOn(last)) unattended[id].emplace(last.menu_id, key);
      }
    }
    leaving_ = Reached(Reversed(ways_), exits);
    circles_ = KeysIntoCircles(ways_);
    unattended_circles_ = KeysIntoCircles(unattended);
  }

  bool LeadsOn(const Action& action) const {
    return action.kind == Kind::SUB_MENU && book_.MenuOf(action.menu_id) != nullptr;
  }

  void LookAtRoot(const std::string& root) {
    const v1::IvrMenu& row = book_.MenuOf(root)->row;
    if (!row.is_active()) Add("warning", "INACTIVE", root, "", "the menu answers no call");
    if (row.parent_menu_id().empty() && row.phone_number().empty()) {
      Add("warning", "NO_NUMBER", root, "", "no number leads to this root menu");
    }
  }

  void LookAt(const Menu& menu) {
    const std::string& id = menu.row.id();
    if (menu.options.empty()) {
      Add("error", "NO_OPTIONS", id, "", "a caller can do nothing here");
    }
    for (const auto& [key, option] : menu.options) {
      if (key == "c" && !menu.hours) {
        Add("warning", "UNUSED_OPTION", id, key, "the menu has no business_hours: never closed");
      }
      if (key == "i" && !menu.HasKeys()) {
        Add("warning", "UNUSED_OPTION", id, key, "the menu asks for no keys");
      }
      Walk(option.action,
           [&, k = key](const Action& action, const std::string&) { LookAtTarget(id, k, action); });
    }
  }

  void LookAtTarget(const std::string& menu_id, const std::string& key, const Action& action) {
    if (action.kind == Kind::SUB_MENU) {
      const Menu* target = book_.MenuOf(action.menu_id);
      if (target == nullptr) {
        Add("error", "MISSING_TARGET", menu_id, key, "the menu it leads to does not exist");
      } else if (!target->row.is_active()) {
        Add("error", "INACTIVE_TARGET", menu_id, key, "the menu it leads to is not active");
      }
    } else if (action.kind == Kind::ROUTE_QUEUE) {
      LookAtQueue(menu_id, key, action);
    } else if (action.kind == Kind::ROUTE_AGENT) {
      const auto agent = agents_.find(action.agent_id);
      if (agent == agents_.end() && action.phone.empty()) {
        Add("error", "MISSING_TARGET", menu_id, key, "the agent is not registered");
      } else if (agent != agents_.end() && !agent->second.is_active()) {
        Add("warning", "INACTIVE_TARGET", menu_id, key, "the agent is not active");
      }
    }
  }

  void LookAtQueue(const std::string& menu_id, const std::string& key, const Action& action) {
    const v1::Queue* queue = book_.QueueOf(action.queue_id);
    if (queue == nullptr) {
      return Add("error", "MISSING_TARGET", menu_id, key, "the queue does not exist");
    }
    if (!queue->is_active()) {
      return Add("warning", "INACTIVE_TARGET", menu_id, key, "the queue is not active");
    }
    if (!IsStaffed(*queue)) {
      Add("warning", "UNSTAFFED_QUEUE", menu_id, key, "no registered agent qualifies for it");
    }
  }

  bool IsStaffed(const v1::Queue& queue) {
    const auto [known, is_new] = staffed_.emplace(queue.id(), false);
    if (is_new) {
      known->second = std::any_of(agents_.begin(), agents_.end(), [&](const auto& entry) {
        return entry.second.is_active() && Qualifies(queue, entry.second);
      });
    }
    return known->second;
  }

  void LookForLoops(const std::string& id) {
    const auto by_itself = unattended_circles_.find(id);
    if (by_itself != unattended_circles_.end()) {
      return Add("error", "LOOP", id, by_itself->second,
                 "without any key being pressed the call comes back here for ever");
    }
    if (leaving_.count(id) > 0 || book_.MenuOf(id)->options.empty()) return;
    const auto circle = circles_.find(id);
    if (circle != circles_.end()) {
      Add("error", "LOOP", id, circle->second, "its menus only lead to each other");
    } else {
      Add("warning", "DEAD_END", id, "", "nothing here leads to anybody; the call just ends");
    }
  }

  bool IsBelow(const Menu& menu, const std::string& root) const {
    const Menu* at = &menu;
    // Parents never form a circle, but what another release wrote is not trusted to hang us.
    for (size_t i = 0; at != nullptr && i <= book_.menus.size(); ++i) {
      if (at->row.parent_menu_id() == root) return true;
      at = book_.MenuOf(at->row.parent_menu_id());
    }
    return false;
  }

  const Book& book_;
  const Agents& agents_;
  Ways ways_;
  std::set<std::string> leaving_;  // menus from which the caller can come to somebody, or end
  // By menu, the key by which its circle begins: of any keys, and of those that nobody presses.
  std::map<std::string, std::string> circles_;
  std::map<std::string, std::string> unattended_circles_;
  std::map<std::string, bool> staffed_;  // by queue
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> FindProblems(const Book& book, const Agents& agents,
                                  const std::string& menu_id) {
  return Finding(book, agents).Run(menu_id);
}

}  // namespace ctc::routing
