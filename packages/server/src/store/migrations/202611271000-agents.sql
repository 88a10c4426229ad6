-- What routing stands on: statuses, users with their settings and proficiencies, security profiles, the hierarchy,
-- and what routing profiles and queues lacked. What every instance begins with is added by the seed.

CREATE TABLE agent_status (
  instance_id   uuid NOT NULL REFERENCES instance (id),
  id            uuid NOT NULL,
  name          text NOT NULL,
  description   text,
  -- ROUTABLE, CUSTOM or OFFLINE.
  type          text NOT NULL,
  state         text NOT NULL,
  display_order integer,
  tags          jsonb NOT NULL DEFAULT '{}',
  updated_at    timestamptz NOT NULL,
  PRIMARY KEY (instance_id, id),
  CONSTRAINT agent_status_name UNIQUE (instance_id, name)
);

CREATE TABLE security_profile (
  instance_id uuid NOT NULL REFERENCES instance (id),
  id          uuid NOT NULL,
  name        text NOT NULL,
  description text,
  permissions text[] NOT NULL,
  -- What the wire has besides: access control by tags and hierarchy, applications, flow modules.
  access      jsonb NOT NULL DEFAULT '{}',
  is_default  boolean NOT NULL DEFAULT false,
  tags        jsonb NOT NULL DEFAULT '{}',
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (instance_id, id),
  CONSTRAINT security_profile_name UNIQUE (instance_id, name)
);

-- Levels 1 to 5, from the top; a group stands on one.
CREATE TABLE hierarchy_level (
  instance_id uuid NOT NULL REFERENCES instance (id),
  level       integer NOT NULL CHECK (level BETWEEN 1 AND 5),
  id          uuid NOT NULL,
  name        text NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (instance_id, level)
);

CREATE TABLE hierarchy_group (
  instance_id uuid NOT NULL,
  id          uuid NOT NULL,
  name        text NOT NULL,
  level       integer NOT NULL,
  parent_id   uuid,
  tags        jsonb NOT NULL DEFAULT '{}',
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (instance_id, id),
  -- One name may stand under several parents.
  CONSTRAINT hierarchy_group_name UNIQUE NULLS NOT DISTINCT (instance_id, parent_id, name),
  CONSTRAINT hierarchy_group_parent FOREIGN KEY (instance_id, parent_id) REFERENCES hierarchy_group (instance_id, id),
  CONSTRAINT hierarchy_group_level FOREIGN KEY (instance_id, level) REFERENCES hierarchy_level (instance_id, level)
);

ALTER TABLE agent
  -- argon2id in the PHC string format; absent where the user cannot sign in with a password.
  ADD COLUMN password_hash      text,
  ADD COLUMN email              text,
  ADD COLUMN secondary_email    text,
  ADD COLUMN mobile             text,
  ADD COLUMN directory_user_id  text,
  ADD COLUMN hierarchy_group_id uuid,
  -- Auto-accept, after-contact work, phone, persistent connection and voice enhancement, each by channel.
  ADD COLUMN settings           jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN tags               jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN updated_at         timestamptz NOT NULL DEFAULT now(),
  ADD CONSTRAINT agent_hierarchy_group
    FOREIGN KEY (instance_id, hierarchy_group_id) REFERENCES hierarchy_group (instance_id, id);
ALTER TABLE agent ALTER COLUMN updated_at DROP DEFAULT;
ALTER TABLE agent RENAME CONSTRAINT agent_instance_id_username_key TO agent_username;
CREATE INDEX agent_by_routing_profile ON agent (instance_id, routing_profile_id);

CREATE TABLE agent_security_profile (
  instance_id         uuid NOT NULL,
  agent_id            uuid NOT NULL,
  security_profile_id uuid NOT NULL,
  PRIMARY KEY (instance_id, agent_id, security_profile_id),
  FOREIGN KEY (instance_id, agent_id) REFERENCES agent (instance_id, id) ON DELETE CASCADE,
  CONSTRAINT agent_security_profile_in_use
    FOREIGN KEY (instance_id, security_profile_id) REFERENCES security_profile (instance_id, id)
);

CREATE TABLE predefined_attribute (
  instance_id         uuid NOT NULL REFERENCES instance (id),
  name                text NOT NULL,
  values_allowed      text[] NOT NULL,
  purposes            text[] NOT NULL,
  validates_values    boolean NOT NULL,
  updated_at          timestamptz NOT NULL,
  CONSTRAINT predefined_attribute_name PRIMARY KEY (instance_id, name)
);

CREATE TABLE agent_proficiency (
  instance_id uuid NOT NULL,
  agent_id    uuid NOT NULL,
  attribute   text NOT NULL,
  value       text NOT NULL,
  -- 1 to 5.
  level       real NOT NULL,
  CONSTRAINT agent_proficiency_once PRIMARY KEY (instance_id, agent_id, attribute, value),
  FOREIGN KEY (instance_id, agent_id) REFERENCES agent (instance_id, id) ON DELETE CASCADE,
  CONSTRAINT agent_proficiency_attribute
    FOREIGN KEY (instance_id, attribute) REFERENCES predefined_attribute (instance_id, name)
);

ALTER TABLE queue
  ADD COLUMN max_contacts      integer,
  ADD COLUMN outbound_flow_id  uuid,
  -- E-mail is kept as it came; no e-mail is sent.
  ADD COLUMN outbound_email_address_id text,
  ADD COLUMN email_address_ids text[] NOT NULL DEFAULT '{}',
  ADD COLUMN tags              jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN updated_at        timestamptz NOT NULL DEFAULT now(),
  ADD CONSTRAINT queue_hours_of_operation
    FOREIGN KEY (instance_id, hours_of_operation_id) REFERENCES hours_of_operation (instance_id, id);
ALTER TABLE queue ALTER COLUMN updated_at DROP DEFAULT;
ALTER TABLE queue RENAME CONSTRAINT queue_instance_id_name_key TO queue_name;

ALTER TABLE routing_profile
  -- [{"Channel", "Concurrency", "CrossChannelBehavior"}], as on the wire.
  ADD COLUMN media_concurrencies jsonb NOT NULL DEFAULT '[{"Channel": "VOICE", "Concurrency": 1}]',
  ADD COLUMN agent_availability_timer text NOT NULL DEFAULT 'TIME_SINCE_LAST_ACTIVITY',
  ADD COLUMN is_default boolean NOT NULL DEFAULT false,
  ADD COLUMN tags       jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE routing_profile
  ALTER COLUMN media_concurrencies DROP DEFAULT,
  ALTER COLUMN updated_at DROP DEFAULT;
ALTER TABLE routing_profile RENAME CONSTRAINT routing_profile_instance_id_name_key TO routing_profile_name;
-- Until now an instance had only the profile that the seed made.
UPDATE routing_profile SET is_default = true;

CREATE TABLE routing_profile_queue (
  instance_id        uuid NOT NULL,
  routing_profile_id uuid NOT NULL,
  queue_id           uuid NOT NULL,
  channel            text NOT NULL,
  -- 1 is served first.
  priority           integer NOT NULL,
  delay_seconds      integer NOT NULL,
  CONSTRAINT routing_profile_queue_once PRIMARY KEY (instance_id, routing_profile_id, queue_id, channel),
  FOREIGN KEY (instance_id, routing_profile_id) REFERENCES routing_profile (instance_id, id) ON DELETE CASCADE,
  CONSTRAINT routing_profile_queue_in_use FOREIGN KEY (instance_id, queue_id) REFERENCES queue (instance_id, id)
);
CREATE INDEX routing_profile_queue_by_queue ON routing_profile_queue (instance_id, queue_id);
INSERT INTO routing_profile_queue (instance_id, routing_profile_id, queue_id, channel, priority, delay_seconds)
SELECT instance_id, id, default_outbound_queue_id, 'VOICE', 1, 0 FROM routing_profile;

-- Queues whose contacts agents and supervisors pick themselves.
CREATE TABLE routing_profile_manual_queue (
  instance_id        uuid NOT NULL,
  routing_profile_id uuid NOT NULL,
  queue_id           uuid NOT NULL,
  channel            text NOT NULL,
  CONSTRAINT routing_profile_manual_queue_once PRIMARY KEY (instance_id, routing_profile_id, queue_id, channel),
  FOREIGN KEY (instance_id, routing_profile_id) REFERENCES routing_profile (instance_id, id) ON DELETE CASCADE,
  CONSTRAINT routing_profile_manual_queue_in_use FOREIGN KEY (instance_id, queue_id) REFERENCES queue (instance_id, id)
);
