-- Migration 020: the legs of a call, the ordered feed of what happened, and what followers of the
-- feed need: cursors and leases.

CREATE TABLE IF NOT EXISTS call_leg (
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUID of the session',
  leg_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'agent, customer, ...',
  party VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'AGENT, CUSTOMER, CONSULT, SUPERVISOR',
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'DIALLING, RINGING, ANSWERED, ENDED',
  provider_leg_id VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
    COMMENT 'The provider''s id of this leg',
  phone VARCHAR(128) NOT NULL DEFAULT '' COMMENT 'Number or endpoint of the party',
  ringing_at DATETIME(3) NULL,
  answered_at DATETIME(3) NULL,
  ended_at DATETIME(3) NULL,
  cause VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  PRIMARY KEY (session_id, leg_id),
  KEY idx_leg_provider (tenant_id, provider_leg_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='One connection to one party of a session';

CREATE TABLE IF NOT EXISTS call_event (
  seq BIGINT NOT NULL COMMENT 'Position in the feed: without gaps, in the order of commit',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUID of the session',
  public_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Its sess_ id',
  type VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'session.ringing, ...',
  occurred_at DATETIME(3) NOT NULL COMMENT 'When it happened, by the best clock known',
  recorded_at DATETIME(3) NOT NULL COMMENT 'When it was written down',
  session_created_at DATETIME(3) NOT NULL COMMENT 'A call counts in the interval it was offered',
  old_status TINYINT NOT NULL DEFAULT 0 COMMENT 'Session.Status of the contract; 0 none',
  new_status TINYINT NOT NULL DEFAULT 0 COMMENT 'Session.Status of the contract',
  duration_delta_seconds INT NOT NULL DEFAULT 0 COMMENT 'Change of the talk seconds',
  known_by TINYINT NOT NULL DEFAULT 0 COMMENT 'KnownBy of the contract',
  party TINYINT NOT NULL DEFAULT 0 COMMENT 'Leg.Party of the contract; 0 none',
  fact_kind TINYINT NOT NULL DEFAULT 0 COMMENT 'CallFact.Kind of the contract; 0 our own step',
  end_reason TINYINT NOT NULL DEFAULT 0 COMMENT 'EndReason of the contract; 0 none',
  provider_type TINYINT NOT NULL DEFAULT 0 COMMENT 'ProviderType of the contract',
  is_late TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'Arrived after a later one',
  agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  provider_id VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  campaign_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  provider_leg_id VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  detail VARCHAR(1024) NOT NULL DEFAULT '' COMMENT 'What the provider or client said',
  PRIMARY KEY (seq),
  KEY idx_event_session (tenant_id, session_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='The feed: every change of every session, in one order';

CREATE TABLE IF NOT EXISTS feed_sequence (
  id INT NOT NULL COMMENT 'Always 1',
  last_seq BIGINT NOT NULL COMMENT 'Newest seq given out; the row lock orders writers',
  writes BIGINT NOT NULL DEFAULT 0 COMMENT 'Batches written: tells a writer whether its cache is current',
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Gap-free numbers for call_event, taken inside the writing transaction';

INSERT IGNORE INTO feed_sequence (id, last_seq) VALUES (1, 0);

CREATE TABLE IF NOT EXISTS event_cursor (
  consumer VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Name of the follower',
  seq BIGINT NOT NULL COMMENT 'Effects up to here are committed',
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (consumer)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='How far each follower of the feed is';

CREATE TABLE IF NOT EXISTS lease (
  name VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'What must be single',
  holder VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Process that has it',
  fencing_token BIGINT NOT NULL COMMENT 'Rises with every change of holder',
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Who does what only one may do';
