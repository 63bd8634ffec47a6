-- Migration 026: a tenant's webhooks in one state are found without the rest; recordings that failed say why.

ALTER TABLE click_to_call_webhook_log
  ADD KEY idx_webhook_state (tenant_id, state, received_at);

ALTER TABLE call_recording
  ADD COLUMN error_message VARCHAR(1024) NOT NULL DEFAULT '' COMMENT 'With FAILED: why' AFTER recording_url;
