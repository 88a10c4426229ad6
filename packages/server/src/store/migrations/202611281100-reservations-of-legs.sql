-- A contact's call may have further legs, which cost money of their own: third parties. The contact's own leg has the nil id.
ALTER TABLE call_reservation ADD COLUMN leg uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE call_reservation DROP CONSTRAINT call_reservation_pkey;
ALTER TABLE call_reservation ADD PRIMARY KEY (instance_id, contact_id, leg);
