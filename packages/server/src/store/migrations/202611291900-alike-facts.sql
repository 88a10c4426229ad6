-- How many facts share the row (decisions/0028), of which contact and sequence are the first's; NULL for a row of one fact's text.
ALTER TABLE outbox ADD COLUMN facts integer;

-- What waits is counted in the index.
ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;
ALTER TABLE outbox ADD PRIMARY KEY (transaction_id, position) INCLUDE (facts);

-- What names a fact, since several may stand at one position.
ALTER TABLE held_fact DROP CONSTRAINT held_fact_pkey;
ALTER TABLE held_fact ADD PRIMARY KEY (sink, contact_id, sequence);

DROP FUNCTION accept_at_once;

-- Accepts what it can of a batch and answers the ids of it, or NULL where that is everything (store/accept-at-once.ts). A
-- function, because statements as plain as these begin in less time than the parts of one large statement (docs/benchmarks.md).
--
-- What requests have in common (instance, owner, pool) is in the lists origin_*; `origins` has the place there of each request,
-- and `fact_requests` that of each fact's request, counted from 1. Locks are taken in the caller's order: pools as origins are
-- listed, tokens as requests are.
--
-- `fact_rows` has the number of the row that a fact shares with others, counted from 1, or 0; `row_forms` the form of each such row
-- (store/alike-facts.ts).
CREATE FUNCTION accept_at_once(
  origin_instances uuid[],
  origin_accounts  text[],
  origin_regions   text[],
  origin_owners    uuid[],
  origin_pools     text[],
  origin_requests  int[],
  origins          int[],
  ids              uuid[],
  initiated        timestamptz[],
  sequences        int[],
  attribute_texts  text[],
  request_texts    text[],
  tokens           text[],
  token_expiries   timestamptz[],
  present          timestamptz,
  fact_requests    int[],
  fact_sequences   int[],
  fact_streams     text[],
  fact_payloads    text[],
  fact_rows        int[],
  row_forms        text[]
) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  full_origins int[] := '{}';
  claimed uuid[];
  accepted uuid[];
BEGIN
  -- A pool that has no room for all that the batch wants of it is not taken from here.
  FOR origin IN 1 .. cardinality(origin_instances) LOOP
    UPDATE call_slot_pool SET in_use = in_use + origin_requests[origin]
     WHERE instance_id = origin_instances[origin] AND pool = origin_pools[origin]
       AND in_use + origin_requests[origin] <= capacity;
    IF NOT FOUND THEN full_origins := full_origins || origin; END IF;
  END LOOP;

  -- Nearly always every token is new, which a plain INSERT finds out for less than ON CONFLICT.
  BEGIN
    INSERT INTO client_token (account_id, region, instance_id, token, contact_id, expires_at)
    SELECT origin_accounts[i.origin], origin_regions[i.origin], origin_instances[i.origin], i.token, i.id, i.expires_at
      FROM unnest(origins, ids, tokens, token_expiries) AS i(origin, id, token, expires_at)
     WHERE i.token IS NOT NULL AND i.origin <> ALL (full_origins);
  EXCEPTION WHEN unique_violation THEN
    -- An expired token is replaced; a live one claims nothing.
    WITH claim AS (
      INSERT INTO client_token (account_id, region, instance_id, token, contact_id, expires_at)
      SELECT origin_accounts[i.origin], origin_regions[i.origin], origin_instances[i.origin], i.token, i.id, i.expires_at
        FROM unnest(origins, ids, tokens, token_expiries) AS i(origin, id, token, expires_at)
       WHERE i.token IS NOT NULL AND i.origin <> ALL (full_origins)
      ON CONFLICT (instance_id, token, account_id, region)
      DO UPDATE SET contact_id = EXCLUDED.contact_id, expires_at = EXCLUDED.expires_at
       WHERE client_token.expires_at <= present
      RETURNING contact_id
    )
    SELECT coalesce(array_agg(contact_id), '{}') INTO claimed FROM claim;
  END;

  IF claimed IS NOT NULL OR full_origins <> '{}' THEN
    SELECT coalesce(array_agg(i.id), '{}') INTO accepted
      FROM unnest(origins, ids, tokens) AS i(origin, id, token)
     WHERE i.origin <> ALL (full_origins) AND (claimed IS NULL OR i.token IS NULL OR i.id = ANY (claimed));
    UPDATE call_slot_pool p SET in_use = p.in_use - unused.slots
      FROM (SELECT origin_instances[i.origin] AS instance_id, origin_pools[i.origin] AS pool, count(*)::int AS slots
              FROM unnest(origins, ids) AS i(origin, id)
             WHERE i.origin <> ALL (full_origins) AND i.id <> ALL (accepted)
             GROUP BY 1, 2) unused
     WHERE p.instance_id = unused.instance_id AND p.pool = unused.pool;
  END IF;

  INSERT INTO contact (instance_id, id, account_id, region, owner_node, pool, initiated_at, updated_at,
                       outbox_sequence, attributes, request, state, outcome)
  SELECT origin_instances[i.origin], i.id, origin_accounts[i.origin], origin_regions[i.origin], origin_owners[i.origin],
         origin_pools[i.origin], i.initiated_at, i.initiated_at, i.outbox_sequence, i.attributes::jsonb,
         i.request::jsonb, 'ACCEPTED', '{}'
    FROM unnest(origins, ids, initiated, sequences, attribute_texts, request_texts)
      AS i(origin, id, initiated_at, outbox_sequence, attributes, request)
   WHERE accepted IS NULL OR i.id = ANY (accepted);

  INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
  SELECT origin_instances[origins[f.request]], ids[f.request], f.sequence, f.stream, f.payload, initiated[f.request]
    FROM unnest(fact_requests, fact_sequences, fact_streams, fact_payloads, fact_rows)
      AS f(request, sequence, stream, payload, shared)
   WHERE f.shared = 0 AND (accepted IS NULL OR ids[f.request] = ANY (accepted));

  -- As many positions as facts, so that partitions end after as many facts as ever.
  FOR number IN 1 .. cardinality(row_forms) LOOP
    INSERT INTO outbox (position, instance_id, contact_id, sequence, stream, facts, payload, created_at)
    SELECT max(nextval('outbox_position')), (array_agg(origin_instances[origins[f.request]]))[1],
           (array_agg(ids[f.request]))[1], (array_agg(f.sequence))[1], min(f.stream), count(*),
           '{"form":' || row_forms[number] || ',"facts":[' || string_agg(f.payload, ',') || ']}',
           min(initiated[f.request])
      FROM unnest(fact_requests, fact_sequences, fact_streams, fact_payloads, fact_rows)
        AS f(request, sequence, stream, payload, shared)
     WHERE f.shared = number AND (accepted IS NULL OR ids[f.request] = ANY (accepted))
    HAVING count(*) > 0;
  END LOOP;

  RETURN accepted;
END $$;
