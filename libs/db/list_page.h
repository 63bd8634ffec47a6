// Pages of the lists that callers see: the orders a list may be asked for in, where a page begins,
// and the cursor of the page after it. A cursor names the last row of a page, so that rows written
// meanwhile move nothing, and a page deep in a list costs no more than the first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libs/base/error.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/db/database.h"

namespace ctc::db {

// What a list may be sorted by. Offer what an index serves, or what a tenant has few of. Of a list
// that grows for ever the SELECT says FORCE INDEX, with all that serve it: else MariaDB thinks of
// reading the whole table, and goes through the rows in front of a page far behind.
struct SortKey {
  std::string_view name;  // for callers, who put "-" before it for the reverse
  std::string_view column;
  size_t place = 0;  // of the column in the list's SELECT
  bool is_number = false;
  bool may_be_null = false;  // NULL is the least of all, as MySQL has it
};

struct ListOrders {
  std::string_view list;   // a name of its own: a cursor is good for one list
  std::string_view usual;  // the sort of those who ask for none
  std::span<const SortKey> keys;
  std::string_view id = "id";  // column that settles ties: no two rows of a tenant have the same
  size_t id_place = 0;
};

struct ListSort {
  const SortKey* key = nullptr;
  bool descending = false;
};

// The last row of a page.
struct ListPlace {
  std::string id;
  std::optional<std::string> value;  // of the sort's column, as MySQL prints it; NULL: none
};

// Empty: the usual one. Error: VALIDATION_FAILED for `sort`, with those there are.
absl::StatusOr<ListSort> ReadSort(const ListOrders& orders, std::string_view sort);

// The cursor of `place`, and back. Error: VALIDATION_FAILED for `cursor` when it was made for
// another list, sort or tenant, or by somebody else.
std::string WriteCursor(const ListOrders& orders, const ListSort& sort,
                        const base::TenantId& tenant, const ListPlace& place);
absl::StatusOr<ListPlace> ReadCursor(const ListOrders& orders, const ListSort& sort,
                                     const base::TenantId& tenant, std::string_view cursor);
absl::Status NoSuchCursor();

// " AND ..." that leaves the rows behind `place`; its values go to `params`.
std::string AfterPlace(const ListOrders& orders, const ListSort& sort, const ListPlace& place,
                       Params& params);
// " ORDER BY ..." without ties.
std::string OrderBy(const ListOrders& orders, const ListSort& sort);

struct ListRows {
  Rows rows;
  std::string next_cursor;  // empty: this was the last page
};

// A checked request for a page of a tenant's list. `orders` outlive it.
class ListPage {
 public:
  // The first one in the usual order.
  ListPage(const ListOrders& orders, base::TenantId tenant, int limit = 50, int offset = 0);

  // Of a list rpc: its limit, offset, cursor and sort. Errors: VALIDATION_FAILED.
  template <class Request>
  static absl::StatusOr<ListPage> Of(const ListOrders& orders, const base::TenantId& tenant,
                                     const Request& request) {
    ListPage page(orders, tenant);
    if (request.has_limit()) page.limit_ = request.limit();
    if (request.has_offset()) page.offset_ = request.offset();
    CTC_RETURN_IF_ERROR(page.Begin(request.sort(), request.cursor()));
    return page;
  }

  int limit() const { return limit_; }
  int offset() const { return offset_; }
  bool descending() const { return sort_.descending; }
  // Empty: from the beginning.
  const std::string& after_id() const { return after_.id; }
  // For lists in the order of their ids.
  std::string CursorAfter(std::string_view id) const;

  // Conditions, order and bounds of this page, and of one row more. To follow a WHERE clause.
  std::string Clauses(Params& params) const;
  // Rows of `select`, a constant text that ends with its WHERE clause. The places of its columns
  // are those of the list's orders.
  absl::StatusOr<ListRows> Select(Connection& c, std::string_view select, Params params) const;
  // The same of rows that Clauses() asked for.
  ListRows Cut(Rows rows) const;

  // What every list's response says of its page.
  template <class Response>
  void Describe(int64_t total, const std::string& next_cursor, Response& response) const {
    response.set_total(static_cast<int32_t>(std::min<int64_t>(total, INT32_MAX)));
    response.set_limit(limit_);
    response.set_offset(offset_);
    if (!next_cursor.empty()) response.set_next_cursor(next_cursor);
  }

 private:
  absl::Status Begin(std::string_view sort, std::string_view cursor);

  const ListOrders* orders_;
  base::TenantId tenant_;
  int limit_;
  int offset_;
  ListSort sort_;
  ListPlace after_;
};

}  // namespace ctc::db
