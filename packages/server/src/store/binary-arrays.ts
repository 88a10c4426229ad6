/**
 * Arrays in PostgreSQL's binary form, for the statement that writes a whole batch of contacts. The driver's text form
 * costs this process five times and the database twice as much, because every quote in a JSON text is escaped and
 * unescaped (docs/benchmarks.md).
 *
 * Source: `array_send`, `uuid_send`, `timestamptz_send` of PostgreSQL; the form has not changed since 8.0.
 */

/** Of the catalogue `pg_type`. */
const oids = { bool: 16, int8: 20, int4: 23, text: 25, timestamptz: 1184, uuid: 2950 } as const;

const headBytes = 20;
const nullLength = -1;

/** Times count from here: 2000-01-01T00:00:00Z, ms since the Unix epoch. */
const postgresEpochMs = 946_684_800_000;

/** `text[]`; an absent value is NULL. */
export function textArray(values: readonly (string | undefined)[]): Buffer {
  let bytes = headBytes;
  for (const value of values) bytes += 4 + (value === undefined ? 0 : Buffer.byteLength(value));
  const array = head(bytes, oids.text, values.length);
  let at = headBytes;
  for (const value of values) {
    if (value === undefined) at = writeNull(array, at);
    else {
      const written = array.write(value, at + 4);
      array.writeInt32BE(written, at);
      at += 4 + written;
    }
  }
  return array;
}

/** `uuid[]` of UUIDs in their usual spelling; an absent value is NULL. */
export function uuidArray(values: readonly (string | undefined)[]): Buffer {
  const array = head(headBytes + present(values) * 16 + values.length * 4, oids.uuid, values.length);
  let at = headBytes;
  for (const value of values) {
    if (value === undefined) {
      at = writeNull(array, at);
      continue;
    }
    at = array.writeInt32BE(16, at);
    for (let index = 0; index < uuidLength; index += 2) {
      if (value.charCodeAt(index) === hyphen) index += 1;
      array[at++] = (digitAt(value, index) << 4) | digitAt(value, index + 1);
    }
  }
  return array;
}

const uuidLength = 36;
const hyphen = 0x2d;

/** The value of a hexadecimal digit; its letters have bit 6 set, whatever their case, and count from 9. */
function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return (code & 0xf) + (code >> 6) * 9;
}

/** `integer[]`. */
export function integerArray(values: readonly number[]): Buffer {
  const array = head(headBytes + values.length * 8, oids.int4, values.length);
  let at = headBytes;
  for (const value of values) at = array.writeInt32BE(value, array.writeInt32BE(4, at));
  return array;
}

/** `bigint[]` of whole numbers that JavaScript holds exactly. */
export function bigintArray(values: readonly number[]): Buffer {
  const array = head(headBytes + values.length * 12, oids.int8, values.length);
  let at = headBytes;
  for (const value of values) at = writeInt64(array, value, array.writeInt32BE(8, at));
  return array;
}

/** `boolean[]`. */
export function booleanArray(values: readonly boolean[]): Buffer {
  const array = head(headBytes + values.length * 5, oids.bool, values.length);
  let at = headBytes;
  for (const value of values) at = array.writeUInt8(value ? 1 : 0, array.writeInt32BE(1, at));
  return array;
}

/** `timestamptz[]` of times in whole ms since the Unix epoch; an absent value is NULL. */
export function timeArray(valuesMs: readonly (number | undefined)[]): Buffer {
  const array = head(
    headBytes + present(valuesMs) * 8 + valuesMs.length * 4,
    oids.timestamptz,
    valuesMs.length,
  );
  let at = headBytes;
  for (const valueMs of valuesMs) {
    if (valueMs === undefined) at = writeNull(array, at);
    else at = writeInt64(array, (valueMs - postgresEpochMs) * 1000, array.writeInt32BE(8, at));
  }
  return array;
}

function writeInt64(array: Buffer, value: number, at: number): number {
  return array.writeUInt32BE(value >>> 0, array.writeInt32BE(Math.floor(value / 2 ** 32), at));
}

/** An element that is NULL; the head says that there are such. */
function writeNull(array: Buffer, at: number): number {
  array.writeInt32BE(1, 4);
  return array.writeInt32BE(nullLength, at);
}

function present(values: readonly unknown[]): number {
  let count = 0;
  for (const value of values) if (value !== undefined) count += 1;
  return count;
}

/** Number of dimensions, whether there are NULLs, type of the elements, their number, index of the first. */
function head(bytes: number, elementOid: number, count: number): Buffer {
  const array = Buffer.allocUnsafe(bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(elementOid, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
  return array;
}
