// Rows of phone_number_list. Every statement names the tenant.
#pragma once

#include <string>
#include <vector>

#include "ctc/recording/v1/recording_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"
#include "services/recording/domain/compliance.h"

namespace ctc::recording {

struct PhoneNumberFilter {
  std::string list_type;     // empty: all
  std::string phone_number;  // E.164; empty: all
};

// Newest first unless asked otherwise.
extern const db::ListOrders kPhoneNumberOrders;

struct PhoneNumberPage {
  int64_t total = 0;
  std::vector<v1::PhoneNumber> numbers;
  std::string next_cursor;
};

// Functions of one transaction: `c` is the connection inside it.
class PhoneListStore {
 public:
  explicit PhoneListStore(const base::TenantId& tenant) : tenant_(tenant) {}

  // ALREADY_EXISTS when the number is on that list.
  absl::Status Insert(db::Connection& c, const v1::PhoneNumber& number) const;
  // Puts them on their lists for good; returns how many were not there, or for a time or another
  // reason only. No reason given leaves the one there is.
  absl::StatusOr<int64_t> Put(db::Connection& c, const std::vector<v1::PhoneNumber>& numbers) const;
  // Makes room for `number` where its place is taken by an entry that the checks ignore.
  absl::Status DeleteExpired(db::Connection& c, const v1::PhoneNumber& number,
                             absl::Time now) const;
  // Locks the row until the transaction ends when `for_update`.
  absl::StatusOr<v1::PhoneNumber> Get(db::Connection& c, const std::string& id,
                                      bool for_update) const;
  absl::StatusOr<PhoneNumberPage> List(db::Connection& c, const PhoneNumberFilter& filter,
                                       const db::ListPage& page) const;
  absl::Status Update(db::Connection& c, const v1::PhoneNumber& number, absl::Time now) const;
  // False when there was none.
  absl::StatusOr<bool> Delete(db::Connection& c, const std::string& id) const;
  // What the compliance check needs of all lists; policy.lists_are_whole is false, and they stay
  // empty, when there are more than `limit` entries.
  absl::Status LoadPolicy(db::Connection& c, int limit, Policy& policy) const;
  // What it needs of one number.
  absl::StatusOr<std::vector<ListEntry>> EntriesOf(db::Connection& c,
                                                   const std::string& phone_number) const;

 private:
  const base::TenantId& tenant_;
};

}  // namespace ctc::recording
