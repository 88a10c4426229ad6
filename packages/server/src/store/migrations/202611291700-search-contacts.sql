-- SearchContacts goes by the time in contacts' ids, which no index has to be kept for. A contact that was disconnected, queued or
-- given to an agent within a range of time began at most an hour before it, or is open (contact_open), or is one of these few.
CREATE INDEX contact_long ON contact (instance_id, disconnected_at)
 WHERE disconnected_at - initiated_at > interval '1 hour';
