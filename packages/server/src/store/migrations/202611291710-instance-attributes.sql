-- What UpdateInstanceAttribute switches besides inbound and outbound calls.
ALTER TABLE instance
  ADD COLUMN contact_flow_logs_enabled boolean NOT NULL DEFAULT true,
  ADD COLUMN early_media_enabled boolean NOT NULL DEFAULT true;
