// The tenant's row of call_recording_config; a tenant without one has the defaults.
#pragma once

#include "ctc/recording/v1/recording_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"

namespace ctc::recording {

v1::RecordingConfig DefaultConfig();
absl::StatusOr<v1::RecordingConfig> LoadConfig(db::Connection& c, const base::TenantId& tenant);
absl::Status SaveConfig(db::Connection& c, const base::TenantId& tenant,
                        const v1::RecordingConfig& config);

}  // namespace ctc::recording
