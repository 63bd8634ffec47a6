-- Migration 021: keys and idempotency of the edge, agents, recordings, the audit of verdicts,
-- provider health and submissions, figures, rates and billing.

CREATE TABLE IF NOT EXISTS api_key (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(255) NOT NULL COMMENT 'Name for people',
  prefix VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'First characters of the key, to recognise it',
  key_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'SHA-256 of the key in hex; the key itself is nowhere',
  role VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'AGENT, SUPERVISOR, ADMIN',
  scopes VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
    COMMENT 'Comma-separated; the role''s when empty',
  agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'With role AGENT',
  expires_at DATETIME(3) NULL,
  revoked_at DATETIME(3) NULL COMMENT 'Not valid afterwards; kept for the audit',
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_key_hash (key_hash),
  KEY idx_key_tenant (tenant_id, revoked_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='API keys, hashed';

CREATE TABLE IF NOT EXISTS idempotency_key (
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  route VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Method and path template',
  idempotency_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  request_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'SHA-256 of path, query, caller and body in hex',
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'RUNNING, DONE',
  owner CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'The attempt that runs: only it may finish the row',
  lease_until DATETIME(3) NOT NULL COMMENT 'With RUNNING: taken over afterwards',
  http_status INT NOT NULL DEFAULT 0,
  response_body MEDIUMBLOB NULL COMMENT 'The first answer; never of one that holds a secret',
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (tenant_id, route, idempotency_key),
  KEY idx_idempotency_age (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='First answers of POST requests with an Idempotency-Key';

CREATE TABLE IF NOT EXISTS agent (
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'The CRM''s id, or ours',
  name VARCHAR(255) NOT NULL,
  phone VARCHAR(128) NOT NULL COMMENT 'Rung first: E.164, extension or SIP endpoint',
  skills_json TEXT NULL COMMENT 'JSON object: skill to level 1 to 10',
  teams_json TEXT NULL COMMENT 'JSON array of team names',
  capacity INT NOT NULL DEFAULT 1 COMMENT 'Calls at once',
  is_active TINYINT(1) NOT NULL DEFAULT 1,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Agents registered with us; the CRM may have others';

CREATE TABLE IF NOT EXISTS agent_presence (
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'OFFLINE, AVAILABLE, ON_CALL, WRAP_UP, BREAK',
  is_available TINYINT(1) NOT NULL DEFAULT 0,
  since DATETIME(3) NOT NULL,
  live_sessions_json TEXT NULL COMMENT 'JSON array of UUIDs',
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (tenant_id, agent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Where each agent stands now: the fold of activity lines and the feed';

CREATE TABLE IF NOT EXISTS provider_health (
  provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'HEALTHY, DEGRADED, DOWN, UNKNOWN',
  circuit VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'closed, open, half_open',
  consecutive_failures INT NOT NULL DEFAULT 0,
  last_error VARCHAR(512) NOT NULL DEFAULT '',
  checked_at DATETIME(3) NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (provider_id),
  KEY idx_health_tenant (tenant_id, provider_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Last known health of an account, shared by all replicas';

CREATE TABLE IF NOT EXISTS provider_submission (
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUID of the session',
  provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  outcome VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'SENT, ACCEPTED, REFUSED, NOT_SENT, UNKNOWN_OUTCOME',
  provider_call_id VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  response BLOB NULL COMMENT 'The answer given, serialised: a repeated request gets it again',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (session_id, provider_id),
  KEY idx_submission_tenant (tenant_id, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Each call submitted to an account, written before it leaves: dialled at most once';

CREATE TABLE IF NOT EXISTS call_recording (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUID of the session',
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'RECORDING, PAUSED, STOPPED, READY, FAILED',
  recording_url VARCHAR(2048) NOT NULL DEFAULT '' COMMENT 'Where the provider keeps it',
  started_at DATETIME(3) NULL,
  ended_at DATETIME(3) NULL,
  gaps_json TEXT NULL COMMENT 'Pauses: JSON array of {from_ms, to_ms}, unix time',
  retain_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_recording_session (tenant_id, session_id),
  KEY idx_recording_time (tenant_id, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='One recording of a session';

CREATE TABLE IF NOT EXISTS compliance_audit (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'Session to be',
  to_phone VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'E.164',
  agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  verdict VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'ALLOW, DENY, DEFER',
  reasons_json TEXT NOT NULL COMMENT 'JSON array of {code, detail, rule_id}',
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_audit_time (tenant_id, created_at),
  KEY idx_audit_session (tenant_id, session_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Verdicts on calls, written before they are answered';

CREATE TABLE IF NOT EXISTS call_stats_rollup (
  dimension VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'TENANT, AGENT, PROVIDER, CAMPAIGN',
  period VARCHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'ALL, DAY, HOUR',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  dimension_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
    COMMENT 'Empty for TENANT',
  bucket_start DATETIME(3) NOT NULL COMMENT '1970-01-01 for ALL; of the session''s creation',
  status TINYINT NOT NULL COMMENT 'Session.Status of the contract',
  calls BIGINT NOT NULL DEFAULT 0 COMMENT 'Sessions in this status now',
  duration_seconds BIGINT NOT NULL DEFAULT 0
    COMMENT 'Talk seconds added while in this status; only sums over all statuses mean something',
  PRIMARY KEY (dimension, period, tenant_id, dimension_id, bucket_start, status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Counters that the feed keeps, so that no figure counts calls';

CREATE TABLE IF NOT EXISTS call_rate_config (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL means any account',
  destination_prefix VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'Digits after +; the longest prefix wins',
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'ISO 4217',
  rate_per_minute DECIMAL(18,6) NOT NULL,
  connection_fee DECIMAL(18,6) NOT NULL DEFAULT 0,
  increment_seconds INT NOT NULL DEFAULT 60 COMMENT 'Billed in steps of this',
  minimum_seconds INT NOT NULL DEFAULT 0,
  effective_from DATETIME(3) NOT NULL,
  effective_to DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_rate_prefix (tenant_id, destination_prefix, effective_from)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Prices of calls by destination';

CREATE TABLE IF NOT EXISTS call_usage_billing (
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUID: billed once',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  rate_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  billed_seconds INT NOT NULL DEFAULT 0,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount DECIMAL(18,6) NOT NULL,
  billed_at DATETIME(3) NOT NULL,
  PRIMARY KEY (session_id),
  KEY idx_usage_time (tenant_id, billed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='What each ended call costs';
