-- Places that agents transfer contacts to, and which of them the agents of a queue see.

CREATE TABLE quick_connect (
  instance_id uuid NOT NULL REFERENCES instance (id),
  id          uuid NOT NULL,
  name        text NOT NULL,
  description text,
  -- USER, QUEUE, PHONE_NUMBER or FLOW.
  type        text NOT NULL,
  -- The user, queue, number and flow, as on the wire. They may be gone: deleting a user leaves its quick connects.
  config      jsonb NOT NULL,
  tags        jsonb NOT NULL DEFAULT '{}',
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (instance_id, id),
  CONSTRAINT quick_connect_name UNIQUE (instance_id, name)
);

CREATE TABLE queue_quick_connect (
  instance_id      uuid NOT NULL,
  queue_id         uuid NOT NULL,
  quick_connect_id uuid NOT NULL,
  PRIMARY KEY (instance_id, queue_id, quick_connect_id),
  FOREIGN KEY (instance_id, queue_id) REFERENCES queue (instance_id, id) ON DELETE CASCADE,
  FOREIGN KEY (instance_id, quick_connect_id) REFERENCES quick_connect (instance_id, id) ON DELETE CASCADE
);
CREATE INDEX queue_quick_connect_by_quick_connect ON queue_quick_connect (instance_id, quick_connect_id);
