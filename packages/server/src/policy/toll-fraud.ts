/** Caps against toll fraud: how many calls may be accepted in a minute and a day, and what a day may cost. Says what to count; the accepting transaction counts. */
import type { PhoneNumber } from '../ids.ts';

/** Absent means without limit. */
export interface CallRateCap {
  readonly perMinute?: number;
  readonly perDay?: number;
}

export interface SpendCap {
  /** Most that the calls accepted in one day may cost, in the currency of the prices. */
  readonly perDay: number;
  /** Prefix → price of a minute. The longest prefix of a number counts. */
  readonly pricesPerMinute: Readonly<Record<string, number>>;
  /** Minutes set aside for a call when it is accepted, until its end says what it took. */
  readonly reservedMinutes: number;
}

/** The caps of one instance. */
export interface CallCaps {
  readonly perInstance: CallRateCap;
  /** Of each destination country. */
  readonly perCountry: CallRateCap;
  /** Of these countries instead, by ISO 3166-1 alpha-2 code. */
  readonly countries: Readonly<Record<string, CallRateCap>>;
  /** Of each destination number. */
  readonly perNumber: CallRateCap;
  readonly spend: SpendCap | undefined;
}

export const noCaps: CallCaps = {
  perInstance: {},
  perCountry: {},
  countries: {},
  perNumber: {},
  spend: undefined,
};

/** With a trunk calls cost money, and a leaked key should not cost much before somebody looks. */
export const defaultTrunkCaps: CallCaps = {
  ...noCaps,
  perInstance: { perMinute: 60, perDay: 1000 },
  perNumber: { perDay: 10 },
};

/** One count that a call adds to, and how far it may go. */
export interface CallCounter {
  readonly scope: 'instance' | 'country' | 'number';
  /** The country or number; empty for the instance. */
  readonly subject: string;
  readonly window: 'minute' | 'day';
  /** Windows are the minutes and days of UTC. */
  readonly startsAtMs: number;
  readonly limit: number;
}

/** What accepting a call sets aside of the day's money. Amounts are millionths, so that sums stay exact. */
export interface CallCharge {
  readonly dayStartsAtMs: number;
  readonly perMinuteMicros: number;
  readonly reservedMicros: number;
  readonly dayLimitMicros: number;
}

/** What has to be counted before a call is accepted. */
export interface CallLimits {
  readonly counters: readonly CallCounter[];
  readonly charge: CallCharge | undefined;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const micros = 1_000_000;

/** What a call to `number` counts in, at the time of its request. Undefined where no cap applies to it. */
export function callLimitsOf(
  caps: CallCaps,
  { country, number }: { readonly country: string; readonly number: PhoneNumber },
  nowMs: number,
): CallLimits | undefined {
  const counters = [
    ...countersOf('instance', '', caps.perInstance, nowMs),
    ...countersOf('country', country, caps.countries[country] ?? caps.perCountry, nowMs),
    ...countersOf('number', number, caps.perNumber, nowMs),
  ];
  const charge = caps.spend && chargeOf(caps.spend, number, nowMs);
  return counters.length > 0 || charge ? { counters, charge } : undefined;
}

/** Whether a number has a price wherever one is needed. Without one nobody can say what a call would cost. */
export function isPriced(caps: CallCaps, number: PhoneNumber): boolean {
  return !caps.spend || priceOf(caps.spend, number) !== undefined;
}

function countersOf(
  scope: CallCounter['scope'],
  subject: string,
  cap: CallRateCap,
  nowMs: number,
): CallCounter[] {
  const counters: CallCounter[] = [];
  for (const [window, limit, lengthMs] of [
    ['minute', cap.perMinute, minuteMs],
    ['day', cap.perDay, dayMs],
  ] as const) {
    if (limit !== undefined) {
      counters.push({ scope, subject, window, startsAtMs: startOf(nowMs, lengthMs), limit });
    }
  }
  return counters;
}

function chargeOf(spend: SpendCap, number: PhoneNumber, nowMs: number): CallCharge | undefined {
  const price = priceOf(spend, number);
  if (price === undefined) return undefined;
  const perMinuteMicros = Math.round(price * micros);
  return {
    dayStartsAtMs: startOf(nowMs, dayMs),
    perMinuteMicros,
    reservedMicros: perMinuteMicros * spend.reservedMinutes,
    dayLimitMicros: Math.round(spend.perDay * micros),
  };
}

function priceOf({ pricesPerMinute }: SpendCap, number: PhoneNumber): number | undefined {
  for (let length = number.length; length > 0; length -= 1) {
    const prefix = number.slice(0, length);
    if (Object.hasOwn(pricesPerMinute, prefix)) return pricesPerMinute[prefix];
  }
  return undefined;
}

const startOf = (nowMs: number, lengthMs: number): number => nowMs - (nowMs % lengthMs);
