-- Aliases of flow modules: names that point at a version, and the contract that a version was made with.

ALTER TABLE contact_flow_version ADD COLUMN settings text;

CREATE TABLE flow_module_alias (
  instance_id uuid NOT NULL,
  flow_id     uuid NOT NULL,
  id          uuid NOT NULL,
  name        text NOT NULL,
  version     integer NOT NULL,
  description text,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (instance_id, flow_id, id),
  CONSTRAINT flow_module_alias_name UNIQUE (instance_id, flow_id, name),
  FOREIGN KEY (instance_id, flow_id) REFERENCES contact_flow (instance_id, id) ON DELETE CASCADE,
  -- A version that an alias points at stays; both go with their module.
  CONSTRAINT flow_module_alias_version
    FOREIGN KEY (instance_id, flow_id, version) REFERENCES contact_flow_version (instance_id, flow_id, version)
);
