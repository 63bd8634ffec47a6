// The webhook log for people: list, read, replay.
#pragma once

#include "ctc/webhook/v1/webhook_service.pb.h"
#include "libs/base/clock.h"
#include "libs/db/database.h"
#include "libs/rpc/channel.h"
#include "services/webhook/domain/log_entry.h"
#include "services/webhook/store/webhook_log.h"

namespace ctc::webhook {

// Rpcs of the log. Thread-safe. Another tenant's line answers like one that is not there.
class LogRpc {
 public:
  // The references outlive this object.
  LogRpc(rpc::Channel& session, db::Database& database, const base::Clock& clock);

  Task<absl::StatusOr<v1::ListWebhookLogsResponse>> ListWebhookLogs(
      rpc::Context context, const v1::ListWebhookLogsRequest& request);
  Task<absl::StatusOr<v1::GetWebhookLogResponse>> GetWebhookLog(
      rpc::Context context, const v1::GetWebhookLogRequest& request);
  Task<absl::StatusOr<v1::ReplayWebhookResponse>> ReplayWebhook(
      rpc::Context context, const v1::ReplayWebhookRequest& request);

 private:
  Task<std::vector<std::string>> NamesOf(const rpc::Context& context, std::string session);
  Task<absl::StatusOr<LogEntry>> Find(const rpc::Context& context, const std::string& id);
  Task<absl::StatusOr<v1::ReplayWebhookResponse>> Apply(const rpc::Context& context,
                                                        const LogEntry& entry);

  rpc::Channel& session_;
  db::Database& database_;
  const base::Clock& clock_;
};

}  // namespace ctc::webhook
