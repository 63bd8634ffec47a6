#include "services/recording/store/config_store.h"

#include "libs/base/proto_time.h"

namespace ctc::recording {

v1::RecordingConfig DefaultConfig() {
  v1::RecordingConfig config;
  config.set_storage_type("LOCAL");
  config.set_format("MP3");
  config.set_bitrate_kbps(128);
  config.set_retention_days(90);
  return config;
}

absl::StatusOr<v1::RecordingConfig> LoadConfig(db::Connection& c, const base::TenantId& tenant) {
  CTC_ASSIGN_OR_RETURN(
      const auto rows,
      c.Query("SELECT auto_record, storage_type, format, bitrate_kbps, retention_days,"
              " encryption_enabled, updated_at FROM call_recording_config WHERE tenant_id = ?",
              {tenant.value()}));
  v1::RecordingConfig config = DefaultConfig();
  if (rows.empty()) return config;
  const db::Row& row = rows[0];
  config.set_auto_record(row.Int(0) != 0);
  config.set_storage_type(row.Text(1));
  config.set_format(row.Text(2));
  config.set_bitrate_kbps(static_cast<int>(row.Int(3)));
  config.set_retention_days(static_cast<int>(row.Int(4)));
  config.set_encryption_enabled(row.Int(5) != 0);
  *config.mutable_updated_at() = base::ToProto(row.Time(6));
  return config;
}

absl::Status SaveConfig(db::Connection& c, const base::TenantId& tenant,
                        const v1::RecordingConfig& config) {
  const absl::Time now = base::FromProto(config.updated_at());
  return c
      .Execute(
          "INSERT INTO call_recording_config (tenant_id, auto_record, storage_type, format,"
          " bitrate_kbps, retention_days, encryption_enabled, created_at, updated_at)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE"
          " auto_record = VALUES(auto_record), storage_type = VALUES(storage_type),"
          " format = VALUES(format), bitrate_kbps = VALUES(bitrate_kbps),"
          " retention_days = VALUES(retention_days),"
          " encryption_enabled = VALUES(encryption_enabled), updated_at = VALUES(updated_at)",
          {tenant.value(), int64_t{config.auto_record()}, config.storage_type(), config.format(),
           int64_t{config.bitrate_kbps()}, int64_t{config.retention_days()},
           int64_t{config.encryption_enabled()}, now, now})
      .status();
}

}  // namespace ctc::recording
