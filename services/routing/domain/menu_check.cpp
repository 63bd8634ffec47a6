#include "services/routing/domain/menu_check.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <functional>

#include "libs/base/error_catalogue.h"
#include "libs/telephony/phone_number.h"
#include "services/routing/domain/free_data.h"
#include "services/routing/domain/menu_book.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;

constexpr size_t kMaxName = 255;
constexpr size_t kMaxPrompt = 4000;
constexpr size_t kMaxLabel = 255;
constexpr size_t kMaxLanguage = 16;
constexpr int kMaxParents = 10;
constexpr int kMaxListed = 100;
constexpr size_t kMaxWord = 64;

bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxName && !HasControl(name);
}

// RFC 5646, as far as speech services tell languages apart: "en", "en-US", "cmn-Hans-CN".
bool IsLanguage(const std::string& text) {
  size_t part = 0;
  bool first = true;
  for (size_t i = 0; i <= text.size(); ++i) {
    const bool end = i == text.size() || text[i] == '-';
    if (!end) {
      const char c = text[i];
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!letter && (first || c < '0' || c > '9')) return false;
      ++part;
      continue;
    }
    if (part < 2 || part > (first ? 3U : 8U)) return false;
    part = 0;
    first = false;
  }
  return text.size() <= kMaxLanguage;
}

absl::Status CheckWords(const v1::IvrMenu& menu) {
  if (!IsName(menu.menu_name())) {
    return base::InvalidField("menu_name", "must have 1 to 255 bytes");
  }
  if (menu.prompt_text().empty() && menu.prompt_audio_url().empty()) {
    return base::InvalidField("prompt_text", "or prompt_audio_url is required");
  }
  if (menu.prompt_text().size() > kMaxPrompt || HasControl(menu.prompt_text())) {
    return base::InvalidField("prompt_text", "must have at most 4000 bytes of plain text");
  }
  if (!menu.prompt_audio_url().empty() && !IsWebUrl(menu.prompt_audio_url())) {
    return base::InvalidField("prompt_audio_url", "must be an http or https URL");
  }
  if (!IsLanguage(menu.language())) {
    return base::InvalidField("language", "must be a BCP 47 tag, as \"en-US\"");
  }
  return absl::OkStatus();
}

absl::Status CheckNumber(v1::IvrMenu& menu) {
  if (menu.phone_number().empty()) return absl::OkStatus();
  if (!menu.parent_menu_id().empty()) {
    return base::InvalidField("phone_number", "goes with a root menu: one without parent_menu_id");
  }
  const auto number = telephony::E164::Parse(menu.phone_number());
  if (!number.ok()) return base::InvalidField("phone_number", "must be a number, as +1234567890");
  menu.set_phone_number(number->value());
  return absl::OkStatus();
}

absl::Status CheckOptions(v1::IvrMenu& menu) {
  for (int i = 0; i < menu.options_size(); ++i) {
    v1::IvrMenuOption& option = *menu.mutable_options(i);
    if (option.action_json().fields().empty()) option.clear_action_json();
    if (option.target_menu_id().empty()) option.clear_target_menu_id();
    const std::string& label = option.label();
    if (label.size() > kMaxLabel || HasControl(label)) {
      return base::InvalidField(absl::StrCat("options[", i, "].label"),
                                "must have at most 255 bytes");
    }
  }
  return ReadMenu(menu).status();
}

// Follows the parents of `menu` upwards.
absl::Status CheckParents(const v1::IvrMenu& menu, const std::vector<v1::IvrMenu>& menus) {
  std::string parent = menu.parent_menu_id();
  for (int depth = 0; !parent.empty(); ++depth) {
    if (parent == menu.id()) {
      return base::InvalidField("parent_menu_id", "would put the menu below itself");
    }
    if (depth >= kMaxParents) {
      return base::InvalidField("parent_menu_id", "at most 10 menus below each other");
    }
    const auto found = std::find_if(menus.begin(), menus.end(),
                                    [&](const v1::IvrMenu& other) { return other.id() == parent; });
    if (found == menus.end()) {
      return base::InvalidField("parent_menu_id", "there is no such menu");
    }
    parent = found->parent_menu_id();
  }
  return absl::OkStatus();
}

std::string Joined(const std::string& path, const std::string& more, const char* name) {
  return absl::StrCat(path, more.empty() ? "" : ".", more, ".", name);
}

// `at`: the option; `inside`: the way from it to the action.
absl::Status CheckTarget(const Action& action, const std::string& at, const std::string& inside,
                         const v1::IvrMenu& menu, const Surroundings& all) {
  const std::string json = at + ".action_json";
  if (action.kind == Kind::SUB_MENU) {
    const bool known = action.menu_id == menu.id() ||
                       std::any_of(all.menus.begin(), all.menus.end(),
                                   [&](const auto& other) { return other.id() == action.menu_id; });
    if (known) return absl::OkStatus();
    return base::InvalidField(
        inside.empty() ? at + ".target_menu_id" : Joined(json, inside, "menu_id"),
        "there is no such menu");
  }
  if (action.kind == Kind::ROUTE_QUEUE && all.queues.count(action.queue_id) == 0) {
    return base::InvalidField(Joined(json, inside, "queue_id"), "there is no such queue");
  }
  const bool unknown_agent = action.kind == Kind::ROUTE_AGENT && action.phone.empty() &&
                             all.agents.count(action.agent_id) == 0;
  if (unknown_agent) {
    return base::InvalidField(Joined(json, inside, "phone"),
                              "is required: the agent is not registered");
  }
  return absl::OkStatus();
}

absl::Status CheckTargets(const Menu& menu, const Surroundings& all) {
  for (int i = 0; i < menu.row.options_size(); ++i) {
    const Action& action = menu.OptionOf(menu.row.options(i).dtmf_key())->action;
    absl::Status status;
    Walk(action, [&](const Action& each, const std::string& inside) {
      const std::string at = absl::StrCat("options[", i, "]");
      if (status.ok()) status = CheckTarget(each, at, inside, menu.row, all);
    });
    CTC_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

std::vector<std::string> MenusWith(const std::vector<v1::IvrMenu>& menus,
                                   const std::function<bool(const v1::IvrMenu&)>& besides,
                                   const std::function<bool(const Action&)>& leads) {
  std::vector<std::string> names;
  for (const v1::IvrMenu& row : menus) {
    bool found = besides(row);
    const auto menu = ReadMenu(row);
    if (menu.ok()) {
      for (const auto& [key, option] : menu->options) {
        Walk(option.action,
             [&](const Action& action, const std::string&) { found = found || leads(action); });
      }
    }
    if (found) names.push_back(row.menu_name());
  }
  return names;
}

absl::Status CheckWho(const v1::Queue& queue) {
  if (queue.required_skills_size() > kMaxListed) {
    return base::InvalidField("required_skills", "at most 100");
  }
  for (const auto& [skill, level] : queue.required_skills()) {
    if (skill.empty() || skill.size() > kMaxWord || HasControl(skill)) {
      return base::InvalidField("required_skills", "a skill has 1 to 64 bytes");
    }
    if (level < 1 || level > 10) {
      return base::InvalidField("required_skills." + skill, "must be 1 to 10");
    }
  }
  if (queue.teams_size() > kMaxListed) return base::InvalidField("teams", "at most 100");
  for (const std::string& team : queue.teams()) {
    if (team.empty() || team.size() > kMaxWord || HasControl(team)) {
      return base::InvalidField("teams", "a team has 1 to 64 bytes");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckLimits(const v1::Queue& queue) {
  if (queue.max_wait_seconds() < 0 || queue.max_wait_seconds() > 3600) {
    return base::InvalidField("max_wait_seconds", "must be 0 (no limit) to 3600");
  }
  if (queue.max_callers() < 0 || queue.max_callers() > 1000) {
    return base::InvalidField("max_callers", "must be 0 (no limit) to 1000");
  }
  if (queue.ring_seconds() < 5 || queue.ring_seconds() > 120) {
    return base::InvalidField("ring_seconds", "must be 5 to 120");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckMenu(v1::IvrMenu& menu) {
  CTC_RETURN_IF_ERROR(CheckWords(menu));
  if (menu.timeout_seconds() < 1 || menu.timeout_seconds() > 60) {
    return base::InvalidField("timeout_seconds", "must be 1 to 60");
  }
  if (menu.max_retries() < 0 || menu.max_retries() > 10) {
    return base::InvalidField("max_retries", "must be 0 to 10");
  }
  CTC_RETURN_IF_ERROR(CheckNumber(menu));
  return CheckOptions(menu);
}

absl::Status CheckPlace(const v1::IvrMenu& menu, const Surroundings& surroundings) {
  for (const v1::IvrMenu& other : surroundings.menus) {
    const bool same = !menu.phone_number().empty() && other.phone_number() == menu.phone_number();
    if (same && other.id() != menu.id()) {
      return base::MakeError(base::kAlreadyExists, absl::StrCat("the menu \"", other.menu_name(),
                                                                "\" answers this phone_number"));
    }
  }
  CTC_RETURN_IF_ERROR(CheckParents(menu, surroundings.menus));
  CTC_ASSIGN_OR_RETURN(const Menu read, ReadMenu(menu));
  return CheckTargets(read, surroundings);
}

std::vector<std::string> MenusLeadingTo(const std::string& menu_id,
                                        const std::vector<v1::IvrMenu>& menus) {
  std::vector<v1::IvrMenu> others;
  std::copy_if(menus.begin(), menus.end(), std::back_inserter(others),
               [&](const v1::IvrMenu& menu) { return menu.id() != menu_id; });
  return MenusWith(
      others, [&](const v1::IvrMenu& menu) { return menu.parent_menu_id() == menu_id; },
      [&](const Action& action) { return action.menu_id == menu_id; });
}

std::vector<std::string> MenusUsingQueue(const std::string& queue_id,
                                         const std::vector<v1::IvrMenu>& menus) {
  return MenusWith(
      menus, [](const v1::IvrMenu&) { return false; },
      [&](const Action& action) { return action.queue_id == queue_id; });
}

absl::Status CheckQueue(v1::Queue& queue) {
  if (!IsName(queue.queue_name())) {
    return base::InvalidField("queue_name", "must have 1 to 255 bytes");
  }
  if (!v1::Queue::Strategy_IsValid(queue.strategy()) ||
      queue.strategy() == v1::Queue::STRATEGY_UNSPECIFIED) {
    return base::InvalidField(
        "strategy", "must be LONGEST_IDLE, ROUND_ROBIN, LEAST_OCCUPIED or SKILL_PRIORITY");
  }
  CTC_RETURN_IF_ERROR(CheckWho(queue));
  CTC_RETURN_IF_ERROR(CheckLimits(queue));
  if (!queue.music_url().empty() && !IsWebUrl(queue.music_url())) {
    return base::InvalidField("music_url", "must be an http or https URL");
  }
  if (queue.overflow() == "VOICEMAIL" || queue.overflow() == "HANG_UP") return absl::OkStatus();
  auto phone = NormalPhone(queue.overflow());
  if (!phone.ok()) {
    return base::InvalidField("overflow", "must be VOICEMAIL, HANG_UP or a number");
  }
  queue.set_overflow(*std::move(phone));
  return absl::OkStatus();
}

}  // namespace ctc::routing
