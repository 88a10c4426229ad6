// Building blocks of the generated shapes: the number types, timestamps and maps of the service model, as TypeBox
// types. A `sensitive` shape is never repeated in an error message.

import Type from 'typebox';

/** A point in time as it stands on the wire: seconds since the Unix epoch, fractions allowed. */
export type EpochSeconds = number & { readonly unit: 'epoch seconds' };

/** Marks a number as seconds since the epoch. Inputs come so marked; tests and clients mark their own. */
export function epochSeconds(seconds: number): EpochSeconds {
  return seconds as EpochSeconds;
}

type Range = { readonly minimum?: number; readonly maximum?: number };

type MapOptions = {
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly sensitive?: boolean;
};

/** A 32-bit integer, optionally narrowed. */
export function int32(range: Range = {}): Type.TInteger {
  return Type.Integer({ minimum: -2_147_483_648, maximum: 2_147_483_647, ...range });
}

/**
 * A 64-bit integer, optionally narrowed.
 *
 * Deviates: stops at ±(2^53 − 1), since a JSON reader in JavaScript cannot keep larger integers exactly.
 */
export function int64(range: Range = {}): Type.TInteger {
  return Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, ...range });
}

export const Int32 = int32();
export const Int64 = int64();
export const Double = Type.Number();

/** Largest distance from the epoch that a JavaScript date can hold, seconds (ECMA-262 §21.4.1.1). */
const MAX_EPOCH_SECONDS = 8_640_000_000_000;

export const Timestamp = Type.Unsafe<EpochSeconds>({
  type: 'number',
  timestamp: true,
  minimum: -MAX_EPOCH_SECONDS,
  maximum: MAX_EPOCH_SECONDS,
});

/** A JSON object with free keys. The key type limits each key, the value type each value. */
export function mapOf<Value extends Type.TSchema>(
  key: Type.TSchema,
  value: Value,
  options: MapOptions = {},
): Type.TUnsafe<Record<string, Type.Static<Value>>> {
  return Type.Unsafe({ type: 'object', propertyNames: key, additionalProperties: value, ...options });
}
