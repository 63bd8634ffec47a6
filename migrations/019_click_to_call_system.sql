-- Migration 019: Click-to-Call System (13 tables).
-- Joins a CRM's own series of migrations. Valid on MariaDB 10.11 and MySQL 8, and safe to repeat.
--
-- Habits of every table: ids are UUIDv7 text; tenant_id leads every secondary index that serves a
-- tenant's query; times are UTC; closed lists are upper-case words named in the column's comment
-- (a new word needs no ALTER); ids given by the CRM compare byte for byte.

CREATE TABLE IF NOT EXISTS voip_provider (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  provider_name VARCHAR(255) NOT NULL COMMENT 'Name for people',
  provider_type VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'ASTERISK, SIP, MCUBE, EXOTEL, TWILIO, VONAGE',
  api_url VARCHAR(1024) NOT NULL DEFAULT '' COMMENT 'Base URL of the provider''s API',
  credentials BLOB NULL COMMENT 'All credentials, sealed (AES-256-GCM); never readable by SQL',
  credentials_set VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
    COMMENT 'Comma-separated names of the credentials that are set',
  phone_number VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
    COMMENT 'Number shown by default, E.164',
  caller_id VARCHAR(128) NOT NULL DEFAULT '' COMMENT 'Name shown with the number',
  dial_plan_prefix VARCHAR(32) NOT NULL DEFAULT '' COMMENT 'Put before the number when dialling',
  callback_url VARCHAR(1024) NOT NULL DEFAULT ''
    COMMENT 'Public base URL for webhooks; the installation''s own when empty',
  account_sid VARCHAR(128) NOT NULL DEFAULT '' COMMENT 'Twilio''s AC..., Exotel''s account',
  application_id VARCHAR(128) NOT NULL DEFAULT '' COMMENT 'Vonage''s application',
  region VARCHAR(64) NOT NULL DEFAULT '' COMMENT 'Region or edge of the provider',
  settings_json TEXT NULL COMMENT 'Settings of the type, a JSON object',
  is_active TINYINT(1) NOT NULL DEFAULT 1 COMMENT 'Calls are placed only through active accounts',
  retry_count INT NOT NULL DEFAULT 3 COMMENT 'Accounts tried for one call, this one included',
  timeout_seconds INT NOT NULL DEFAULT 30 COMMENT 'Longest wait for the provider''s answer',
  priority INT NOT NULL DEFAULT 1 COMMENT '1 is tried first',
  version BIGINT NOT NULL DEFAULT 1 COMMENT 'Rises with every change',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_tenant_active (tenant_id, is_active, priority),
  KEY idx_tenant_type (tenant_id, provider_type, is_active)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='A tenant''s account with a VoIP provider: credentials, webhook URL, dial plan';

CREATE TABLE IF NOT EXISTS click_to_call_session (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  session_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Public id, sess_...',
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'INITIATED, RINGING, CONNECTED, ON_HOLD, COMPLETED, FAILED, BUSY, NO_ANSWER, CANCELLED, TRANSFERRED, VOICEMAIL',
  direction VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'OUTBOUND'
    COMMENT 'OUTBOUND, INBOUND',
  from_phone VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
    COMMENT 'Number shown to the called party, E.164',
  to_phone VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'Number of the customer, E.164',
  phone_type VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'EXTERNAL'
    COMMENT 'EXTERNAL, INTERNAL',
  agent_phone VARCHAR(128) NULL COMMENT 'Number or endpoint of the agent''s phone',
  provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'Account that carries the call; the last one tried',
  provider_type VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'Type of that account',
  provider_call_id VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
    COMMENT 'The provider''s id of the first leg, opaque',
  correlation_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'Our reference that the provider echoes',
  agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'The CRM''s id',
  lead_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'CRM lead',
  campaign_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'CRM campaign',
  account_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'CRM account',
  contact_name VARCHAR(255) NULL COMMENT 'Customer''s name',
  contact_email VARCHAR(320) NULL COMMENT 'Customer''s e-mail',
  metadata_json MEDIUMTEXT NULL COMMENT 'Free JSON of the CRM, returned unchanged',
  priority TINYINT NOT NULL DEFAULT 0 COMMENT '0 (low) to 9 (urgent)',
  callback_url VARCHAR(1024) NULL COMMENT 'Told of each event of this call',
  call_started_at DATETIME(3) NULL COMMENT 'First ringing, or the answer where none was reported',
  call_answered_at DATETIME(3) NULL COMMENT 'When the parties were joined',
  call_ended_at DATETIME(3) NULL COMMENT 'When the last party left',
  duration_seconds INT NOT NULL DEFAULT 0 COMMENT 'Talk time, whole seconds',
  ring_seconds INT NOT NULL DEFAULT 0 COMMENT 'First ring to answer or end',
  hold_seconds INT NOT NULL DEFAULT 0,
  is_muted TINYINT(1) NOT NULL DEFAULT 0,
  record_requested TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'Record from the answer on',
  is_recorded TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'A recording exists or runs',
  recording_url VARCHAR(2048) NULL,
  error_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'Of the error catalogue',
  error_message VARCHAR(1024) NULL COMMENT 'Why the call failed, for people',
  end_reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'NORMAL, CUSTOMER_BUSY, CUSTOMER_NO_ANSWER, ...: enum EndReason of the contract',
  known_by VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'TIMEOUT, CLIENT, SUBMISSION, EVENT_SOCKET, WEBHOOK, POLL',
  cause VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'q850:17 or sip:486',
  submission VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'NOT_SENT'
    COMMENT 'NOT_SENT, SENT, ACCEPTED, REFUSED, UNKNOWN_OUTCOME',
  attempts INT NOT NULL DEFAULT 0 COMMENT 'Accounts tried',
  disposition VARCHAR(128) NULL COMMENT 'Wrap-up: outcome in the CRM''s words',
  wrap_up_notes TEXT NULL,
  wrap_up_tags_json TEXT NULL COMMENT 'JSON array of labels',
  wrap_up_at DATETIME(3) NULL,
  idempotency_key VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
    COMMENT 'Idempotency-Key of the click',
  dial_guard BINARY(16) NULL
    COMMENT 'Hash of tenant, agent and number while INITIATED or RINGING: a second click is refused',
  facts MEDIUMBLOB NULL COMMENT 'Serialised facts, of which this row is the fold',
  route MEDIUMBLOB NULL COMMENT 'Serialised candidates in order, and what became of each',
  watchdog_at DATETIME(3) NULL COMMENT 'When silence becomes suspicious; NULL once ended',
  version BIGINT NOT NULL DEFAULT 1 COMMENT 'Rises with every change: the ETag',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY idx_session_id (tenant_id, session_id),
  UNIQUE KEY uq_idempotency_key (tenant_id, idempotency_key),
  UNIQUE KEY uq_dial_guard (dial_guard),
  KEY idx_tenant_status (tenant_id, status),
  KEY idx_from_to_phone (tenant_id, to_phone, from_phone),
  KEY idx_provider (tenant_id, provider_id, provider_call_id),
  KEY idx_agent_lead (tenant_id, agent_id, status, id, lead_id) COMMENT 'Serves the list by agent in its order',
  KEY idx_lead (tenant_id, lead_id),
  KEY idx_call_dates (tenant_id, id, created_at) COMMENT 'id is time-ordered: dates are ranges of it',
  KEY idx_watchdog (watchdog_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='One conversation: initiation, status, times, recording; linked to agent, lead, campaign, account';

CREATE TABLE IF NOT EXISTS call_routing_rule (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  rule_name VARCHAR(255) NOT NULL COMMENT 'Name for people',
  rule_type VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'SKILL_BASED, LOAD_BALANCING, FAILOVER, PRIORITY, TIME_BASED',
  condition_json TEXT NULL COMMENT 'When it applies, a JSON object',
  action_json TEXT NULL COMMENT 'What it does, a JSON object',
  provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'Account used first',
  fallback_provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'Account used when the first fails',
  priority INT NOT NULL DEFAULT 100 COMMENT '1 is tried first',
  is_active TINYINT(1) NOT NULL DEFAULT 1,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_tenant_priority (tenant_id, priority, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Rules that pick the provider of a call, with fallback';

CREATE TABLE IF NOT EXISTS ivr_menu (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  menu_name VARCHAR(255) NOT NULL COMMENT 'Name for people',
  parent_menu_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL for a root menu',
  phone_number VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'Called number a root menu answers, E.164',
  prompt_text TEXT NULL COMMENT 'Spoken by text to speech',
  prompt_audio_url VARCHAR(1024) NULL COMMENT 'Played instead of the text',
  language VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'en-US',
  timeout_seconds INT NOT NULL DEFAULT 5 COMMENT 'Wait for a key',
  max_retries INT NOT NULL DEFAULT 3 COMMENT 'Repetitions of the prompt',
  is_active TINYINT(1) NOT NULL DEFAULT 1,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_tenant_phone (tenant_id, phone_number),
  KEY idx_tenant_parent (tenant_id, parent_menu_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Menus spoken to callers, as a hierarchy';

CREATE TABLE IF NOT EXISTS ivr_menu_option (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  menu_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  dtmf_key VARCHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT '0-9, *, #',
  label VARCHAR(255) NOT NULL DEFAULT '',
  action VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'ROUTE_AGENT, ROUTE_QUEUE, PLAY_MESSAGE, COLLECT_DTMF, SUB_MENU, VOICEMAIL, HANG_UP',
  action_json TEXT NULL COMMENT 'Parameters of the action',
  target_menu_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'With SUB_MENU',
  sort_order INT NOT NULL DEFAULT 0,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_menu_key (tenant_id, menu_id, dtmf_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='What a key does in a menu';

CREATE TABLE IF NOT EXISTS call_recording_config (
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  auto_record TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'Record every answered call',
  storage_type VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'LOCAL'
    COMMENT 'LOCAL, S3, GCS, AZURE',
  storage_bucket VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'Bucket, container or folder',
  format VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'MP3'
    COMMENT 'MP3, WAV, OGG, M4A',
  bitrate_kbps INT NOT NULL DEFAULT 128,
  retention_days INT NOT NULL DEFAULT 90,
  encryption_enabled TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'AES-256 at rest',
  transcription_enabled TINYINT(1) NOT NULL DEFAULT 0,
  transcription_provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'GOOGLE, AWS, AZURE, DEEPGRAM',
  sentiment_enabled TINYINT(1) NOT NULL DEFAULT 0,
  error_message VARCHAR(1024) NULL COMMENT 'Last failure to store a recording',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (tenant_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='How a tenant records, stores and transcribes';

CREATE TABLE IF NOT EXISTS call_quality_metric (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUID of the session',
  leg_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  latency_ms DOUBLE NULL COMMENT 'One way',
  jitter_ms DOUBLE NULL,
  packet_loss_percent DOUBLE NULL,
  mos_score DOUBLE NULL COMMENT '1 to 5',
  connection_time_ms INT NULL COMMENT 'To establish the connection',
  ring_time_ms INT NULL COMMENT 'Until the answer',
  codec VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  measured_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_quality_session (tenant_id, session_id, measured_at),
  KEY idx_quality_provider (tenant_id, provider_id, measured_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Measured quality of a call: latency, jitter, packet loss, MOS';

CREATE TABLE IF NOT EXISTS call_transfer (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Session handed over',
  new_session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'Session of the new agent',
  transfer_type VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'BLIND, ATTENDED, WARM, COLD',
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'REQUESTED, RINGING, CONSULTING, COMPLETED, FAILED, CANCELLED',
  from_agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  to_agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  to_phone VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'With a number as target',
  reason VARCHAR(255) NULL,
  error_message VARCHAR(1024) NULL,
  requested_at DATETIME(3) NOT NULL,
  completed_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_transfer_session (tenant_id, session_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Handovers of calls';

CREATE TABLE IF NOT EXISTS agent_activity_log (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  agent_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'The CRM''s id',
  activity_type VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'LOGIN, LOGOUT, ON_CALL, ON_BREAK, IDLE, WRAP_UP',
  session_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'UUID or sess_ id',
  is_available TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'Takes calls from now on',
  duration_seconds INT NOT NULL DEFAULT 0 COMMENT 'How long the activity before it lasted',
  reason VARCHAR(255) NOT NULL DEFAULT '',
  source VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'CLIENT'
    COMMENT 'CLIENT, or FEED for what follows from calls',
  feed_seq BIGINT NULL COMMENT 'Event behind a line of source FEED',
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_activity_agent (tenant_id, agent_id, created_at),
  KEY idx_activity_time (tenant_id, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='An agent''s day: login, logout, on call, on break, idle';

CREATE TABLE IF NOT EXISTS phone_number_list (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  phone_number VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'E.164',
  list_type VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'WHITELIST, BLACKLIST, VIP, SPAM',
  reason VARCHAR(255) NOT NULL DEFAULT '',
  expires_at DATETIME(3) NULL COMMENT 'Ignored afterwards',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_number_list (tenant_id, phone_number, list_type),
  KEY idx_list_time (tenant_id, list_type, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Numbers always, never or first called';

CREATE TABLE IF NOT EXISTS caller_id_profile (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  profile_name VARCHAR(255) NOT NULL COMMENT 'Name for people',
  phone_number VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'E.164',
  display_name VARCHAR(128) NOT NULL DEFAULT '',
  provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'Only through this account',
  verification_status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'UNVERIFIED'
    COMMENT 'UNVERIFIED, PENDING, VERIFIED, FAILED',
  verified_at DATETIME(3) NULL,
  is_default TINYINT(1) NOT NULL DEFAULT 0,
  is_active TINYINT(1) NOT NULL DEFAULT 1,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_caller_number (tenant_id, phone_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Numbers a tenant may show, and whether they are verified';

CREATE TABLE IF NOT EXISTS click_to_call_webhook_log (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'As claimed by the request when it was refused; empty when it named none',
  provider_type VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  provider_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL when no account fitted',
  event_type VARCHAR(128) NOT NULL DEFAULT '' COMMENT 'The provider''s own name of the event',
  session_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT ''
    COMMENT 'Session it names: UUID or sess_ id',
  correlation_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  source VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'WEBHOOK'
    COMMENT 'WEBHOOK, EVENT_SOCKET',
  signature_valid TINYINT(1) NOT NULL DEFAULT 0,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'RECEIVED, APPLIED, DUPLICATE, REFUSED, PARKED',
  error_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  error_message VARCHAR(1024) NOT NULL DEFAULT '' COMMENT 'Why it was refused or parked',
  payload MEDIUMTEXT NULL COMMENT 'The body, credentials and digits removed',
  facts MEDIUMBLOB NULL COMMENT 'What it says, serialised, until it is applied',
  attempts INT NOT NULL DEFAULT 0 COMMENT 'How often it was tried',
  next_attempt_at DATETIME(3) NULL COMMENT 'With RECEIVED: not before; NULL once done',
  received_at DATETIME(3) NOT NULL,
  processed_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  KEY idx_webhook_time (tenant_id, received_at),
  KEY idx_webhook_session (tenant_id, session_id),
  KEY idx_webhook_due (next_attempt_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Every event that came in: for debugging, audit, and application after a crash';

CREATE TABLE IF NOT EXISTS call_compliance_rule (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUIDv7',
  tenant_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  rule_name VARCHAR(255) NOT NULL COMMENT 'Name for people',
  rule_type VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'CALLING_HOURS, RECORDING_CONSENT, GDPR, CCPA, TELEMARKETING',
  jurisdiction VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
    COMMENT 'ISO country of the called number; empty means all',
  parameters_json TEXT NULL COMMENT 'Parameters of the kind, a JSON object',
  is_active TINYINT(1) NOT NULL DEFAULT 1,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_compliance_active (tenant_id, is_active, rule_type)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Rules of law or of the tenant that a call must keep';
