-- Migration 024: indexes for tenants with much of everything; recordings are kept as long as their tenant says.

ALTER TABLE call_stats_rollup
  ADD KEY idx_rollup_time (dimension, period, tenant_id, bucket_start, dimension_id, status);

ALTER TABLE phone_number_list
  ADD KEY idx_list_newest (tenant_id, created_at);

ALTER TABLE call_recording
  ADD KEY idx_recording_retain (state, retain_until);

-- What was recorded before is kept from now on as what is recorded from now on.
UPDATE call_recording AS r LEFT JOIN call_recording_config AS c ON c.tenant_id = r.tenant_id
  SET r.retain_until = UTC_TIMESTAMP(3) + INTERVAL COALESCE(c.retention_days, 90) DAY
  WHERE r.state = 'READY' AND r.retain_until IS NULL;
