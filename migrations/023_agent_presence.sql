-- Migration 023: agent_presence is kept with each line of an agent's day, so that nobody has to read
-- the day to know where an agent stands.

ALTER TABLE agent_presence
  MODIFY COLUMN state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'As shown: OFFLINE, AVAILABLE, ON_CALL, WRAP_UP, BREAK',
  ADD COLUMN chosen VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
    COMMENT 'What holds between calls: AVAILABLE, WRAP_UP, BREAK, OFFLINE; empty: never said'
    AFTER state,
  MODIFY COLUMN is_available TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'Takes calls, calls aside',
  ADD COLUMN reason VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'Of what was chosen' AFTER is_available,
  MODIFY COLUMN live_sessions_json TEXT NULL
    COMMENT 'JSON array of {id, since_ms, talks, by_client}, unix time',
  MODIFY COLUMN updated_at DATETIME(3) NOT NULL COMMENT 'Of the last line';

-- Calls under way are known from their next event on.
INSERT IGNORE INTO agent_presence (tenant_id, agent_id, state, chosen, is_available, reason, since,
                                   live_sessions_json, updated_at)
SELECT l.tenant_id, l.agent_id,
       CASE l.activity_type WHEN 'WRAP_UP' THEN 'WRAP_UP' WHEN 'ON_BREAK' THEN 'BREAK'
                            WHEN 'LOGOUT' THEN 'OFFLINE' ELSE 'AVAILABLE' END,
       CASE l.activity_type WHEN 'WRAP_UP' THEN 'WRAP_UP' WHEN 'ON_BREAK' THEN 'BREAK'
                            WHEN 'LOGOUT' THEN 'OFFLINE' ELSE 'AVAILABLE' END,
       l.is_available AND l.activity_type IN ('LOGIN', 'IDLE'), l.reason, l.created_at, '[]',
       l.created_at
FROM agent_activity_log l
JOIN (SELECT MAX(id) AS id FROM agent_activity_log
      WHERE source = 'CLIENT' AND activity_type <> 'ON_CALL'
      GROUP BY tenant_id, agent_id) newest ON newest.id = l.id;
