-- The oldest rows are deleted where there are more than the configuration allows (store/outbox-store.ts).
CREATE INDEX undeliverable_age ON undeliverable (set_aside_at, sink, contact_id, sequence);
