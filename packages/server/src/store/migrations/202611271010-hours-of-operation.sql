-- What hours of operation lacked, and overrides for certain dates.

ALTER TABLE hours_of_operation
  ADD COLUMN description text,
  -- Other hours whose overrides hold here, too.
  ADD COLUMN parent_ids  uuid[] NOT NULL DEFAULT '{}',
  ADD COLUMN tags        jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN updated_at  timestamptz NOT NULL DEFAULT now();
ALTER TABLE hours_of_operation ALTER COLUMN updated_at DROP DEFAULT;
ALTER TABLE hours_of_operation RENAME CONSTRAINT hours_of_operation_instance_id_name_key TO hours_of_operation_name;

CREATE TABLE hours_of_operation_override (
  instance_id    uuid NOT NULL,
  hours_id       uuid NOT NULL,
  id             uuid NOT NULL,
  name           text NOT NULL,
  description    text,
  -- STANDARD, OPEN or CLOSED.
  type           text NOT NULL,
  -- [{"Day", "StartTime", "EndTime"}], as on the wire.
  config         jsonb NOT NULL,
  -- Days of the hours' own time zone, both included.
  effective_from date NOT NULL,
  effective_till date NOT NULL,
  -- {"Frequency", "Interval", "ByMonth", "ByMonthDay", "ByWeekdayOccurrence"}, as on the wire.
  recurrence     jsonb,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (instance_id, hours_id, id),
  CONSTRAINT hours_of_operation_override_name UNIQUE (instance_id, hours_id, name),
  CONSTRAINT hours_of_operation_override_hours
    FOREIGN KEY (instance_id, hours_id) REFERENCES hours_of_operation (instance_id, id) ON DELETE CASCADE
);
