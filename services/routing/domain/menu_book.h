// A tenant's menus and queues, as the interpreter reads them. Pure values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ctc/routing/v1/ivr_service.pb.h"
#include "ctc/routing/v1/queue_service.pb.h"
#include "services/routing/domain/action.h"
#include "services/routing/domain/business_hours.h"

namespace ctc::routing {

struct MenuOption {
  std::string id;
  std::string key;  // 0-9, *, #; t on time-out, i on a wrong key, c when closed
  std::string label;
  Action action;
};

struct Menu {
  v1::IvrMenu row;
  std::optional<BusinessHours> hours;
  std::map<std::string, MenuOption> options;  // by key

  const MenuOption* OptionOf(const std::string& key) const;
  // Some option is chosen by pressing a key.
  bool HasKeys() const;
};

// What is wrong with the menu's hours or the shape of its options; names the field.
absl::StatusOr<Menu> ReadMenu(v1::IvrMenu row);

struct Book {
  std::map<std::string, Menu> menus;        // by id
  std::map<std::string, v1::Queue> queues;  // by id

  const Menu* MenuOf(const std::string& id) const;
  const v1::Queue* QueueOf(const std::string& id) const;
  // The active root menu that answers this number, or nullptr.
  const Menu* RootOf(const std::string& phone_number) const;
};

}  // namespace ctc::routing
