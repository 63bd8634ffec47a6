-- Migration 027: calls in which somebody waits are not behind thousands that fell silent together.

ALTER TABLE click_to_call_session
  ADD COLUMN watched_closely TINYINT(1) NOT NULL DEFAULT 0
    COMMENT '1: something is to be done for somebody in the call, or it has ended; looked at before those that are only silent'
    AFTER watchdog_at,
  DROP KEY idx_watchdog,
  ADD KEY idx_watchdog (watched_closely, watchdog_at);
