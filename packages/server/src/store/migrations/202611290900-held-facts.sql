-- Facts at which a sink fails, and later facts of the same contacts: held here so that the facts of others need not wait behind
-- them (events/outbox-delivery.ts). They are tried on until they are delivered or set aside.
CREATE TABLE held_fact (
  sink           text NOT NULL,
  transaction_id xid8 NOT NULL,
  position       bigint NOT NULL,
  contact_id     uuid NOT NULL,
  sequence       integer NOT NULL,
  stream         text NOT NULL,
  payload        text NOT NULL,
  PRIMARY KEY (sink, transaction_id, position)
);
