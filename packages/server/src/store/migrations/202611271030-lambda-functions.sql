-- Lambda functions that an instance lists for its flows.

CREATE TABLE lambda_function (
  instance_id  uuid NOT NULL REFERENCES instance (id),
  arn          text NOT NULL,
  -- The request that listed it; the same request again is no conflict.
  client_token text,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (instance_id, arn)
);
