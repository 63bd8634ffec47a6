// Rows of ivr_menu and ivr_menu_option of one tenant.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctc/routing/v1/ivr_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"

namespace ctc::routing {

// By name unless asked otherwise.
extern const db::ListOrders kMenuOrders;

struct MenuPage {
  int64_t total = 0;
  std::vector<v1::IvrMenu> menus;
  std::string next_cursor;
};

class MenuStore {
 public:
  explicit MenuStore(base::TenantId tenant) : tenant_(std::move(tenant)) {}

  // With the options. ALREADY_EXISTS (uq_menu_phone) when another menu answers the number.
  absl::Status Insert(db::Connection& c, const v1::IvrMenu& menu) const;
  // Everything but id and creation time; the options are written anew.
  absl::Status Update(db::Connection& c, const v1::IvrMenu& menu) const;
  absl::StatusOr<std::optional<v1::IvrMenu>> Get(db::Connection& c, const std::string& id) const;
  // An empty parent or number means any.
  absl::StatusOr<MenuPage> List(db::Connection& c, const std::string& parent_menu_id,
                                const std::string& phone_number, const db::ListPage& page) const;
  // All of them, with options.
  absl::StatusOr<std::vector<v1::IvrMenu>> LoadAll(db::Connection& c) const;
  // The same, locked until the transaction ends: writers of a tenant's menus take turns.
  absl::StatusOr<std::vector<v1::IvrMenu>> LockAll(db::Connection& c) const;
  // Another text after each change of the tenant's menus or queues.
  absl::StatusOr<std::string> Version(db::Connection& c) const;
  absl::StatusOr<bool> Delete(db::Connection& c, const std::string& id) const;

 private:
  absl::Status InsertOptions(db::Connection& c, const v1::IvrMenu& menu) const;
  absl::Status DeleteOptions(db::Connection& c, const std::string& id) const;

  base::TenantId tenant_;
};

}  // namespace ctc::routing
