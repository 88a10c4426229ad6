-- Agent events name the contact that a chain of transfers began with.
ALTER TABLE routing_entry ADD COLUMN initial_contact_id uuid;
