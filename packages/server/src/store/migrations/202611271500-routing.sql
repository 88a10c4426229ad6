-- Routing at run time: what each agent does, where each contact waits or who has it, and news for other nodes.

-- `state` is the truth (routing/agent-state.ts); the columns beside it follow from it, for those who search.
CREATE TABLE routing_agent (
  instance_id        uuid NOT NULL,
  agent_id           uuid NOT NULL,
  state              jsonb NOT NULL,
  -- Grows with each change, so that news that crossed on the way can be told apart.
  version            bigint NOT NULL,
  -- Where the agent's page is attached.
  node               uuid,
  -- Attached, routable, nothing missed, no other status chosen: only slots may be lacking.
  is_ready           boolean NOT NULL,
  voice_in_use       integer NOT NULL,
  idle_since         timestamptz NOT NULL,
  inbound_idle_since timestamptz NOT NULL,
  deadline_at        timestamptz,
  is_signed_in       boolean NOT NULL,
  lost_at            timestamptz,
  event_sequence     integer NOT NULL,
  changed_at            timestamptz NOT NULL,
  PRIMARY KEY (instance_id, agent_id),
  FOREIGN KEY (instance_id, agent_id) REFERENCES agent (instance_id, id) ON DELETE CASCADE
-- Rows change several times a contact. No column that changes is indexed and every page has room, so that a change
-- stays within its page; the rows are as few as there are agents, and searches read them all.
) WITH (fillfactor = 40);

-- One row a contact, so that no contact can be with two agents: its place while it waits, its agent afterwards.
CREATE TABLE routing_entry (
  instance_id       uuid NOT NULL,
  contact_id        uuid NOT NULL,
  -- PREPARED (not yet queued), WAITING, OFFERED, TAKEN, ENDED (its agent does after-contact work).
  state             text NOT NULL,
  owner_node        uuid NOT NULL,
  epoch             integer NOT NULL,
  -- A queue, or the agent whose own queue it is.
  place_kind        text,
  place_id          uuid,
  channel           text NOT NULL,
  initiation_method text NOT NULL,
  queue_priority    bigint NOT NULL,
  adjustment_ms     bigint NOT NULL,
  enqueued_at       timestamptz,
  -- enqueued_at less the adjustment: oldest first goes by this.
  ordered_at        timestamptz,
  criteria          jsonb,
  step              integer NOT NULL,
  step_expires_at   timestamptz,
  -- Contacts of a queue with the same text here ask for the same agents; '' for any.
  lane              text NOT NULL,
  agent_id          uuid,
  offers            integer NOT NULL,
  PRIMARY KEY (instance_id, contact_id)
);
CREATE INDEX routing_entry_waiting
  ON routing_entry (instance_id, place_id, channel, lane, queue_priority, ordered_at, contact_id)
  WHERE state = 'WAITING';
CREATE INDEX routing_entry_step ON routing_entry (step_expires_at) WHERE step_expires_at IS NOT NULL;

-- What another node must tell its pages or contacts; that node takes it out. Lost with it, because nobody is left to tell.
CREATE TABLE routing_news (
  node     uuid NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  payload  jsonb NOT NULL,
  PRIMARY KEY (node, position)
);
