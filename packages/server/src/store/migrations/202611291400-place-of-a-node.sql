-- Where the node runs (node-place.ts); null where that is not known. Whoever comes to a place ends the lease of whom was there.
ALTER TABLE node ADD COLUMN place text;
