-- Accounts own instances and phone numbers; everything else leads its primary key with instance_id,
-- so that it can be distributed by instance later (docs/architecture.md, Tenants).

CREATE TABLE instance (
  id                     uuid PRIMARY KEY,
  account_id             text NOT NULL,
  region                 text NOT NULL,
  alias                  text NOT NULL,
  identity_management    text NOT NULL DEFAULT 'CONNECT_MANAGED',
  inbound_calls_enabled  boolean NOT NULL DEFAULT true,
  outbound_calls_enabled boolean NOT NULL DEFAULT true,
  created_at             timestamptz NOT NULL,
  UNIQUE (account_id, region, alias)
);

CREATE TABLE phone_number (
  id           uuid PRIMARY KEY,
  account_id   text NOT NULL,
  region       text NOT NULL,
  instance_id  uuid NOT NULL REFERENCES instance (id),
  e164         text NOT NULL,
  country_code text NOT NULL,
  type         text NOT NULL,
  description  text,
  UNIQUE (account_id, region, e164)
);
CREATE INDEX phone_number_by_instance ON phone_number (instance_id, id);

CREATE TABLE hours_of_operation (
  instance_id uuid NOT NULL REFERENCES instance (id),
  id          uuid NOT NULL,
  name        text NOT NULL,
  time_zone   text NOT NULL,
  config      jsonb NOT NULL,
  PRIMARY KEY (instance_id, id),
  UNIQUE (instance_id, name)
);

CREATE TABLE queue (
  instance_id                uuid NOT NULL REFERENCES instance (id),
  id                         uuid NOT NULL,
  name                       text,
  type                       text NOT NULL DEFAULT 'STANDARD',
  description                text,
  hours_of_operation_id      uuid,
  status                     text NOT NULL DEFAULT 'ENABLED',
  outbound_caller_id_name    text,
  outbound_caller_id_number_id uuid REFERENCES phone_number (id),
  PRIMARY KEY (instance_id, id),
  UNIQUE (instance_id, name)
);

CREATE TABLE routing_profile (
  instance_id               uuid NOT NULL REFERENCES instance (id),
  id                        uuid NOT NULL,
  name                      text NOT NULL,
  description               text NOT NULL,
  default_outbound_queue_id uuid NOT NULL,
  PRIMARY KEY (instance_id, id),
  UNIQUE (instance_id, name),
  FOREIGN KEY (instance_id, default_outbound_queue_id) REFERENCES queue (instance_id, id)
);

CREATE TABLE agent (
  instance_id        uuid NOT NULL REFERENCES instance (id),
  id                 uuid NOT NULL,
  username           text NOT NULL,
  first_name         text NOT NULL,
  last_name          text NOT NULL,
  routing_profile_id uuid NOT NULL,
  PRIMARY KEY (instance_id, id),
  UNIQUE (instance_id, username),
  FOREIGN KEY (instance_id, routing_profile_id) REFERENCES routing_profile (instance_id, id)
);

CREATE TABLE contact_flow (
  instance_id uuid NOT NULL REFERENCES instance (id),
  id          uuid NOT NULL,
  name        text NOT NULL,
  type        text NOT NULL,
  description text,
  content     text NOT NULL,
  status      text NOT NULL,
  state       text NOT NULL DEFAULT 'ACTIVE',
  tags        jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (instance_id, id),
  UNIQUE (instance_id, name)
);

CREATE TABLE prompt (
  instance_id uuid NOT NULL REFERENCES instance (id),
  id          uuid NOT NULL,
  name        text NOT NULL,
  description text,
  mulaw       bytea NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (instance_id, id),
  UNIQUE (instance_id, name)
);

-- One row a running process. A contact's lease is its owner's: renewed in one write for all of them,
-- on database time, because the clocks of nodes differ.
CREATE TABLE node (
  id               uuid PRIMARY KEY,
  host             text NOT NULL,
  lease_expires_at timestamptz NOT NULL
);

CREATE TABLE call_slot_pool (
  instance_id uuid NOT NULL REFERENCES instance (id),
  pool        text NOT NULL,
  capacity    integer NOT NULL,
  in_use      integer NOT NULL DEFAULT 0 CHECK (in_use >= 0),
  PRIMARY KEY (instance_id, pool)
);

CREATE TABLE contact (
  instance_id         uuid NOT NULL,
  id                  uuid NOT NULL,
  account_id          text NOT NULL,
  region              text NOT NULL,
  state               text NOT NULL,
  owner_node          uuid,
  epoch               integer NOT NULL DEFAULT 1,
  pool                text NOT NULL,
  initiated_at        timestamptz NOT NULL,
  connected_at        timestamptz,
  disconnected_at     timestamptz,
  updated_at          timestamptz NOT NULL,
  disconnect_reason   text,
  end_cause           text,
  outbox_sequence     integer NOT NULL,
  attributes          jsonb NOT NULL,
  -- What was asked for: endpoints, flow, queue, AMD, strategy, references (contacts/contact.ts).
  request             jsonb NOT NULL,
  -- What came of it: AMD status, recordings, RTP statistics, SIP causes (contacts/contact.ts).
  outcome             jsonb NOT NULL,
  PRIMARY KEY (instance_id, id)
);
-- Recovery looks only at contacts that have not ended.
CREATE INDEX contact_open ON contact (owner_node) WHERE state <> 'ENDED';

CREATE TABLE client_token (
  account_id  text NOT NULL,
  region      text NOT NULL,
  instance_id uuid NOT NULL,
  token       text NOT NULL,
  contact_id  uuid NOT NULL,
  expires_at  timestamptz NOT NULL,
  PRIMARY KEY (account_id, region, instance_id, token)
);
CREATE INDEX client_token_expiry ON client_token (expires_at);

-- Committed before the INVITE leaves: whoever finds a row here never dials this contact again.
CREATE TABLE dial_attempt (
  instance_id uuid NOT NULL,
  contact_id  uuid NOT NULL,
  n           integer NOT NULL,
  target      text NOT NULL,
  call_id     text NOT NULL,
  attempted_at timestamptz NOT NULL,
  PRIMARY KEY (instance_id, contact_id, n)
);

-- Facts on their way out, written with the state that they tell of. `transaction_id` orders rows of
-- transactions that overlap: a sink reads only below the oldest transaction still running, so that
-- it never steps over a row that commits late.
CREATE SEQUENCE outbox_position;
CREATE TABLE outbox (
  position       bigint NOT NULL DEFAULT nextval('outbox_position'),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  instance_id    uuid NOT NULL,
  contact_id     uuid NOT NULL,
  sequence       integer NOT NULL,
  stream         text NOT NULL,
  payload        text NOT NULL,
  created_at     timestamptz NOT NULL,
  PRIMARY KEY (transaction_id, position)
) PARTITION BY RANGE (position);
CREATE TABLE outbox_0 PARTITION OF outbox FOR VALUES FROM (0) TO (1000000);
CREATE TABLE outbox_1 PARTITION OF outbox FOR VALUES FROM (1000000) TO (2000000);

CREATE TABLE sink_position (
  sink           text PRIMARY KEY,
  transaction_id xid8 NOT NULL,
  position       bigint NOT NULL
);

-- Rows that a sink refused for good, kept so that nothing is lost silently.
CREATE TABLE undeliverable (
  sink         text NOT NULL,
  contact_id   uuid NOT NULL,
  sequence     integer NOT NULL,
  stream       text NOT NULL,
  payload      text NOT NULL,
  reason       text NOT NULL,
  set_aside_at timestamptz NOT NULL,
  PRIMARY KEY (sink, contact_id, sequence)
);
