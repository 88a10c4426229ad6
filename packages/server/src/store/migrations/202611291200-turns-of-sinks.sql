-- The node that delivers to a sink whose receiver all nodes share (events/delivery-turn.ts); null while it is nobody's turn, and for
-- sinks to which each node delivers. The turn of a node ends with its lease, as the ownership of contacts does.
ALTER TABLE sink_position ADD COLUMN owner_node uuid;
