#include "services/routing/store/menu_store.h"

#include <map>

#include "libs/base/proto_time.h"
#include "libs/transcoding/json_writer.h"
#include "services/routing/store/json_column.h"

namespace ctc::routing {
namespace {

#define CTC_MENU_COLUMNS                                                                 \
  "SELECT id, menu_name, parent_menu_id, phone_number, prompt_text, prompt_audio_url,"   \
  " language, timeout_seconds, max_retries, is_active, business_hours_json, created_at," \
  " updated_at FROM ivr_menu "
#define CTC_MENU_FILTER \
  "WHERE tenant_id = ? AND (? = '' OR parent_menu_id = ?) AND (? = '' OR phone_number = ?)"
#define CTC_OPTION_COLUMNS                                                                 \
  "SELECT o.menu_id, o.id, o.dtmf_key, o.label, o.action, o.action_json, o.target_menu_id" \
  " FROM ivr_menu_option o "
#define CTC_OPTION_ORDER " ORDER BY o.menu_id, o.sort_order, o.dtmf_key"
// Which rows there are and when each was changed. The newest stamp alone hides what a process whose
// clock is behind changed. Weighted, since the CRCs of two rows that go from one stamp to another
// together differ by the same bits.
#define CTC_STAMPS \
  "CONCAT(COUNT(*), ' ', COALESCE(SUM(CRC32(id) * CRC32(CONCAT(id, updated_at))), 0))"

absl::StatusOr<v1::IvrMenu> MenuFrom(const db::Row& row) {
  v1::IvrMenu menu;
  menu.set_id(row.Text(0));
  menu.set_menu_name(row.Text(1));
  if (!row.IsNull(2)) menu.set_parent_menu_id(row.Text(2));
  if (!row.IsNull(3)) menu.set_phone_number(row.Text(3));
  menu.set_prompt_text(row.Text(4));
  if (!row.IsNull(5)) menu.set_prompt_audio_url(row.Text(5));
  menu.set_language(row.Text(6));
  menu.set_timeout_seconds(static_cast<int>(row.Int(7)));
  menu.set_max_retries(static_cast<int>(row.Int(8)));
  menu.set_is_active(row.Int(9) != 0);
  CTC_RETURN_IF_ERROR(ReadJsonColumn("business_hours", row.Text(10), menu));
  *menu.mutable_created_at() = base::ToProto(row.Time(11));
  *menu.mutable_updated_at() = base::ToProto(row.Time(12));
  return menu;
}

absl::StatusOr<v1::IvrMenuOption> OptionFrom(const db::Row& row) {
  v1::IvrMenuOption option;
  option.set_id(row.Text(1));
  option.set_dtmf_key(row.Text(2));
  option.set_label(row.Text(3));
  v1::IvrMenuOption::Action action = v1::IvrMenuOption::ACTION_UNSPECIFIED;
  v1::IvrMenuOption::Action_Parse(row.Text(4), &action);
  option.set_action(action);
  CTC_RETURN_IF_ERROR(ReadJsonColumn("action_json", row.Text(5), option));
  if (!row.IsNull(6)) option.set_target_menu_id(row.Text(6));
  return option;
}

// `options` are rows of any of the menus.
absl::StatusOr<std::vector<v1::IvrMenu>> Join(const db::Rows& rows, const db::Rows& options) {
  std::vector<v1::IvrMenu> menus;
  std::map<std::string, size_t> index;
  for (const db::Row& row : rows) {
    CTC_ASSIGN_OR_RETURN(v1::IvrMenu menu, MenuFrom(row));
    index.emplace(menu.id(), menus.size());
    menus.push_back(std::move(menu));
  }
  for (const db::Row& row : options) {
    const auto menu = index.find(row.Text(0));
    if (menu == index.end()) continue;
    CTC_ASSIGN_OR_RETURN(*menus[menu->second].add_options(), OptionFrom(row));
  }
  return menus;
}

db::Value JsonOrNull(const google::protobuf::Struct& json) {
  if (json.fields().empty()) return db::Null{};
  return transcoding::ToJson(json);
}

constexpr db::SortKey kSortKeys[] = {{"menu_name", "menu_name", 1},
                                     {"created_at", "created_at", 11}};

}  // namespace

const db::ListOrders kMenuOrders = {"ivr_menus", "menu_name", kSortKeys};

absl::Status MenuStore::Insert(db::Connection& c, const v1::IvrMenu& menu) const {
  CTC_RETURN_IF_ERROR(
      c.Execute("INSERT INTO ivr_menu (id, tenant_id, menu_name, parent_menu_id, phone_number,"
                " prompt_text, prompt_audio_url, language, timeout_seconds, max_retries, is_active,"
                " business_hours_json, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                {menu.id(), tenant_.value(), menu.menu_name(),
                 db::TextOrNull(menu.parent_menu_id()), db::TextOrNull(menu.phone_number()),
                 db::TextOrNull(menu.prompt_text()), db::TextOrNull(menu.prompt_audio_url()),
                 menu.language(), int64_t{menu.timeout_seconds()}, int64_t{menu.max_retries()},
                 int64_t{menu.is_active()}, JsonOrNull(menu.business_hours()),
                 base::FromProto(menu.created_at()), base::FromProto(menu.updated_at())})
          .status());
  return InsertOptions(c, menu);
}

absl::Status MenuStore::InsertOptions(db::Connection& c, const v1::IvrMenu& menu) const {
  if (menu.options().empty()) return absl::OkStatus();
  db::Params params;
  for (int i = 0; i < menu.options_size(); ++i) {
    const v1::IvrMenuOption& option = menu.options(i);
    const db::Params row = {option.id(),
                            tenant_.value(),
                            menu.id(),
                            option.dtmf_key(),
                            option.label(),
                            v1::IvrMenuOption::Action_Name(option.action()),
                            JsonOrNull(option.action_json()),
                            db::TextOrNull(option.target_menu_id()),
                            int64_t{i},
                            base::FromProto(menu.updated_at()),
                            base::FromProto(menu.updated_at())};
    params.insert(params.end(), row.begin(), row.end());
  }
  return c
      .ExecuteRows(
          "INSERT INTO ivr_menu_option (id, tenant_id, menu_id, dtmf_key, label, action,"
          " action_json, target_menu_id, sort_order, created_at, updated_at)",
          11, params)
      .status();
}

absl::Status MenuStore::DeleteOptions(db::Connection& c, const std::string& id) const {
  return c
      .Execute("DELETE FROM ivr_menu_option WHERE tenant_id = ? AND menu_id = ?",
               {tenant_.value(), id})
      .status();
}

absl::Status MenuStore::Update(db::Connection& c, const v1::IvrMenu& menu) const {
  CTC_RETURN_IF_ERROR(
      c.Execute("UPDATE ivr_menu SET menu_name = ?, parent_menu_id = ?, phone_number = ?,"
                " prompt_text = ?, prompt_audio_url = ?, language = ?, timeout_seconds = ?,"
                " max_retries = ?, is_active = ?, business_hours_json = ?, updated_at = ?"
                " WHERE tenant_id = ? AND id = ?",
                {menu.menu_name(), db::TextOrNull(menu.parent_menu_id()),
                 db::TextOrNull(menu.phone_number()), db::TextOrNull(menu.prompt_text()),
                 db::TextOrNull(menu.prompt_audio_url()), menu.language(),
                 int64_t{menu.timeout_seconds()}, int64_t{menu.max_retries()},
                 int64_t{menu.is_active()}, JsonOrNull(menu.business_hours()),
                 base::FromProto(menu.updated_at()), tenant_.value(), menu.id()})
          .status());
  CTC_RETURN_IF_ERROR(DeleteOptions(c, menu.id()));
  return InsertOptions(c, menu);
}

absl::StatusOr<std::optional<v1::IvrMenu>> MenuStore::Get(db::Connection& c,
                                                          const std::string& id) const {
  const db::Params params = {tenant_.value(), id};
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       c.Query(CTC_MENU_COLUMNS "WHERE tenant_id = ? AND id = ?", params));
  if (rows.empty()) return std::nullopt;
  CTC_ASSIGN_OR_RETURN(
      const db::Rows options,
      c.Query(CTC_OPTION_COLUMNS "WHERE o.tenant_id = ? AND o.menu_id = ?" CTC_OPTION_ORDER,
              params));
  CTC_ASSIGN_OR_RETURN(std::vector<v1::IvrMenu> menus, Join(rows, options));
  return std::move(menus[0]);
}

absl::StatusOr<MenuPage> MenuStore::List(db::Connection& c, const std::string& parent_menu_id,
                                         const std::string& phone_number,
                                         const db::ListPage& page) const {
  MenuPage found;
  db::Params params = {tenant_.value(), parent_menu_id, parent_menu_id, phone_number, phone_number};
  CTC_ASSIGN_OR_RETURN(const db::Rows count,
                       c.Query("SELECT COUNT(*) FROM ivr_menu " CTC_MENU_FILTER, params));
  found.total = count[0].Int(0);
  CTC_ASSIGN_OR_RETURN(db::ListRows listed,
                       page.Select(c, CTC_MENU_COLUMNS CTC_MENU_FILTER, params));
  const std::string clauses = page.Clauses(params);
  params.push_back(tenant_.value());
  CTC_ASSIGN_OR_RETURN(
      const db::Rows options,
      // lint-allow(sql): the clauses are made of constant texts
      c.Query(CTC_OPTION_COLUMNS "JOIN (SELECT id FROM ivr_menu " CTC_MENU_FILTER + clauses +
                  ") page ON page.id = o.menu_id"
                  " WHERE o.tenant_id = ?" CTC_OPTION_ORDER,
              params));
  CTC_ASSIGN_OR_RETURN(found.menus, Join(listed.rows, options));
  found.next_cursor = std::move(listed.next_cursor);
  return found;
}

absl::StatusOr<std::vector<v1::IvrMenu>> MenuStore::LoadAll(db::Connection& c) const {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       c.Query(CTC_MENU_COLUMNS "WHERE tenant_id = ?", {tenant_.value()}));
  CTC_ASSIGN_OR_RETURN(
      const db::Rows options,
      c.Query(CTC_OPTION_COLUMNS "WHERE o.tenant_id = ?" CTC_OPTION_ORDER, {tenant_.value()}));
  return Join(rows, options);
}

absl::StatusOr<std::vector<v1::IvrMenu>> MenuStore::LockAll(db::Connection& c) const {
  CTC_RETURN_IF_ERROR(
      c.Query("SELECT id FROM ivr_menu WHERE tenant_id = ? FOR UPDATE", {tenant_.value()})
          .status());
  return LoadAll(c);
}

absl::StatusOr<std::string> MenuStore::Version(db::Connection& c) const {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       c.Query("SELECT (SELECT " CTC_STAMPS " FROM ivr_menu WHERE tenant_id = ?),"
                               " (SELECT " CTC_STAMPS " FROM call_queue WHERE tenant_id = ?)",
                               {tenant_.value(), tenant_.value()}));
  return absl::StrCat(rows[0].Text(0), " ", rows[0].Text(1));
}

absl::StatusOr<bool> MenuStore::Delete(db::Connection& c, const std::string& id) const {
  CTC_RETURN_IF_ERROR(DeleteOptions(c, id));
  CTC_ASSIGN_OR_RETURN(
      const int64_t gone,
      c.Execute("DELETE FROM ivr_menu WHERE tenant_id = ? AND id = ?", {tenant_.value(), id}));
  return gone > 0;
}

}  // namespace ctc::routing
