// Sorts, cursors and the SQL of pages.
#include "libs/db/list_page.h"

#include <charconv>
#include <initializer_list>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"

namespace ctc::db {
namespace {

constexpr int kMostRows = 200;
constexpr size_t kTagBytes = 8;
constexpr size_t kLongestCursor = 4096;
// What follows the id in a cursor.
constexpr char kNull = '0';
constexpr char kValue = '1';

// absl::StrCat of Debian takes no std::string_view.
std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string whole;
  for (const std::string_view part : parts) whole += part;
  return whole;
}

// Tells cursors apart. No proof of origin, which nobody needs: a cursor says where to begin among
// rows that its bearer may read anyway.
std::string TagOf(const ListOrders& orders, const ListSort& sort, const base::TenantId& tenant,
                  std::string_view content) {
  return crypto::Sha256(Joined({orders.list, "\n", sort.descending ? "-" : "", sort.key->name, "\n",
                                tenant.value(), "\n", content}))
      .substr(0, kTagBytes);
}

bool IsById(const ListOrders& orders, const ListSort& sort) {
  return sort.key->column == orders.id;
}

std::optional<int64_t> NumberIn(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Whether a row of the list could be there.
bool IsPossible(const ListOrders& orders, const ListSort& sort, const ListPlace& place) {
  if (place.id.empty()) return false;
  if (IsById(orders, sort)) return !place.value;
  if (!place.value) return sort.key->may_be_null;
  return !sort.key->is_number || NumberIn(*place.value).has_value();
}

std::string AllowedSorts(const ListOrders& orders) {
  std::string names;
  for (const SortKey& key : orders.keys) {
    names += Joined({names.empty() ? "" : ", ", key.name, ", -", key.name});
  }
  return names;
}

}  // namespace

absl::StatusOr<ListSort> ReadSort(const ListOrders& orders, std::string_view sort) {
  if (sort.empty()) sort = orders.usual;
  ListSort found;
  found.descending = sort.starts_with('-');
  if (found.descending) sort.remove_prefix(1);
  for (const SortKey& key : orders.keys) {
    if (key.name == sort) found.key = &key;
  }
  if (found.key != nullptr) return found;
  return base::InvalidField("sort", "must be one of " + AllowedSorts(orders));
}

absl::Status NoSuchCursor() {
  return base::InvalidField("cursor", "is not a next_cursor of this list in this order");
}

std::string WriteCursor(const ListOrders& orders, const ListSort& sort,
                        const base::TenantId& tenant, const ListPlace& place) {
  std::string content = Joined({std::to_string(place.id.size()), " ", place.id});
  content += place.value ? kValue : kNull;
  if (place.value) content += *place.value;
  return crypto::ToBase64Url(TagOf(orders, sort, tenant, content) + content);
}

absl::StatusOr<ListPlace> ReadCursor(const ListOrders& orders, const ListSort& sort,
                                     const base::TenantId& tenant, std::string_view cursor) {
  if (cursor.size() > kLongestCursor) return NoSuchCursor();
  const absl::StatusOr<std::string> bytes = crypto::FromBase64Url(cursor);
  if (!bytes.ok() || bytes->size() <= kTagBytes) return NoSuchCursor();
  std::string_view content = std::string_view(*bytes).substr(kTagBytes);
  if (bytes->substr(0, kTagBytes) != TagOf(orders, sort, tenant, content)) return NoSuchCursor();
  const size_t space = content.find(' ');
  const std::optional<int64_t> length = NumberIn(content.substr(0, space));
  if (space == std::string_view::npos || !length || *length < 0) return NoSuchCursor();
  content.remove_prefix(space + 1);
  const auto id_size = static_cast<size_t>(*length);
  if (content.size() <= id_size) return NoSuchCursor();
  ListPlace place;
  place.id = content.substr(0, id_size);
  if (content[id_size] == kValue) place.value = content.substr(id_size + 1);
  if (!IsPossible(orders, sort, place)) return NoSuchCursor();
  return place;
}

std::string AfterPlace(const ListOrders& orders, const ListSort& sort, const ListPlace& place,
                       Params& params) {
  const std::string_view column = sort.key->column;
  const std::string_view beyond = sort.descending ? " < ?" : " > ?";
  const std::string id_beyond = Joined({orders.id, beyond});
  if (IsById(orders, sort)) {
    params.emplace_back(place.id);
    return Joined({" AND ", id_beyond});
  }
  if (!place.value) {
    params.emplace_back(place.id);
    if (sort.descending) return Joined({" AND ", column, " IS NULL AND ", id_beyond});
    return Joined({" AND (", column, " IS NOT NULL OR ", id_beyond, ")"});
  }
  const Value value =
      sort.key->is_number ? Value(NumberIn(*place.value).value_or(0)) : Value(*place.value);
  params.insert(params.end(), {value, value, place.id});
  if (sort.descending && sort.key->may_be_null) {
    return Joined({" AND (", column, " IS NULL OR ", column, " < ? OR (", column, " = ? AND ",
                   id_beyond, "))"});
  }
  // The first condition is a range of an index, which the others alone are not for every optimiser.
  return Joined({" AND ", column, sort.descending ? " <= ?" : " >= ?", " AND (", column, beyond,
                 " OR ", id_beyond, ")"});
}

std::string OrderBy(const ListOrders& orders, const ListSort& sort) {
  const std::string_view direction = sort.descending ? " DESC" : "";
  if (IsById(orders, sort)) return Joined({" ORDER BY ", orders.id, direction});
  return Joined({" ORDER BY ", sort.key->column, direction, ", ", orders.id, direction});
}

ListPage::ListPage(const ListOrders& orders, base::TenantId tenant, int limit, int offset)
    : orders_(&orders), tenant_(std::move(tenant)), limit_(limit), offset_(offset) {
  if (const auto usual = ReadSort(orders, ""); usual.ok()) sort_ = *usual;
}

absl::Status ListPage::Begin(std::string_view sort, std::string_view cursor) {
  if (limit_ < 1 || limit_ > kMostRows) return base::InvalidField("limit", "must be 1 to 200");
  if (offset_ < 0) return base::InvalidField("offset", "must not be negative");
  CTC_ASSIGN_OR_RETURN(sort_, ReadSort(*orders_, sort));
  if (cursor.empty()) return absl::OkStatus();
  if (offset_ > 0) return base::InvalidField("offset", "must be 0 where a cursor says the place");
  CTC_ASSIGN_OR_RETURN(after_, ReadCursor(*orders_, sort_, tenant_, cursor));
  return absl::OkStatus();
}

std::string ListPage::CursorAfter(std::string_view id) const {
  ListPlace place;
  place.id = id;
  return WriteCursor(*orders_, sort_, tenant_, place);
}

std::string ListPage::Clauses(Params& params) const {
  std::string clauses;
  if (!after_.id.empty()) clauses = AfterPlace(*orders_, sort_, after_, params);
  clauses += OrderBy(*orders_, sort_);
  clauses += " LIMIT ? OFFSET ?";
  params.insert(params.end(), {int64_t{limit_} + 1, int64_t{offset_}});
  return clauses;
}

absl::StatusOr<ListRows> ListPage::Select(Connection& c, std::string_view select,
                                          Params params) const {
  const std::string sql = std::string(select) + Clauses(params);
  absl::StatusOr<Rows> rows = c.Query(sql, params);
  // Our own cursors come from the columns.
  const bool forged = !after_.id.empty() && base::IsError(rows.status(), base::kInternal) &&
                      IsDataError(rows.status());
  if (forged) return NoSuchCursor();
  if (!rows.ok()) return rows.status();
  return Cut(*std::move(rows));
}

ListRows ListPage::Cut(Rows rows) const {
  ListRows page;
  page.rows = std::move(rows);
  const auto most = static_cast<size_t>(limit_);
  if (page.rows.size() <= most) return page;
  page.rows.erase(page.rows.begin() + limit_, page.rows.end());
  const Row& last = page.rows.back();
  ListPlace place;
  place.id = last.Text(orders_->id_place);
  if (!IsById(*orders_, sort_)) place.value = last.OptionalText(sort_.key->place);
  page.next_cursor = WriteCursor(*orders_, sort_, tenant_, place);
  return page;
}

}  // namespace ctc::db
