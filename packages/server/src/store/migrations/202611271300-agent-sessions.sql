-- Signed-in pages of agents, and how often signing in failed of late.

CREATE TABLE agent_session (
  -- SHA-256 of the cookie's value; the value itself is nowhere.
  token_hash   bytea PRIMARY KEY,
  instance_id  uuid NOT NULL,
  agent_id     uuid NOT NULL,
  created_at   timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  FOREIGN KEY (instance_id, agent_id) REFERENCES agent (instance_id, id) ON DELETE CASCADE
);
CREATE INDEX agent_session_by_agent ON agent_session (instance_id, agent_id);
CREATE INDEX agent_session_by_use ON agent_session (last_used_at);

CREATE TABLE sign_in_failure (
  -- SHA-256 of what is being counted: a name and an address, a name, or an address.
  subject_hash bytea PRIMARY KEY,
  failures     integer NOT NULL,
  last_at      timestamptz NOT NULL
);
CREATE INDEX sign_in_failure_by_time ON sign_in_failure (last_at);
