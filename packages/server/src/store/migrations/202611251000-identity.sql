-- Access keys made by `ringback keys create`. The secret is sealed (AES-256-GCM) with a key that is not in the
-- database; of a session token only the hash is kept. A revoked key stays until it is tidied away, so that the
-- list tells what became of it.

CREATE TABLE access_key (
  id                 text PRIMARY KEY,
  account_id         text NOT NULL,
  user_name          text NOT NULL,
  sealed_secret      bytea NOT NULL,
  session_token_hash bytea,
  principal          text,
  policy             jsonb,
  created_at         timestamptz NOT NULL,
  expires_at         timestamptz,
  revoked_at         timestamptz,
  -- Temporary credentials have a token and an end, lasting ones have neither.
  CHECK ((session_token_hash IS NULL) = (expires_at IS NULL))
);
