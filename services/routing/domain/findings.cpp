#include "services/routing/domain/findings.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "services/routing/domain/queue_choice.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;
using Agents = std::map<std::string, v1::Agent>;
// Menus by the menus that lead to them, with the key that does.
using Ways = std::map<std::string, std::map<std::string, std::string>>;

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

// Menus that can be come to from `from`, itself only when a way leads back.
std::set<std::string> Reached(const Ways& ways, const std::string& from) {
  std::set<std::string> seen;
  std::vector<std::string> open = {from};
  while (!open.empty()) {
    const std::string at = open.back();
    open.pop_back();
    const auto found = ways.find(at);
    if (found == ways.end()) continue;
    for (const auto& [next, key] : found->second) {
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return seen;
}

class Finding {
 public:
  Finding(const Book& book, const Agents& agents) : book_(book), agents_(agents) { Map(); }

  std::vector<Problem> Run(const std::string& root) {
    std::set<std::string> reached = Reached(ways_, root);
    reached.insert(root);
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
    for (const auto& [id, menu] : book_.menus) {
      for (const auto& [key, option] : menu.options) {
        const bool by_itself = key == "t" || key == "c";
        Walk(option.action, [&, from = id, k = key](const Action& action, const std::string& path) {
          if (EndsTheMenu(action)) exits_.insert(from);
          if (action.kind != Kind::SUB_MENU || book_.MenuOf(action.menu_id) == nullptr) return;
          ways_[from].emplace(action.menu_id, k);
          const bool taken = path.find("no_answer") == std::string::npos;
          if (by_itself && taken) unattended_[from].emplace(action.menu_id, k);
        });
      }
    }
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
    const bool staffed = std::any_of(agents_.begin(), agents_.end(), [&](const auto& entry) {
      return entry.second.is_active() && Qualifies(*queue, entry.second);
    });
    if (!staffed) {
      Add("warning", "UNSTAFFED_QUEUE", menu_id, key, "no registered agent qualifies for it");
    }
  }

  void LookForLoops(const std::string& id) {
    const auto unattended = Reached(unattended_, id);
    if (unattended.count(id) > 0) {
      return Add("error", "LOOP", id, KeyBack(unattended_, id),
                 "without any key being pressed the call comes back here for ever");
    }
    std::set<std::string> ahead = Reached(ways_, id);
    const bool circle = ahead.count(id) > 0;
    ahead.insert(id);
    const bool leaves = std::any_of(ahead.begin(), ahead.end(), [&](const std::string& menu) {
      return exits_.count(menu) > 0;
    });
    if (leaves || book_.MenuOf(id)->options.empty()) return;
    if (circle) {
      Add("error", "LOOP", id, KeyBack(ways_, id), "its menus only lead to each other");
    } else {
      Add("warning", "DEAD_END", id, "", "nothing here leads to anybody; the call just ends");
    }
  }

  // The key by which the circle through `id` begins.
  std::string KeyBack(const Ways& ways, const std::string& id) const {
    for (const auto& [next, key] : ways.at(id)) {
      if (next == id || Reached(ways, next).count(id) > 0) return key;
    }
    return "";
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
  Ways unattended_;
  std::set<std::string> exits_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> FindProblems(const Book& book, const Agents& agents,
                                  const std::string& menu_id) {
  return Finding(book, agents).Run(menu_id);
}

}  // namespace ctc::routing
