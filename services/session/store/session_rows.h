// Rows of click_to_call_session and values: one place that knows the columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/db/database.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

// The columns of a whole record, in the order RecordOfRow reads them, as constant text.
std::string_view RecordColumns();
absl::StatusOr<Record> RecordOfRow(const db::Row& row);

using Statements = std::vector<db::RowsStatement>;

// These add to `statements` what is to be executed in their order.
void InsertRecords(const std::vector<RecordPtr>& records, Statements& statements);
// What facts and the submission change, for rows that exist.
void UpdateRecords(const std::vector<RecordPtr>& records, Statements& statements);
// What a provider's answer to the submission changes, for rows that exist.
void UpdateSubmissions(const std::vector<RecordPtr>& records, Statements& statements);
// Puts the statements of `rows` behind those that are there.
void Append(db::RowsText rows, Statements& statements);

// What changes rarely: the account and number of a next candidate; the agent's notes.
absl::Status UpdateRoute(db::Connection& connection, const Record& record);
absl::Status UpdateWrapUp(db::Connection& connection, const Record& record);
// The way of an inbound caller, and the agent it leads to.
absl::Status UpdateFlow(db::Connection& connection, const Record& record);

// Records by UUID, of any tenant: the caller compares. Absent ids are left out.
absl::StatusOr<std::vector<Record>> SelectByIds(db::Connection& connection,
                                                const std::vector<std::string>& ids);
absl::StatusOr<std::vector<Record>> SelectBySessionId(db::Connection& connection,
                                                      const base::TenantId& tenant,
                                                      const std::string& session_id);
absl::StatusOr<std::vector<Record>> SelectByIdempotencyKey(db::Connection& connection,
                                                           const base::TenantId& tenant,
                                                           const std::string& key);
absl::StatusOr<std::vector<Record>> SelectByDialGuard(db::Connection& connection,
                                                      const std::string& guard);
// By the provider's id of the call, or of one of its legs.
absl::StatusOr<std::vector<Record>> SelectByProviderCall(db::Connection& connection,
                                                         const base::TenantId& tenant,
                                                         const std::string& provider_id,
                                                         const std::string& provider_call_id);

// "?,?,?,?" filled up to a few fixed sizes (the last id repeated), so that few texts are prepared.
struct IdList {
  std::string placeholders;
  db::Params params;
};
IdList MakeIdList(const std::vector<std::string>& ids, size_t begin, size_t end);

}  // namespace ctc::session::store
