-- Tags of phone numbers and instances, which TagResource takes as well.
ALTER TABLE phone_number ADD COLUMN tags jsonb NOT NULL DEFAULT '{}';
ALTER TABLE instance ADD COLUMN tags jsonb NOT NULL DEFAULT '{}';
