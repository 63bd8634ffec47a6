-- Migration 023: indexes for tenants with much of everything.

ALTER TABLE call_stats_rollup
  ADD KEY idx_rollup_time (dimension, period, tenant_id, bucket_start, dimension_id, status);

ALTER TABLE phone_number_list
  ADD KEY idx_list_newest (tenant_id, created_at);
