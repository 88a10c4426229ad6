/** Counts accepted calls against caps, inside the accepting transaction: counts are right across restarts, nodes and concurrent requests. Part of the contact store. */
import type { ContactId, InstanceId, LegId } from '../ids.ts';
import type { CallCharge, CallCounter, CallLimits } from '../policy/toll-fraud.ts';
import type { Transaction } from './database.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

/** A call that waits to be accepted. */
export interface CallToCount {
  readonly instanceId: InstanceId;
  readonly contactId: ContactId;
  /** One besides the contact's own: a third party. */
  readonly leg?: LegId;
  readonly limits: CallLimits | undefined;
}

/** A leg besides the contact's own that is over. */
export interface LegToSettle {
  readonly instanceId: InstanceId;
  readonly contactId: ContactId;
  readonly leg: LegId;
  /** From the answer to its end, ms; undefined where nobody answered. */
  readonly connectedMs: number | undefined;
}

/** The cap that a call would exceed. */
export type CapReached =
  | { readonly kind: 'calls'; readonly counter: CallCounter }
  | { readonly kind: 'spend'; readonly dayLimitMicros: number };

/** The counts of one batch, locked until its transaction ends. */
export interface LockedCounts {
  /** The first cap that is in the way of the call. */
  capInTheWayOf(call: CallToCount): CapReached | undefined;
  /** Counts the call. */
  add(call: CallToCount): void;
  /** Writes what was added. */
  write(transaction: Transaction<Schema>): Promise<void>;
}

const nothingToCount: LockedCounts = {
  capInTheWayOf: () => undefined,
  add: () => undefined,
  write: async () => undefined,
};

/**
 * Locks the counts of a batch, always in the same order. Where no cap applies to any of its calls, nothing is asked of
 * the database.
 */
export async function lockCounts(
  transaction: Transaction<Schema>,
  calls: readonly CallToCount[],
): Promise<LockedCounts> {
  const limited = calls.filter((call) => call.limits);
  if (limited.length === 0) return nothingToCount;
  const counts = await lockCounters(transaction, limited);
  const spends = await lockSpends(transaction, limited);
  const reservations: { readonly call: CallToCount; readonly charge: CallCharge }[] = [];
  return {
    capInTheWayOf({ instanceId, limits }) {
      for (const counter of limits?.counters ?? []) {
        const row = counts.get(counterKey(instanceId, counter));
        if (row && row.count >= counter.limit) return { kind: 'calls', counter };
      }
      const charge = limits?.charge;
      const spend = charge && spends.get(spendKey(instanceId, charge));
      if (charge && spend && spend.usedMicros + charge.reservedMicros > charge.dayLimitMicros) {
        return { kind: 'spend', dayLimitMicros: charge.dayLimitMicros };
      }
      return undefined;
    },
    add(call) {
      for (const counter of call.limits?.counters ?? []) {
        const row = counts.get(counterKey(call.instanceId, counter));
        if (row) row.count += 1;
      }
      const charge = call.limits?.charge;
      if (!charge) return;
      const spend = spends.get(spendKey(call.instanceId, charge));
      if (spend) {
        spend.usedMicros += charge.reservedMicros;
        spend.addedMicros += charge.reservedMicros;
      }
      reservations.push({ call, charge });
    },
    async write(writing) {
      await writeCounters(writing, [...counts.values()]);
      await writeSpends(writing, [...spends.values()]);
      await insertReservations(writing, reservations);
    },
  };
}

/** Counts one call that is no contact of its own, such as a third party's; the cap in its way instead, if there is one. */
export function countCall(database: RingbackDatabase, call: CallToCount): Promise<CapReached | undefined> {
  return database.withTransaction(async (transaction) => {
    const counts = await lockCounts(transaction, [call]);
    const cap = counts.capInTheWayOf(call);
    if (cap) return cap;
    counts.add(call);
    await counts.write(transaction);
    return undefined;
  });
}

/**
 * Charges what a leg cost that `countCall` counted, and gives back what was set aside for it. What is not settled when its contact ends,
 * because the service died, is charged then as if it had lasted as long as the contact.
 */
export async function settleLeg(
  database: RingbackDatabase,
  { instanceId, contactId, leg, connectedMs }: LegToSettle,
): Promise<void> {
  await database.query(settleLegRow, [instanceId, contactId, leg, connectedMs ?? null]);
}

interface CounterRow {
  readonly instanceId: InstanceId;
  readonly counter: CallCounter;
  readonly countBefore: number;
  count: number;
}

interface SpendRow {
  readonly instanceId: InstanceId;
  readonly dayStartsAtMs: number;
  usedMicros: number;
  addedMicros: number;
}

async function lockCounters(
  transaction: Transaction<Schema>,
  calls: readonly CallToCount[],
): Promise<Map<string, CounterRow>> {
  const wanted = new Map<string, { readonly instanceId: InstanceId; readonly counter: CallCounter }>();
  for (const { instanceId, limits } of calls) {
    for (const counter of limits?.counters ?? [])
      wanted.set(counterKey(instanceId, counter), { instanceId, counter });
  }
  if (wanted.size === 0) return new Map();
  const keys = [...wanted.keys()].sort();
  const sorted = keys.map((key) => wanted.get(key)).filter((entry) => entry !== undefined);
  const { rows } = await transaction.query<{ place: number; count: number }>(lockCounterRows, [
    sorted.map(({ instanceId }) => instanceId),
    ...counterColumns(sorted),
  ]);
  // RETURNING keeps the order in which the rows were given.
  return new Map(
    sorted.map(({ instanceId, counter }, index) => {
      const count = rows[index]?.count ?? 0;
      return [keys[index] ?? '', { instanceId, counter, countBefore: count, count }];
    }),
  );
}

async function lockSpends(
  transaction: Transaction<Schema>,
  calls: readonly CallToCount[],
): Promise<Map<string, SpendRow>> {
  const wanted = new Map<string, { readonly instanceId: InstanceId; readonly dayStartsAtMs: number }>();
  for (const { instanceId, limits } of calls) {
    if (!limits?.charge) continue;
    const { dayStartsAtMs } = limits.charge;
    wanted.set(spendKey(instanceId, limits.charge), { instanceId, dayStartsAtMs });
  }
  if (wanted.size === 0) return new Map();
  const keys = [...wanted.keys()].sort();
  const sorted = keys.map((key) => wanted.get(key)).filter((entry) => entry !== undefined);
  const { rows } = await transaction.query<{ used: number }>(lockSpendRows, [
    sorted.map(({ instanceId }) => instanceId),
    sorted.map(({ dayStartsAtMs }) => new Date(dayStartsAtMs)),
  ]);
  return new Map(
    sorted.map(({ instanceId, dayStartsAtMs }, index) => [
      keys[index] ?? '',
      { instanceId, dayStartsAtMs, usedMicros: rows[index]?.used ?? 0, addedMicros: 0 },
    ]),
  );
}

async function writeCounters(
  transaction: Transaction<Schema>,
  counters: readonly CounterRow[],
): Promise<void> {
  const changed = counters.filter(({ count, countBefore }) => count > countBefore);
  if (changed.length === 0) return;
  await transaction.query(updateCounterRows, [
    changed.map(({ instanceId }) => instanceId),
    ...counterColumns(changed),
    changed.map(({ count }) => count),
  ]);
}

async function writeSpends(transaction: Transaction<Schema>, spends: readonly SpendRow[]): Promise<void> {
  const changed = spends.filter(({ addedMicros }) => addedMicros > 0);
  if (changed.length === 0) return;
  await transaction.query(updateSpendRows, [
    changed.map(({ instanceId }) => instanceId),
    changed.map(({ dayStartsAtMs }) => new Date(dayStartsAtMs)),
    changed.map(({ addedMicros }) => addedMicros),
  ]);
}

async function insertReservations(
  transaction: Transaction<Schema>,
  reservations: readonly { readonly call: CallToCount; readonly charge: CallCharge }[],
): Promise<void> {
  if (reservations.length === 0) return;
  await transaction.query(insertReservationRows, [
    reservations.map(({ call }) => call.instanceId),
    reservations.map(({ call }) => call.contactId),
    reservations.map(({ call }) => call.leg ?? ownLeg),
    reservations.map(({ charge }) => new Date(charge.dayStartsAtMs)),
    reservations.map(({ charge }) => charge.perMinuteMicros),
    reservations.map(({ charge }) => charge.reservedMicros),
  ]);
}

/** What stands for the contact's own leg. */
const ownLeg = '00000000-0000-0000-0000-000000000000';

const counterKey = (instanceId: InstanceId, { scope, subject, window, startsAtMs }: CallCounter): string =>
  `${instanceId} ${scope} ${subject} ${window} ${startsAtMs}`;

const spendKey = (instanceId: InstanceId, { dayStartsAtMs }: CallCharge): string =>
  `${instanceId} ${dayStartsAtMs}`;

const counterColumns = (rows: readonly { readonly counter: CallCounter }[]): readonly unknown[][] => [
  rows.map(({ counter }) => counter.scope),
  rows.map(({ counter }) => counter.subject),
  rows.map(({ counter }) => counter.window),
  rows.map(({ counter }) => new Date(counter.startsAtMs)),
];

// The update that changes nothing is there for the lock: two batches must not both see the last free place.
const lockCounterRows = {
  name: 'count-lock-counters',
  text: `INSERT INTO call_counter AS c (instance_id, scope, subject, period, starts_at, count)
         SELECT i.instance_id, i.scope, i.subject, i.period, i.starts_at, 0
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) WITH ORDINALITY
             AS i(instance_id, scope, subject, period, starts_at, place)
          ORDER BY i.place
         ON CONFLICT (instance_id, scope, subject, period, starts_at) DO UPDATE SET count = c.count
         RETURNING c.count`,
};

const lockSpendRows = {
  name: 'count-lock-spends',
  text: `INSERT INTO call_spend AS s (instance_id, day, reserved_micros, charged_micros)
         SELECT i.instance_id, i.day, 0, 0
           FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS i(instance_id, day, place)
          ORDER BY i.place
         ON CONFLICT (instance_id, day) DO UPDATE SET reserved_micros = s.reserved_micros
         RETURNING s.reserved_micros + s.charged_micros AS used`,
};

const updateCounterRows = {
  name: 'count-update-counters',
  text: `UPDATE call_counter c SET count = i.count
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::int[])
             AS i(instance_id, scope, subject, period, starts_at, count)
          WHERE c.instance_id = i.instance_id AND c.scope = i.scope AND c.subject = i.subject
            AND c.period = i.period AND c.starts_at = i.starts_at`,
};

const updateSpendRows = {
  name: 'count-update-spends',
  text: `UPDATE call_spend s SET reserved_micros = s.reserved_micros + i.added
           FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS i(instance_id, day, added)
          WHERE s.instance_id = i.instance_id AND s.day = i.day`,
};

const insertReservationRows = {
  name: 'count-insert-reservations',
  text: `INSERT INTO call_reservation (instance_id, contact_id, leg, day, per_minute_micros, reserved_micros)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::bigint[], $6::bigint[])`,
};

// Each minute that it began, as in advance-contacts.ts.
const settleLegRow = {
  name: 'count-settle-leg',
  text: `WITH released AS (
           DELETE FROM call_reservation WHERE instance_id = $1 AND contact_id = $2 AND leg = $3
           RETURNING instance_id, day, reserved_micros,
                     CASE WHEN $4::float8 IS NULL THEN 0
                          ELSE per_minute_micros * greatest(1, ceil($4::float8 / 60000))::bigint
                     END AS cost_micros
         )
         UPDATE call_spend s
            SET reserved_micros = s.reserved_micros - r.reserved_micros, charged_micros = s.charged_micros + r.cost_micros
           FROM released r
          WHERE s.instance_id = r.instance_id AND s.day = r.day`,
};
