-- Drafts beside what is published, numbered versions, flow modules, and prompts that change.

-- A module is a flow of the type MODULE: it is edited, published and run alike, and has its own names.
ALTER TABLE contact_flow
  -- Saved beside a published content. What was never published has its draft in `content`, and the status SAVED.
  ADD COLUMN draft                text,
  -- Numbers of versions are never given out twice.
  ADD COLUMN last_version         integer NOT NULL DEFAULT 0,
  -- Modules only: JSON text, whether applications may invoke it, and the request that made it.
  ADD COLUMN settings             text,
  ADD COLUMN external_invocation  boolean,
  ADD COLUMN client_token         text,
  ADD COLUMN request_hash         text;
ALTER TABLE contact_flow DROP CONSTRAINT contact_flow_instance_id_name_key;
CREATE UNIQUE INDEX contact_flow_name ON contact_flow (instance_id, (type = 'MODULE'), name);
CREATE UNIQUE INDEX contact_flow_client_token ON contact_flow (instance_id, client_token);

CREATE TABLE contact_flow_version (
  instance_id uuid NOT NULL,
  flow_id     uuid NOT NULL,
  version     integer NOT NULL,
  description text,
  content     text NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (instance_id, flow_id, version),
  FOREIGN KEY (instance_id, flow_id) REFERENCES contact_flow (instance_id, id) ON DELETE CASCADE
);

ALTER TABLE prompt
  ADD COLUMN tags       jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN updated_at timestamptz;
UPDATE prompt SET updated_at = created_at;
