-- Quotas that were raised, requests to raise them, the kill switch, and what the caps against toll fraud count.

-- `context` is an instance, or '*' for the account and all its instances without a value of their own.
CREATE TABLE service_quota (
  account_id text NOT NULL,
  region     text NOT NULL,
  code       text NOT NULL,
  context    text NOT NULL,
  value      double precision NOT NULL CHECK (value >= 0),
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, region, code, context)
);

CREATE TABLE service_quota_request (
  id            uuid PRIMARY KEY,
  account_id    text NOT NULL,
  region        text NOT NULL,
  code          text NOT NULL,
  context       text NOT NULL,
  desired_value double precision NOT NULL,
  status        text NOT NULL,
  requester     text NOT NULL,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);
CREATE INDEX service_quota_request_by_account ON service_quota_request (account_id, region, id);
CREATE UNIQUE INDEX service_quota_request_pending ON service_quota_request (account_id, region, code, context)
  WHERE status = 'PENDING';

-- One row. `hang_up_round` grows with each order to end the calls under way, so that a node obeys each one once.
CREATE TABLE dialling_switch (
  is_only       boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  stopped_at    timestamptz,
  reason        text,
  hang_up_round integer NOT NULL DEFAULT 0
);
INSERT INTO dialling_switch DEFAULT VALUES;

-- Calls accepted in a minute or a day (UTC), counted in the accepting transaction.
CREATE TABLE call_counter (
  instance_id uuid NOT NULL,
  scope       text NOT NULL,
  subject     text NOT NULL,
  period      text NOT NULL,
  starts_at   timestamptz NOT NULL,
  count       integer NOT NULL,
  PRIMARY KEY (instance_id, scope, subject, period, starts_at)
);
CREATE INDEX call_counter_age ON call_counter (starts_at);

-- What the calls accepted in a day cost, in millionths: of those that ended, and set aside for those that have not.
CREATE TABLE call_spend (
  instance_id     uuid NOT NULL,
  day             timestamptz NOT NULL,
  reserved_micros bigint NOT NULL,
  charged_micros  bigint NOT NULL,
  PRIMARY KEY (instance_id, day)
);

CREATE TABLE call_reservation (
  instance_id       uuid NOT NULL,
  contact_id        uuid NOT NULL,
  day               timestamptz NOT NULL,
  per_minute_micros bigint NOT NULL,
  reserved_micros   bigint NOT NULL,
  PRIMARY KEY (instance_id, contact_id)
);
