#include "services/routing/domain/menu_book.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>

#include "libs/base/error.h"

namespace ctc::routing {
namespace {

bool IsKey(const std::string& key) {
  return key.size() == 1 && std::strchr("0123456789*#tic", key[0]) != nullptr;
}

absl::StatusOr<MenuOption> ReadOption(const v1::IvrMenuOption& row, const std::string& path) {
  using Kind = v1::IvrMenuOption;
  if (!IsKey(row.dtmf_key())) {
    return base::InvalidField(path + ".dtmf_key",
                              "must be 0 to 9, *, #, t (time-out), i (wrong key) or c (closed)");
  }
  if (row.action() == Kind::ACTION_UNSPECIFIED || !Kind::Action_IsValid(row.action())) {
    return base::InvalidField(path + ".action", "is required");
  }
  if (row.action() == Kind::SUB_MENU && row.target_menu_id().empty()) {
    return base::InvalidField(path + ".target_menu_id", "is required with SUB_MENU");
  }
  if (row.action() != Kind::SUB_MENU && !row.target_menu_id().empty()) {
    return base::InvalidField(path + ".target_menu_id", "goes with SUB_MENU only");
  }
  if (row.action() == Kind::REPEAT && row.dtmf_key() == "c") {
    return base::InvalidField(path + ".action", "a closed menu cannot be repeated");
  }
  MenuOption option;
  option.id = row.id();
  option.key = row.dtmf_key();
  option.label = row.label();
  CTC_ASSIGN_OR_RETURN(option.action, ParseAction(row.action(), row.action_json(),
                                                  row.target_menu_id(), path + ".action_json"));
  return option;
}

}  // namespace

const MenuOption* Menu::OptionOf(const std::string& key) const {
  const auto found = options.find(key);
  return found == options.end() ? nullptr : &found->second;
}

bool Menu::HasKeys() const {
  return std::any_of(options.begin(), options.end(), [](const auto& entry) {
    return std::strchr("tic", entry.first[0]) == nullptr;
  });
}

absl::StatusOr<Menu> ReadMenu(v1::IvrMenu row) {
  Menu menu;
  if (row.has_business_hours() && row.business_hours().fields_size() > 0) {
    CTC_ASSIGN_OR_RETURN(menu.hours, BusinessHours::Parse(row.business_hours()));
  }
  for (int i = 0; i < row.options_size(); ++i) {
    const std::string path = absl::StrCat("options[", i, "]");
    CTC_ASSIGN_OR_RETURN(MenuOption option, ReadOption(row.options(i), path));
    const std::string key = option.key;
    if (!menu.options.emplace(key, std::move(option)).second) {
      return base::InvalidField(path + ".dtmf_key", "is used twice in this menu");
    }
  }
  menu.row = std::move(row);
  return menu;
}

const Menu* Book::MenuOf(const std::string& id) const {
  const auto found = menus.find(id);
  return found == menus.end() ? nullptr : &found->second;
}

const v1::Queue* Book::QueueOf(const std::string& id) const {
  const auto found = queues.find(id);
  return found == queues.end() ? nullptr : &found->second;
}

const Menu* Book::RootOf(const std::string& phone_number) const {
  if (phone_number.empty()) return nullptr;
  for (const auto& [id, menu] : menus) {
    if (menu.row.is_active() && menu.row.phone_number() == phone_number) return &menu;
  }
  return nullptr;
}

}  // namespace ctc::routing
