-- Orders that concern a live contact, given at a node that does not own it; its owner takes them (contacts/contact-orders.ts).
CREATE TABLE contact_order (
  id          uuid PRIMARY KEY,
  instance_id uuid NOT NULL,
  contact_id  uuid NOT NULL,
  -- An operation of the API, and what was asked for.
  name        text NOT NULL,
  detail      jsonb NOT NULL,
  -- Who waits for the outcome, and until when. Absent: nobody does, and the order stands until the contact has ended.
  asked_by    uuid,
  expires_at  timestamptz,
  -- The epoch of the owner that took it. Whoever takes the contact over takes its open orders again.
  taken_epoch integer NOT NULL DEFAULT 0,
  outcome     jsonb
);
-- A contact that is taken over is not dialled where it was to be stopped.
CREATE INDEX contact_order_of_contact ON contact_order (instance_id, contact_id);
