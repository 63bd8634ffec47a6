-- Migration 022: inbound calls with their menus and queues, transfers, more than two parties.

ALTER TABLE click_to_call_session
  ADD COLUMN parent_session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'Session this one took over by a transfer',
  ADD COLUMN conversation_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'First session of the conversation; NULL: this one',
  ADD COLUMN flow MEDIUMBLOB NULL COMMENT 'Serialised way through menus and queues';

ALTER TABLE ivr_menu
  ADD COLUMN business_hours_json TEXT NULL COMMENT 'When it is open, a JSON object; NULL: always',
  ADD UNIQUE KEY uq_menu_phone (tenant_id, phone_number);

CREATE TABLE IF NOT EXISTS call_queue (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  queue_name VARCHAR(255) NOT NULL COMMENT 'Name for people',
  strategy VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'LONGEST_IDLE, ROUND_ROBIN, LEAST_OCCUPIED, SKILL_PRIORITY',
  required_skills_json TEXT NULL COMMENT 'Least level by skill name, a JSON object',
  teams_json TEXT NULL COMMENT 'JSON array; empty: any',
  max_wait_seconds INT NOT NULL DEFAULT 300 COMMENT '0: no limit',
  max_callers INT NOT NULL DEFAULT 0 COMMENT '0: no limit',
  ring_seconds INT NOT NULL DEFAULT 20 COMMENT 'How long an agent''s phone rings',
  music_url VARCHAR(1024) NULL,
  overflow VARCHAR(128) NOT NULL DEFAULT 'HANG_UP' COMMENT 'VOICEMAIL, HANG_UP or a number',
  is_active TINYINT(1) NOT NULL DEFAULT 1,
  last_offered_agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT ''
    COMMENT 'Where ROUND_ROBIN goes on',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_queue_name (tenant_id, queue_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Queues of callers and how their agents are picked';

CREATE TABLE IF NOT EXISTS queue_entry (
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUID of the session',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  queue_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  entered_at DATETIME(3) NOT NULL,
  last_seen_at DATETIME(3) NOT NULL COMMENT 'When the caller last asked for the next step',
  offered_agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
    COMMENT 'Agent whose phone rings for this caller',
  offer_expires_at DATETIME(3) NULL COMMENT 'When the reservation of that agent lapses',
  PRIMARY KEY (session_id),
  UNIQUE KEY uq_queue_offer (tenant_id, offered_agent_id),
  KEY idx_queue_order (tenant_id, queue_id, entered_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Callers waiting in queues, and the agents reserved for them';

ALTER TABLE call_transfer
  ADD COLUMN to_queue_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'With a queue as target',
  ADD COLUMN leg_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
    COMMENT 'Leg of the target in the session handed over';

ALTER TABLE provider_submission
  ADD COLUMN leg_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'customer'
    COMMENT 'Which leg was asked for',
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (session_id, provider_id, leg_id);
