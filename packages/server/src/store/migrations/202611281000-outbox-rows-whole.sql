-- Facts of some kilobytes stay in their row as they are: compressing each was a quarter of what PostgreSQL did for routing
-- (docs/benchmarks.md). Partitions made later are made so (store/outbox-store.ts).
DO $$
DECLARE part regclass;
BEGIN
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'outbox'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', part);
  END LOOP;
END $$;
