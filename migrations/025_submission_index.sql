-- Migration 025: what is still open of the legs we dial is found, and what is long finished deleted, without the rest.

ALTER TABLE provider_submission
  ADD KEY idx_submission_open (outcome, updated_at);
