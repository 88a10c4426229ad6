/** When a business is open: weekly hours in a time zone, with overrides for certain dates, asked for a moment or a date. Pure. */
import { daysOf, isEffectiveOn, type RecurrencePattern, weekdayOf } from './recurrence.ts';

/** A time of day on the wall clock. */
export interface TimeOfDay {
  /** 0 to 23. */
  readonly Hours: number;
  /** 0 to 59. */
  readonly Minutes: number;
}

/** One span, in the wire's spelling (`HoursOfOperationConfig`, API reference). */
export interface OpenSpan {
  readonly Day: string;
  readonly StartTime: TimeOfDay;
  readonly EndTime: TimeOfDay;
}

/** A span of an override; without a day it holds on every one. */
export type OverrideSpan = Omit<OpenSpan, 'Day'> & { readonly Day?: string | undefined };

/** Other hours for certain dates (`HoursOfOperationOverride`, API reference). */
export interface HoursOverride {
  readonly name: string;
  /** `STANDARD` replaces the weekly hours, `OPEN` adds to what holds, `CLOSED` takes away from it. */
  readonly type: 'STANDARD' | 'OPEN' | 'CLOSED';
  readonly config: readonly OverrideSpan[];
  /** Dates of the hours' own time zone, `YYYY-MM-DD`, both included. */
  readonly effectiveFrom: string;
  readonly effectiveTill: string;
  /** Undefined: every date. */
  readonly recurrence?: RecurrencePattern | undefined;
}

export interface HoursOfOperation {
  /** IANA name such as `Europe/Berlin`. */
  readonly timeZone: string;
  readonly config: readonly OpenSpan[];
  readonly overrides?: readonly HoursOverride[];
}

/** Minutes of a day: from the first until just before the second, at most 1440. */
export type MinuteSpan = readonly [start: number, end: number];

export const minutesOfDay = 1440;

/**
 * Whether it is open at a moment, ms since the epoch.
 *
 * A span holds from its start until just before its end. An end at or before the start lies on the next day, so
 * 22:00–06:00 is a night and 00:00–00:00 a whole day. An end of 23:59 means midnight: clients write it for "all day",
 * since 24:00 cannot be written. Around a change of the clocks, what the wall clock shows counts.
 *
 * @throws {RangeError} the time zone is unknown.
 */
export function isOpenAt(hours: HoursOfOperation, atMs: number): boolean {
  const { day, minute } = wallClock(hours.timeZone, atMs);
  return openSpansOn(hours, day).some(([start, end]) => minute >= start && minute < end);
}

/**
 * When it is open on a date, in order and without overlaps.
 *
 * What closes stands above what opens, that above temporary hours, and those above the week (Administrator Guide, dates
 * with competing overrides). Temporary hours hold for each of their dates, also for one that they give no hours.
 *
 * @param day days since 1970-01-01.
 */
export function openSpansOn(hours: HoursOfOperation, day: number): readonly MinuteSpan[] {
  const overrides = hours.overrides ?? [];
  const replaced = spansOn(day, (date) => {
    const temporary = overrides.filter(
      (override) => override.type === 'STANDARD' && isWithinDates(override, date),
    );
    return temporary.length > 0
      ? temporary.flatMap((override) => spansOfOverride(override, date))
      : hours.config.filter((span) => span.Day === weekdayOf(date));
  });
  const opened = spansOn(day, (date) => spansOfType(overrides, 'OPEN', date));
  const closed = spansOn(day, (date) => spansOfType(overrides, 'CLOSED', date));
  return without(united([...replaced, ...opened]), united(closed));
}

/** What an override says for a date, cut at midnight. */
export function overrideSpansOn(override: HoursOverride, day: number): readonly MinuteSpan[] {
  return united(spansOn(day, (date) => spansOfOverride(override, date)));
}

/** Days since 1970-01-01 of a date `YYYY-MM-DD`; undefined when there is no such date. */
export function dayOfDate(date: string): number | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date) ?? [];
  if (year === undefined) return undefined;
  const days = daysOf(Number(year), Number(month), Number(day));
  return dateOfDay(days) === date ? days : undefined;
}

/** The date `YYYY-MM-DD` of days since 1970-01-01. */
export function dateOfDay(day: number): string {
  return new Date(day * msOfDay).toISOString().slice(0, 10);
}

const msOfDay = 86_400_000;

function isWithinDates({ effectiveFrom, effectiveTill }: HoursOverride, day: number): boolean {
  const date = dateOfDay(day);
  return date >= effectiveFrom && date <= effectiveTill;
}

function spansOfType(
  overrides: readonly HoursOverride[],
  type: HoursOverride['type'],
  day: number,
): readonly OverrideSpan[] {
  return overrides
    .filter((override) => override.type === type)
    .flatMap((override) => spansOfOverride(override, day));
}

function spansOfOverride(override: HoursOverride, day: number): readonly OverrideSpan[] {
  if (!isWithinDates(override, day)) return [];
  const first = dayOfDate(override.effectiveFrom) ?? day;
  return override.config.filter(
    (span) =>
      (span.Day === undefined || span.Day === weekdayOf(day)) &&
      (override.recurrence === undefined || isEffectiveOn(override.recurrence, first, day)),
  );
}

/** The spans that begin on a date, and what those of the day before reach into it. */
function spansOn(day: number, beginningOn: (day: number) => readonly OverrideSpan[]): MinuteSpan[] {
  const today = beginningOn(day).map((span): MinuteSpan => {
    const [start, end] = minutesOf(span);
    return [start, Math.min(end, minutesOfDay)];
  });
  const yesterday = beginningOn(day - 1)
    .map(minutesOf)
    .filter(([, end]) => end > minutesOfDay)
    .map(([, end]): MinuteSpan => [0, end - minutesOfDay]);
  return [...yesterday, ...today];
}

/** Minutes from the beginning of the day on which the span begins; the end may lie on the next day. */
function minutesOf({ StartTime, EndTime }: OverrideSpan): MinuteSpan {
  const start = minuteOf(StartTime);
  const written = minuteOf(EndTime);
  const end = written === minutesOfDay - 1 ? minutesOfDay : written;
  return [start, end <= start ? end + minutesOfDay : end];
}

function united(spans: readonly MinuteSpan[]): MinuteSpan[] {
  const merged: [number, number][] = [];
  for (const [start, end] of spans.toSorted(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else if (end > start) merged.push([start, end]);
  }
  return merged;
}

/** Both in order and without overlaps. */
function without(spans: readonly MinuteSpan[], taken: readonly MinuteSpan[]): MinuteSpan[] {
  let left = [...spans];
  for (const [from, till] of taken) {
    left = left.flatMap(([start, end]): MinuteSpan[] => {
      if (till <= start || from >= end) return [[start, end]];
      return [
        ...(start < from ? [[start, from] as const] : []),
        ...(till < end ? [[till, end] as const] : []),
      ];
    });
  }
  return left;
}

/** Days since 1970-01-01 and minute of the day, as the wall clock shows them. */
function wallClock(timeZone: string, atMs: number): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const of = (part: Intl.DateTimeFormatPartTypes): number => parts.get(part) ?? 0;
  return {
    day: daysOf(of('year'), of('month'), of('day')),
    minute: 60 * of('hour') + of('minute'),
  };
}

const minuteOf = ({ Hours, Minutes }: TimeOfDay): number => 60 * Hours + Minutes;
